"""The rules in a real Prometheus over the demo service, and a warning that Alertmanager mutes under its critical."""

from __future__ import annotations

import json
import os
import re
import signal
import urllib.error
import urllib.request
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from tests.support.daemons import ask
from tests.support.processes import Service, loadgen, service, wait_until
from tests.support.rule_stack import alertmanager, prometheus
from tests.support.webhook import Webhook, webhook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
SYNTHETIC = {f"job:gmail_send_{name}:5m" for name in ("exec_rate", "errors_rate", "latency_p95")}
NOT_YET = {*SYNTHETIC, "metasheet:redis_fail_rate:5m"}
"""What nobody plays here, and what no failure has been counted for."""
OLDER = {
    f'metasheet:redis_last_failure_age:bucket{{bucket="{bucket}"}}'
    for bucket in ("300s_to_1800s", "1800s_to_3600s", "over_3600s")
}


class Stack:
    """Everything that runs, and what the webhook received."""

    def __init__(self, demo: Service, prometheus_url: str, alertmanager_url: str, received: Webhook) -> None:
        self.demo = demo
        self.prometheus = prometheus_url
        self.alertmanager = alertmanager_url
        self.received = received

    def firing(self) -> set[str]:
        alerts = ask(f"{self.prometheus}/api/v1/alerts")["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def states(self) -> dict[str, tuple[str, bool]]:
        """Return of each alert at Alertmanager its state, and whether another inhibits it."""
        return {
            alert["labels"]["alertname"]: (alert["status"]["state"], bool(alert["status"]["inhibitedBy"]))
            for alert in ask(f"{self.alertmanager}/api/v2/alerts")
        }

    def sent(self, path: str) -> set[str]:
        """Return the names in what the webhook received at a path: alerts, or the title of a Slack message."""
        found = set()
        for place, body in zip(self.received.paths, self.received.bodies, strict=True):
            if place == path:
                found |= {alert["labels"]["alertname"] for alert in body.get("alerts", ())}
                found |= {word for item in body.get("attachments", ()) for word in item["title"].split()}
        return found


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with ExitStack() as on:
        received = on.enter_context(webhook())
        demo = on.enter_context(service("loadgen.demo", env={"CACHE_IMPL": "redis"}))
        manager = on.enter_context(alertmanager(tmp_path_factory.mktemp("alertmanager"), received.url))
        targets = [demo.url.removeprefix("http://")]
        place = tmp_path_factory.mktemp("prometheus")
        yield Stack(demo, on.enter_context(prometheus(place, targets, manager)), manager, received)


def send(demo: Service, *paths: str, times: int = 1, method: str = "GET") -> None:
    for _ in range(times):
        for path in paths:
            request = urllib.request.Request(demo.url + path, method=method)
            try:
                with urllib.request.urlopen(request, timeout=10):
                    pass
            except urllib.error.HTTPError as error:
                error.close()


def be_used(demo: Service) -> None:
    """Have a little of everything happen to the service."""
    send(demo, "/api/v2/hello", "/api/plugins", *(f"/api/data/item-{number}" for number in range(5)), times=5)
    send(demo, "/api/admin/plugins/example-plugin/reload-unsafe", "/api/snapshots", method="POST")


def lacking(stack: Stack, cwd: Path) -> set[str]:
    """Return the recording rules that the check finds without data; without promtool, which other tests run."""
    told = loadgen(
        "report", "rules", "check", "--out", "rules", "--prom-url", stack.prometheus, cwd=cwd, env={"PATH": str(cwd)}
    )
    assert told.returncode in {0, 3}, told.stdout + told.stderr
    assert "recording rules return data" in told.stdout
    return set(re.findall(r"(?m)^NA +(\S+) returns no data", told.stdout))


def test_every_recording_rule_returns_data_once_its_kind_of_thing_has_happened(stack: Stack, tmp_path: Path) -> None:
    assert loadgen("report", "rules", "--out", "rules", cwd=tmp_path).returncode == 0

    def only_failures_are_lacking() -> bool:
        be_used(stack.demo)
        return all("redis_last_failure" in name or name in NOT_YET for name in lacking(stack, tmp_path))

    wait_until(only_failures_are_lacking, timeout_s=60, what=f"data of the rules but for {lacking(stack, tmp_path)}")
    assert stack.firing() == set(), "a healthy service is silent, though no alert is held back here"
    redis = stack.demo.get("/internal/cache")["server_pid"]
    os.kill(redis, signal.SIGSTOP)
    try:
        wait_until(lambda: _fails(stack), timeout_s=60, what="the alert on failures of Redis")
        wait_until(
            lambda: _fails(stack) and lacking(stack, tmp_path) == {*SYNTHETIC, *OLDER},
            timeout_s=60,
            what="data of every recording rule but those of older failures",
        )
    finally:
        os.kill(redis, signal.SIGCONT)


def _fails(stack: Stack) -> bool:
    be_used(stack.demo)
    return "RedisFailuresRecent" in stack.firing()


def test_a_warning_is_muted_under_its_critical_and_only_the_critical_is_sent(stack: Stack, tmp_path: Path) -> None:
    stack.demo.fault(error_share=1.0)

    def failing() -> bool:
        send(stack.demo, "/api/v2/hello", times=60)
        return {"HttpErrorRatePage", "HttpErrorRateTicket", "HttpSuccessRateLow"} <= stack.firing()

    wait_until(failing, timeout_s=60, what="the alerts on errors")
    for alert in ask(f"{stack.prometheus}/api/v1/alerts")["data"]["alerts"]:
        shown = " ".join(alert["annotations"].values())
        assert not re.search(r"no value|expanding template|\{\{", shown), shown
    told = loadgen("alerts", "check", "--prom-url", stack.prometheus, cwd=tmp_path)
    assert told.returncode == 1
    assert re.search(r"(?m)^critical  HttpErrorRatePage  job=api$", told.stdout), told.stdout
    muted = ("suppressed", True)
    wait_until(
        lambda: stack.states().get("HttpErrorRateTicket") == muted == stack.states().get("HttpSuccessRateLow"),
        timeout_s=30,
        what=f"the warnings muted: {stack.states()}",
    )
    assert stack.states()["HttpErrorRatePage"] == ("active", False)
    wait_until(lambda: "HttpErrorRatePage" in stack.sent("/page"), timeout_s=30, what="the page")
    assert not (stack.sent("/page") | stack.sent("/slack")) & {"HttpErrorRateTicket", "HttpSuccessRateLow"}
    stack.demo.fault()


def post(stack: Stack, *alerts: dict[str, str]) -> None:
    """Hand alerts to Alertmanager as Prometheus would."""
    body = json.dumps([{"labels": labels} for labels in alerts]).encode()
    request = urllib.request.Request(f"{stack.alertmanager}/api/v2/alerts", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10):
        pass


def test_what_is_down_mutes_all_of_that_instance_and_a_fast_burn_the_slow_one(stack: Stack) -> None:
    here, there = {"job": "web", "instance": "a:80"}, {"job": "web", "instance": "b:80"}
    burn = {"severity": "critical", "family": "http-errors", "job": "web"}
    post(
        stack,
        {"alertname": "ServiceDown", "severity": "critical", "family": "service", **here},
        {"alertname": "MutedMemory", "severity": "critical", "family": "memory", **here},
        {"alertname": "OtherMemory", "severity": "critical", "family": "memory", **there},
        {"alertname": "ErrorBudgetBurnPageFast", **burn},
        {"alertname": "ErrorBudgetBurnPageSlow", **burn},
        {"alertname": "LatencyBudgetBurnPageSlow", **burn, "family": "http-latency"},
        {"alertname": "ForeignWarning", "severity": "warning", "job": "web"},
    )
    expected = {
        "ServiceDown": False, "MutedMemory": True, "OtherMemory": False, "ErrorBudgetBurnPageFast": False,
        "ErrorBudgetBurnPageSlow": True, "LatencyBudgetBurnPageSlow": False, "ForeignWarning": False,
    }  # fmt: skip

    def muted() -> dict[str, bool]:
        return {name: muted for name, (_, muted) in stack.states().items() if name in expected}

    wait_until(lambda: muted() == expected, timeout_s=20, what="what is muted, and nothing else")
