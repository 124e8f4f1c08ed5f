"""Every synthetic scenario against a real Prometheus and a real Pushgateway: its alerts fire, and resolve after it.

All play at once, each under a job of its own, with the rules of ops/ in compressed time.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
from loadgen.drill.sightings import Sighting, Sightings
from tests.support.alert_stack import firing, prometheus_with_rules
from tests.support.daemons import api, pushgateway
from tests.support.processes import loadgen, service

if TYPE_CHECKING:
    import subprocess

    from loadgen.drill.sink import Sink

RULES = Path(__file__).parents[2] / "ops" / "prometheus" / "alerts.yml"
pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
FACTOR = 150
INTERVAL_NS = 200 * NS_PER_MS
PATIENCE_S = 120.0
ON_THE_DEMO = "demo"


@dataclass
class Seen:
    """One scenario under observation."""

    scenario: Scenario
    sightings: Sightings
    played: Played | None = None

    @property
    def is_over(self) -> bool:
        return self.played is not None and all(item.proven for item in self.sightings.found())

    @property
    def found(self) -> dict[str, Sighting]:
        return {item.alert: item for item in self.sightings.found()}


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
                seen.sightings.note({alert for job, alert in now if job == job_of(name)}, monotonic_ns())
                if seen.sightings.all_fired and name not in asked:
                    asked.add(name)
                    # a few evaluations more, in which nothing else may fire
                    asyncio.get_running_loop().call_later(1.5, stops[name].ask)
        for stop in stops.values():
            stop.ask()
        await asyncio.gather(*plays)

    async def _play(self, name: str, scenario: Scenario, sink: Sink, stop: Stop) -> None:
        seen = self.seen[name] = Seen(scenario, Sightings(scenario.alerts, monotonic_ns()))
        timing = Timing(round(PATIENCE_S * NS_PER_S), INTERVAL_NS)
        try:
            driver = Driver(scenario, sink, timing, stop, lambda _: None)
            played = await driver.play()
            seen.sightings.end(driver.ended_ns)
            seen.played = played
        finally:
            await sink.close()

    def table(self) -> str:
        rows = [
            f"{name:20} {item.alert:26} {item.fired_s!s:>8} {item.resolved_s!s:>10}"
            for name, seen in self.seen.items()
            for item in seen.sightings.found()
        ]
        return "\n".join([f"{'scenario':20} {'alert':26} {'fired s':>8} {'resolved s':>10}", *rows])


@dataclass(frozen=True)
class Outcome:
    """What was seen of each scenario, the table of it, and what the gateway held afterwards."""

    seen: dict[str, Seen]
    table: str
    left: list[object]
    watched: subprocess.CompletedProcess[str]


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
        with ThreadPoolExecutor(1) as beside:
            watched = beside.submit(
                loadgen, "drill", "synth", "mime-slow", "--sink", "pushgateway", "--pushgateway-url", gateway,
                "--prom-url", prometheus, "--job", job_of("the-command"), "--compress", str(FACTOR),
                "--duration", f"{20 * FACTOR}s", "--json", cwd=directory,
            )  # fmt: skip
            asyncio.run(round_.conduct(sinks))
        print("\n" + round_.table())
        return Outcome(round_.seen, round_.table(), api(gateway, "metrics"), watched.result())


each_of_them = pytest.mark.parametrize("name", [*(scenario.name for scenario in SCENARIOS), ON_THE_DEMO])


@each_of_them
def test_a_scenario_fires_its_own_alerts_and_no_other(outcome: Outcome, name: str) -> None:
    seen = outcome.seen[name]
    assert set(seen.found) == set(seen.scenario.alerts), outcome.table
    assert all(item.fired_s is not None for item in seen.found.values()), outcome.table


@each_of_them
def test_its_alerts_resolve_after_it(outcome: Outcome, name: str) -> None:
    seen = outcome.seen[name]
    assert all(item.resolved_s is not None and item.resolved_s > 0 for item in seen.found.values()), outcome.table
    assert seen.played is not None
    assert seen.played.problem == ""
    assert seen.played.removed


def test_two_percent_errors_fire_the_warning_and_not_the_critical_alert(outcome: Outcome) -> None:
    assert set(outcome.seen["error-rate-warn"].found) == {"RelayErrorRateWarn"}


def test_the_stall_is_noticed_only_after_the_window_in_which_nothing_was_decided(outcome: Outcome) -> None:
    seen = outcome.seen["controller-stalled"]
    fired_s = seen.found["RelayControllerStalled"].fired_s
    assert fired_s is not None
    assert fired_s > (seen.scenario.until_true_ns + seen.scenario.for_ns) / NS_PER_S


def test_nothing_is_left_in_the_gateway(outcome: Outcome) -> None:
    assert outcome.left == []


def test_the_command_itself_watches_its_alert_fire_and_resolve(outcome: Outcome) -> None:
    ended = outcome.watched
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (played,) = json.loads(ended.stdout)["played"]
    (sighting,) = [item for item in played["sightings"] if item["expected"]]
    assert sighting["alert"] == "RelayMimeSlow"
    assert sighting["fired_s"] > 0
    assert sighting["resolved_s"] > 0
