"""Every query of the dashboard, asked of a real Prometheus that scraped the demo service under load.

One server, one service and one Redis serve all tests of this file: the service is used until every figure moves, then
it is made ill until an alert fires.
"""

from __future__ import annotations

import json
import math
import os
import signal
import time
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.dashboards import Asked, made, queries
from tests.support.processes import Service, service, wait_until
from tests.support.rule_stack import prometheus

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.stack, pytest.mark.timeout(150)]
QUIET = {panel.title for panel in made("metasheet").panels if panel.quiet}
"""Panels that must be empty while all is well: firing alerts."""

MODES = ("http_error", "cache_miss", "cache_miss")
"""Fallbacks of which few degrade, so that no alert has a reason."""

WINDOW = "10s"


class Stack:
    """The demo service and the Prometheus that scrapes it."""

    def __init__(self, demo: Service, url: str) -> None:
        self.demo = demo
        self.url = url

    def ask(self, expr: str) -> list[dict[str, Any]]:
        """Return the newest values of a query."""
        query = urllib.parse.urlencode({"query": expr})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{query}", timeout=10) as response:
            found: list[dict[str, Any]] = json.load(response)["data"]["result"]
        return found

    def values(self, expr: str) -> list[float]:
        """Return the numbers among the newest values."""
        numbers = [float(item["value"][1]) for item in self.ask(expr)]
        return [number for number in numbers if not math.isnan(number)]

    def course(self, expr: str) -> list[Any]:
        """Return the course of a query over the last half minute, as Grafana asks for annotations."""
        now = time.time()  # noqa: TID251 - Prometheus has no other clock
        query = urllib.parse.urlencode({"query": expr, "start": now - 30, "end": now, "step": 1})
        with urllib.request.urlopen(f"{self.url}/api/v1/query_range?{query}", timeout=10) as response:
            found: list[Any] = json.load(response)["data"]["result"]
        return found

    def post(self, path: str, body: object = None) -> Any:
        """Send one request of an administrator; a failure that was asked for is an answer too."""
        request = urllib.request.Request(self.demo.url + path, json.dumps(body or {}).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                return json.loads(error.read() or b"null")

    def exercise(self) -> None:
        """Reload plugins, take and restore snapshots, and take fallbacks, each several times."""
        for mode in MODES:
            self.post("/internal/test/fallback", {"mode": mode})
        for _ in range(3):
            self.post("/api/admin/plugins/example-plugin/reload-unsafe")
            snapshot = self.post("/api/snapshots", {"name": "test"})
            self.post(f"/api/snapshots/{snapshot['id']}/restore")

    def load(self, requests: int) -> None:
        """Send a bounded number of requests, eight at a time."""
        paths = ("/api/v2/hello", "/api/data/item-1", "/api/data/item-2", "/health")

        def one(number: int) -> None:
            try:
                with urllib.request.urlopen(self.demo.url + paths[number % len(paths)], timeout=10) as response:
                    response.read()
            except urllib.error.HTTPError as error:
                error.close()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(one, range(requests)))


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    place = tmp_path_factory.mktemp("stack")
    with service("loadgen.demo", env={"CACHE_IMPL": "redis"}) as demo:
        demo.get("/health")
        with prometheus(place, [demo.url.removeprefix("http://")]) as url:
            found = Stack(demo, url)
            found.exercise()
            found.load(200)
            wait_until(lambda: found.values("up") == [1], timeout_s=30, what="the service is scraped")
            yield found


def _empty(stack: Stack) -> list[Asked]:
    return [asked for asked in queries(window=WINDOW) if asked.panel not in QUIET and not stack.values(asked.expr)]


def test_no_panel_is_empty_when_the_service_is_used(stack: Stack) -> None:
    deadline = time.monotonic() + 60
    while empty := _empty(stack):
        assert time.monotonic() < deadline, [(asked.panel, asked.reference, asked.expr) for asked in empty]
        stack.exercise()
        stack.load(100)
        time.sleep(1)
    for asked in queries(window=WINDOW):
        if asked.panel in QUIET:
            assert stack.ask(asked.expr) == [], asked.panel


def test_no_rule_of_the_repository_fails_on_what_the_service_exposes(stack: Stack) -> None:
    with urllib.request.urlopen(f"{stack.url}/api/v1/rules", timeout=10) as response:
        groups = json.load(response)["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 80
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []


def test_the_scoreboard_judges_every_threshold(stack: Stack) -> None:
    status, value = (asked.expr for asked in queries(window=WINDOW) if asked.panel == "SLO status")
    judged = {item["metric"]["slo"]: item["value"][1] for item in stack.ask(status)}
    figures = {item["metric"]["slo"]: float(item["value"][1]) for item in stack.ask(value)}
    labels = [set(item["metric"]) for item in (*stack.ask(status), *stack.ask(value))]
    assert all(found == {"slo", "objective"} for found in labels), "Grafana joins both queries by exactly these"
    assert len(judged) == 18
    assert set(judged.values()) <= {"0", "1"}, judged
    assert set(figures) == set(judged)
    assert judged["HTTP success rate"] == "1"
    assert figures["HTTP success rate"] == 100
    assert 0 < figures["Plugin reload latency p95"] < 2
    assert 20 < figures["Memory RSS"] < 500
    assert stack.ask('ALERTS{alertname="HttpSuccessRateLow"}') == []


def test_the_last_failure_of_redis_is_never_until_there_is_one(stack: Stack) -> None:
    (age,) = (asked.expr for asked in queries(window=WINDOW) if asked.panel == "Redis last failure")
    assert stack.values(age) == [-1]
    server = int(stack.demo.get("/internal/cache")["server_pid"])
    os.kill(server, signal.SIGSTOP)
    try:
        stack.load(20)
        wait_until(lambda: stack.values(age) != [-1], timeout_s=20, what="the failure is seen")
        assert 0 <= stack.values(age)[0] < 60
    finally:
        os.kill(server, signal.SIGCONT)


def test_a_firing_alert_is_in_the_table_and_marked_on_the_panels(stack: Stack) -> None:
    firing = 'ALERTS{alertstate="firing"}'
    stack.demo.fault(error_share=1.0)
    deadline = time.monotonic() + 40
    while not [item for item in stack.ask(firing) if item["metric"]["alertname"] == "HttpSuccessRateLow"]:
        assert time.monotonic() < deadline, stack.ask("ALERTS")
        stack.load(100)
        time.sleep(0.5)
    (alert,) = [item["metric"] for item in stack.ask(firing) if item["metric"]["alertname"] == "HttpSuccessRateLow"]
    assert (alert["severity"], alert["job"]) == ("warning", "api")
    assert stack.course(firing)
    (status, _) = (asked.expr for asked in queries(window=WINDOW) if asked.panel == "SLO status")
    judged = {item["metric"]["slo"]: item["value"][1] for item in stack.ask(status)}
    assert (judged["HTTP success rate"], judged["Error rate"]) == ("0", "0")
