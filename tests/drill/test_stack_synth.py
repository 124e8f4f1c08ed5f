"""Every synthetic scenario against a real Prometheus and a real Pushgateway: its alerts fire, and resolve after it.

All play at once, each under a job of its own, with the rules of ops/ in compressed time.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from loadgen.core.clock import monotonic_ns
from loadgen.core.synthetic import JOB
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.drill.compressed import compressed_rules
from loadgen.drill.demo_panel import DemoPanel
from loadgen.drill.driver import Driver, Played, Stop, Timing
from loadgen.drill.gateway import Pushgateway
from loadgen.drill.scenario import SCENARIOS, Scenario, scenario_named
from tests.support.alert_stack import api, firing, missing, prometheus_with_rules, pushgateway
from tests.support.processes import service

if TYPE_CHECKING:
    from loadgen.drill.sink import Sink

RULES = Path(__file__).parents[2] / "ops" / "prometheus" / "alerts.yml"
pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(240),
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.skipif(not RULES.exists(), reason="the generated rules are not here yet"),
]
FACTOR = 150
INTERVAL_NS = 200 * NS_PER_MS
PATIENCE_S = 120.0
OF_OTHER_WINDOWS = {"RelayErrorBudgetBurnFast", "RelayErrorBudgetBurnSlow"}
"""Burn rates are beyond their limit in both error scenarios: what they do is theirs to test."""
ON_THE_DEMO = "demo"


@dataclass
class Seen:
    """What happened to one scenario: seconds after its start at which each alert fired and was gone again."""

    scenario: Scenario
    began_ns: int
    fired_s: dict[str, float] = field(default_factory=dict)
    resolved_s: dict[str, float] = field(default_factory=dict)
    played: Played | None = None

    def note(self, firing_now: set[str]) -> None:
        at_s = (monotonic_ns() - self.began_ns) / NS_PER_S
        for alert in firing_now:
            self.fired_s.setdefault(alert, at_s)
            self.resolved_s.pop(alert, None)
        for alert in self.fired_s.keys() - firing_now:
            self.resolved_s.setdefault(alert, at_s)

    @property
    def has_fired(self) -> bool:
        return self.fired_s.keys() >= set(self.scenario.alerts)

    @property
    def is_over(self) -> bool:
        return self.played is not None and self.fired_s.keys() == self.resolved_s.keys()


def job_of(name: str) -> str:
    return f"{JOB}_{name.replace('-', '_')}"


def write_rules(directory: Path) -> Path:
    """Compress the relay's rules, and let them see every job of this test."""
    document = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    document["groups"] = [group for group in document["groups"] if group["name"] == "relay"]
    path = directory / "alerts.yml"
    text = yaml.safe_dump(compressed_rules(document, FACTOR), width=1_000)
    path.write_text(text.replace(f'job="{JOB}"', f'job=~"{JOB}.*"').replace(f'job=\\"{JOB}\\"', f'job=~\\"{JOB}.*\\"'))
    return path


