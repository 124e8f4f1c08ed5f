"""Metrics of what operators look for: refused tokens, the internal limit and snapshot restores."""

from __future__ import annotations

import contextlib
from urllib.error import HTTPError

import orjson
from click.testing import CliRunner

from loadgen.core.units import parse_rate
from loadgen.demo.settings import Settings
from observer.cli import observer
from tests.support.demo import INSTANT, Page, running_demo
from tests.support.processes import service


def listed(url: str, *names: str) -> dict[str, float]:
    """Return the named series as `python -m observer once --series` tells them."""
    asked = [word for name in names for word in ("--series", name)]
    result = CliRunner().invoke(observer, ["once", "--json", "--metrics-url", url, *asked], standalone_mode=False)
    assert result.exception is None, result.exc_info
    return {
        f"{item['name']}{sorted(item['labels'].items())}": item["value"]
        for item in orjson.loads(result.output)["series"]
    }


def test_the_observer_lists_refused_tokens_and_limited_requests_by_their_labels() -> None:
    env = {"DEMO_REQUIRE_JWT": "true", "INTERNAL_RATE_LIMIT": "1/m"}
    with service("loadgen.demo", env=env) as demo:
        for path in ("/api/plugins", "/internal/cache/get?key=a", "/internal/cache/get?key=b"):
            with contextlib.suppress(HTTPError):  # 401, and 429 for the second of the cache
                demo.get(path)
        found = listed(f"{demo.url}/metrics/prom", "jwt_auth_fail_total", "metasheet_rate_limited_total")

    assert found["jwt_auth_fail_total[('reason', 'missing')]"] == 1
    assert found["metasheet_rate_limited_total[('route', '/internal/cache/get')]"] == 1


async def test_restoring_a_snapshot_lands_in_its_histogram() -> None:
    async with running_demo(Settings(faults=INSTANT, internal_limit=parse_rate("600/m"))) as demo:
        _, made = await demo.post("/api/snapshots", json={})
        assert (await demo.post(f"/api/snapshots/{made['id']}/restore", json={}))[0] == 200
        page: Page = await demo.page()

    name = "metasheet_snapshot_operation_duration_seconds"
    assert page.families[name].type == "histogram"
    assert page.value(f"{name}_count", operation="restore") == 1
    assert page.value(f"{name}_bucket", operation="restore", le="+Inf") == 1
    assert page.value(f"{name}_sum", operation="restore") > 0
    assert page.value("metasheet_snapshot_restore_total", result="success") == 1
