"""An incident from end to end, all of it real: load, breaker, rules, inhibition, messages, dashboard, resolution."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.drill.compressed import compressed_expression
from tests.support.dashboards import queries
from tests.support.processes import Service, against, service, start_loadgen, wait_until
from tests.support.webhook import Webhook, webhook
from tests.support.whole_stack import FACTOR, WholeStack, whole_stack

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(300),
]

CRITICAL, WARNING = "HttpErrorRatePage", "HttpSuccessRateLow"
SYNTHETIC_CRITICAL, SYNTHETIC_WARNING = "RelayErrorRateCrit", "RelayErrorRateWarn"
RESOLVED = ("page", "resolved")
QUIET_PANELS = {"Firing alerts"}


@dataclass
class Incident:
    """What was seen, from the healthy service to the resolution."""

    codes: list[int] = field(default_factory=list)
    runs: list[Path] = field(default_factory=list)
    fired: set[str] = field(default_factory=set)
    inhibited: dict[str, bool] = field(default_factory=dict)
    empty_panels: list[str] = field(default_factory=list)
    own_alerts: list[Any] = field(default_factory=list)
    delivered: list[tuple[str, Any]] = field(default_factory=list)

    def watch(self, stack: WholeStack) -> None:
        """Note what fires and what is inhibited now; what was inhibited once stays noted."""
        self.fired |= stack.firing()
        for name, muted in stack.inhibited().items():
            self.inhibited[name] = self.inhibited.get(name, False) or muted

    def told(self, name: str) -> list[tuple[str, str]]:
        """Return (receiver, status) of every notification of an alert, in order."""
        return [
            (path.rsplit("/", 1)[1], alert["status"])
            for path, body in self.delivered
            for alert in body["alerts"]
            if alert["labels"]["alertname"] == name
        ]


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Incident]:
    """Take two baselines of a service that falls ill in each, beside a synthetic scenario; then heal it."""
    place, seen = tmp_path_factory.mktemp("stack"), Incident()
    with (
        webhook() as own,
        webhook() as hook,
        service("loadgen.demo", env={"CACHE_IMPL": "redis"}) as demo,
        whole_stack(place, f"{demo.url}/metrics/prom", hook.url) as stack,
    ):
        started = [_start_synthetic(stack, place)]
        try:
            for _ in range(2):
                started.append(_start_baseline(demo, own, place))
                wait_until(lambda: _sampled(place) == len(started) - 1, timeout_s=60, what="samples of the baseline")
                seen.empty_panels += _empty_for_long(stack)
                demo.fault(error_share=0.05)  # of a healthy run: so both are ended by the same input
                _follow(seen, stack, started[-1])
                demo.fault(error_share=0.0)
            for process in started:
                said, _ = process.communicate(timeout=60)
                seen.codes.append(process.returncode)
                assert process.returncode in (0, 4), said
            wait_until(lambda: not _standing(stack), timeout_s=60, what="the end of every alert of the incident")
            wait_until(lambda: _told(hook, CRITICAL)[-1:] == [RESOLVED], timeout_s=30, what="the resolution")
        finally:
            for process in started:
                if process.poll() is None:
                    process.kill()
                    process.communicate(timeout=20)
        seen.runs = sorted(path for path in (place / "results").glob("phase5-*") if path.is_dir())
        seen.own_alerts = own.bodies
        seen.delivered = list(zip(hook.paths, hook.bodies, strict=True))
        yield seen


def _start_synthetic(stack: WholeStack, place: Path) -> subprocess.Popen[str]:
    return start_loadgen(
        "drill", "synth", "error-rate-crit", "--sink", "pushgateway", "--pushgateway-url", stack.pushgateway,
        "--duration", "1h", "--compress", str(FACTOR), cwd=place,
    )  # fmt: skip


def _start_baseline(demo: Service, own: Webhook, place: Path) -> subprocess.Popen[str]:
    asked = ("--samples", "8", "--interval", "6s", "--warmup", "2s", "--rate", "80", "--exercise", "--quiet")
    env = {"ENABLE_ALERTS": "true", "ALERT_WEBHOOK_URL": own.url, "CACHE_IMPL": "redis"}
    return start_loadgen(*against(demo, *asked), cwd=place, env=env)


def _sampled(place: Path) -> int:
    """Return how many runs have written two samples: then every figure of the service has moved."""
    return sum(len(path.read_text().splitlines()) > 2 for path in place.glob("results/phase5-*/metrics.csv"))


def _empty_for_long(stack: WholeStack) -> list[str]:
    """Return the panels that stay without data: each window is a few seconds, in which not everything happens."""
    empty = set(_empty_panels(stack))
    for _ in range(20):
        empty &= set(_empty_panels(stack))
        if not empty:
            break
        time.sleep(0.5)
    return sorted(empty)


def _empty_panels(stack: WholeStack) -> list[str]:
    asked = [query for query in queries(window="5m") if query.panel not in QUIET_PANELS]
    return [query.panel for query in asked if not stack.asked(compressed_expression(query.expr, FACTOR))]


def _follow(seen: Incident, stack: WholeStack, run: subprocess.Popen[str]) -> None:
    """Watch until the run has ended, and at least until the alerts of the incident stand."""

    def enough() -> bool:
        seen.watch(stack)
        return run.poll() is not None and {CRITICAL, WARNING} <= seen.fired

    wait_until(enough, timeout_s=90, what="the alerts of the incident and the end of the run")


def _standing(stack: WholeStack) -> set[str]:
    return stack.firing() & {CRITICAL, WARNING, SYNTHETIC_CRITICAL, SYNTHETIC_WARNING}


def _told(hook: Webhook, name: str) -> list[tuple[str, str]]:
    return Incident(delivered=list(zip(hook.paths, hook.bodies, strict=False))).told(name)


def test_every_panel_of_the_dashboard_has_data(incident: Incident) -> None:
    assert incident.empty_panels == []


def test_the_breaker_stops_the_run_and_the_next_one_too(incident: Incident) -> None:
    assert incident.codes == [0, 4, 4]
    trips = [json.loads((run / "breaker.json").read_text()) for run in incident.runs]
    assert [trip["threshold"] for trip in trips] == [0.02, 0.02]


def test_the_rules_fire_for_the_service_and_for_the_synthetic_scenario(incident: Incident) -> None:
    assert {CRITICAL, WARNING, SYNTHETIC_CRITICAL} <= incident.fired


def test_the_warning_is_inhibited_under_the_critical_alert(incident: Incident) -> None:
    assert incident.inhibited[WARNING]
    assert not incident.inhibited[CRITICAL]


def test_the_same_trouble_of_two_runs_is_one_message(incident: Incident) -> None:
    assert len(incident.runs) == 2
    assert len(incident.own_alerts) == 1
    assert "circuit breaker" in json.dumps(incident.own_alerts[0]).lower()


def test_the_critical_alert_is_paged_and_its_resolution_arrives(incident: Incident) -> None:
    told = incident.told(CRITICAL)
    assert {receiver for receiver, _ in told} == {"page"}
    assert told[0][1] == "firing"
    assert told[-1] == RESOLVED