class Round:
    """Plays the scenarios and watches the alerts meanwhile."""

    def __init__(self, prometheus: str) -> None:
        self._prometheus = prometheus
        self.seen: dict[str, Seen] = {}

    async def conduct(self, sinks: dict[str, tuple[Scenario, Sink]]) -> None:
        stops = {name: Stop() for name in sinks}
        plays = [asyncio.create_task(self._play(name, *sinks[name], stops[name])) for name in sinks]
        deadline_ns = monotonic_ns() + round(PATIENCE_S * NS_PER_S)
        asked: set[str] = set()
        while monotonic_ns() < deadline_ns and not (self.seen and all(seen.is_over for seen in self.seen.values())):
            await asyncio.sleep(0.2)
            now = await asyncio.to_thread(firing, self._prometheus)
            for name, seen in self.seen.items():
                seen.note({alert for job, alert in now if job == job_of(name)})
                if seen.has_fired and name not in asked:
                    asked.add(name)
                    # two evaluations more, in which nothing else may fire
                    asyncio.get_running_loop().call_later(1.5, stops[name].ask)
        for stop in stops.values():
            stop.ask()
        await asyncio.gather(*plays)

    async def _play(self, name: str, scenario: Scenario, sink: Sink, stop: Stop) -> None:
        self.seen[name] = Seen(scenario, monotonic_ns())
        timing = Timing(round(PATIENCE_S * NS_PER_S), INTERVAL_NS)
        try:
            self.seen[name].played = await Driver(scenario, sink, timing, stop, lambda _: None).play()
        finally:
            await sink.close()

    def table(self) -> str:
        rows = [
            f"{name:20} {alert:26} {fired:8.1f} {seen.resolved_s.get(alert, float('nan')):10.1f}"
            for name, seen in self.seen.items()
            for alert, fired in sorted(seen.fired_s.items())
        ]
        return "\n".join([f"{'scenario':20} {'alert':26} {'fired s':>8} {'resolved s':>10}", *rows])


@dataclass(frozen=True)
class Outcome:
    """What was seen of each scenario, the table of it, and what the gateway held afterwards."""

    seen: dict[str, Seen]
    table: str
    left: list[object]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Play the seven to the Pushgateway, and one of them to a demo service as well."""
    directory = tmp_path_factory.mktemp("synth")
    with contextlib.ExitStack() as stack:
        gateway = stack.enter_context(pushgateway())
        demo = stack.enter_context(service("loadgen.demo"))
        pages = [f"{gateway}/metrics", f"{demo.url}/metrics/prom"]
        prometheus = stack.enter_context(prometheus_with_rules(directory, pages, [write_rules(directory)]))
        round_ = Round(prometheus)
        sinks: dict[str, tuple[Scenario, Sink]] = {}
        for scenario in (scenario.compressed(FACTOR) for scenario in SCENARIOS):
            sinks[scenario.name] = (scenario, Pushgateway(gateway, job_of(scenario.name), scenario.name, NS_PER_S))
        crit = scenario_named("error-rate-crit").compressed(FACTOR)
        labels = {"job": job_of(ON_THE_DEMO), "instance": "demo"}
        sinks[ON_THE_DEMO] = (crit, DemoPanel(demo.url, crit, labels))
        asyncio.run(round_.conduct(sinks))
        print("\n" + round_.table())
        return Outcome(round_.seen, round_.table(), api(gateway, "metrics"))


each_of_them = pytest.mark.parametrize("name", [*(scenario.name for scenario in SCENARIOS), ON_THE_DEMO])


@each_of_them
def test_a_scenario_fires_its_own_alerts_and_no_other(outcome: Outcome, name: str) -> None:
    seen = outcome.seen[name]
    assert seen.fired_s.keys() - OF_OTHER_WINDOWS == set(seen.scenario.alerts), outcome.table


@each_of_them
def test_its_alerts_resolve_after_it(outcome: Outcome, name: str) -> None:
    seen = outcome.seen[name]
    assert seen.resolved_s.keys() == seen.fired_s.keys(), outcome.table
    assert seen.played is not None
    assert seen.played.problem == ""
    assert seen.played.removed


def test_two_percent_errors_fire_the_warning_and_not_the_critical_alert(outcome: Outcome) -> None:
    fired = outcome.seen["error-rate-warn"].fired_s
    assert "RelayErrorRateWarn" in fired
    assert "RelayErrorRateCrit" not in fired


def test_the_stall_is_noticed_only_after_the_window_in_which_nothing_was_decided(outcome: Outcome) -> None:
    seen = outcome.seen["controller-stalled"]
    window_s = (seen.scenario.until_true_ns + seen.scenario.for_ns) / NS_PER_S
    assert seen.fired_s["RelayControllerStalled"] > window_s


def test_nothing_is_left_in_the_gateway(outcome: Outcome) -> None:
    assert outcome.left == []
