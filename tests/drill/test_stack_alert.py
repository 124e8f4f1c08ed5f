"""The alert of an incident fires and stops in a real Prometheus, whose rules have seconds for minutes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import loadgen, service
from tests.support.prometheus import prometheus

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.support.processes import Service

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

RULES = """
groups:
  - name: drill
    interval: 1s
    rules:
      - alert: HttpSuccessRateLow
        expr: >
          sum(rate(http_requests_total{status=~"2..|3.."}[5s])) / sum(rate(http_requests_total[5s])) < 0.98
        for: 1s
      - alert: Quiet
        expr: vector(0) > 1
"""


def scraping(directory: Path, demo: Service, rules: Path) -> AbstractContextManager[str]:
    return prometheus(directory, demo.url.removeprefix("http://"), "/metrics/prom", rules=[str(rules)])


def test_the_alert_fires_and_stops(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES)
    with service("loadgen.demo") as demo, scraping(tmp_path, demo, rules) as url:
        common = ("--before", "1s", "--base-url", demo.url, "--prom-url", url, "--alert-within", "40s", "--json")
        done = loadgen("drill", "http-errors", "20", "100", *common, cwd=tmp_path)
        unknown = loadgen("drill", "restart", *common, "--alert", "Nobody", cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    found: Any = json.loads(done.stdout)["figures"][-1]
    assert found["figure"] == "alert HttpSuccessRateLow"
    assert (found["before"], found["during"], found["passed"]) == ("not firing", "firing", True)
    assert found["after"] in ("inactive", "pending")
    assert unknown.returncode == 2
    assert "--alert = 'Nobody': Prometheus has no such alert; it has HttpSuccessRateLow, Quiet" in unknown.stderr
