"""After an incident simulation its mark is on the dashboard, though the alert fires no more.

The rules of the repository in compressed time, a real Prometheus, the demo service and the drill itself.
"""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from reports.analysis.dashboard.checklist import SIMULATIONS
from tests.support.dashboards import queries
from tests.support.debian import program
from tests.support.processes import loadgen, service, wait_until
from tests.support.prometheus import prometheus
from tests.support.rule_terms import OPS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
COMPRESS = 60
"""Minutes become seconds."""


def ask(url: str, path: str, **parameters: object) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=10) as response:
        found: list[dict[str, Any]] = json.load(response)["data"]["result"]
    return found


def names(found: list[dict[str, Any]]) -> set[str]:
    return {item["metric"]["alertname"] for item in found}


def course(url: str, query: str, span: dict[str, float]) -> list[float]:
    found = ask(url, "query_range", query=query, **span)
    return [float(value) for item in found for _, value in item["values"]]


def test_the_mark_of_a_simulation_stays_and_the_table_is_empty_again(tmp_path: Path) -> None:
    program("prometheus")
    simulation = next(item for item in SIMULATIONS if item.drill.startswith("http-errors"))
    (alert,) = simulation.alerts
    rules = [str(OPS / "prometheus" / name) for name in ("recording-rules.yml", "alerts.yml")]
    made = loadgen(
        "drill", "rules", *rules, "--compress", str(COMPRESS), "--out", str(tmp_path / "rules"), cwd=tmp_path
    )
    assert made.returncode == 0, made.stderr
    quick = [str(path) for path in sorted((tmp_path / "rules").iterdir())]
    expr = {(asked.panel, asked.reference): asked.expr for asked in queries(window="5s")}
    firing, server_errors, success = (
        expr[key] for key in (("Firing alerts", "A"), ("Error rate", "B"), ("HTTP success", "A"))
    )
    with (
        service("loadgen.demo") as demo,
        prometheus(tmp_path, demo.url.removeprefix("http://"), "/metrics/prom", rules=quick) as url,
    ):
        wait_until(lambda: ask(url, "query", query="up == 1"), timeout_s=30, what="the service is scraped")
        began = time.time()  # noqa: TID251 - Prometheus has no other clock
        drilled = loadgen(
            "drill", *simulation.drill.split(), "--for", "5s", "--rate", "100", "--before", "6s", "--prom-url", url,
            "--base-url", demo.url, "--alert-within", "40s", "--json", cwd=tmp_path,
        )  # fmt: skip
        assert drilled.returncode == 0, drilled.stdout + drilled.stderr
        ended = time.time()  # noqa: TID251
        span = {"start": began, "end": ended, "step": 1}
        marks = ask(url, "query_range", query=firing, **span)
        assert alert in names(marks)
        assert alert not in names(ask(url, "query", query=firing))
        assert max(course(url, server_errors, span)) > 0.05
        assert min(course(url, success, span)) < 0.98 < max(course(url, success, span))
