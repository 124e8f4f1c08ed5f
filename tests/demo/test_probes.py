"""What Kubernetes asks the demo service: whether it lives, and apart from that whether it is ready."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from tests.support.demo import Demo

MANIFEST = Path(__file__).parents[2] / "ops" / "kubernetes" / "demo.yaml"


async def test_a_lost_dependency_takes_the_pod_out_of_the_service_and_never_restarts_it(demo: Demo) -> None:
    deployment = next(yaml.safe_load_all(MANIFEST.read_text()))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    live, ready = (container[probe] for probe in ("livenessProbe", "readinessProbe"))
    assert (live["initialDelaySeconds"], live["periodSeconds"]) == (10, 10)
    assert (ready["initialDelaySeconds"], ready["periodSeconds"]) == (5, 5)
    paths = [probe["httpGet"]["path"] for probe in (live, ready)]
    assert [(await demo.get(path))[0] for path in paths] == [200, 200]
    await demo.fault(unhealthy=["cache", "upstream", "event_bus", "documents"])
    assert [(await demo.get(path))[0] for path in paths] == [200, 503]
