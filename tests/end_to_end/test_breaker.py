"""The breaker in real time, through the command that `make staging` runs, against the demo service with faults.

The scenarios run side by side, each with a service and a directory of its own. Two of them are what the synthetic
scenarios of `loadgen drill synth` do to the service: 6 % errors trip it, 2 % do not.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.drill.scenario import scenario_named
from tests.support.processes import against, run_directory, service, start_loadgen, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

AFTER_S = 12.0
"""How long a run goes well before its fault: longer than the client's window."""


@dataclass(frozen=True)
class Scenario:
    """A fault set `AFTER_S` into the load, and how the run is asked for."""

    fault: Mapping[str, object]
    samples: int = 12
    rate: str = "80"
    arguments: tuple[str, ...] = ()
    from_the_start: bool = False


SCENARIOS = {
    "six percent": Scenario(scenario_named("error-rate-crit").faults),
    "every fiftieth": Scenario(scenario_named("error-rate-warn").faults, samples=4, from_the_start=True),
    "fallback surge": Scenario({"fallback_share": 0.25}),
    "metrics dead": Scenario({"metrics_dead": "error"}),
    "hang": Scenario({"hang": "load"}),
    "total failure": Scenario({"error_share": 1.0}, rate="0.5"),
}


@dataclass(frozen=True)
class Ran:
    """What is left of a scenario: the exit code, seconds from the fault to the end of the load, the directory."""

    code: int
    output: str
    path: Path
    took_s: float
    last_received_ns: int
    files: set[str] = field(default_factory=set)

    def json(self, name: str) -> Any:
        return json.loads((self.path / name).read_text())

    @property
    def trip(self) -> Any:
        return self.json("breaker.json")

    @property
    def trip_ns(self) -> int:
        """The monotonic time of the trip."""
        events = [json.loads(line) for line in (self.path / "events.jsonl").read_text().splitlines()]
        trips = [event for event in events if event["event"] == "breaker" and event.get("state") == "TRIPPED"]
        assert len(trips) == 1, trips
        return int(self.json("metadata.json")["t0"]["monotonic_ns"] + trips[0]["t_s"] * 1e9)


def _loading(cwd: Path) -> bool:
    found = list(cwd.glob("results/phase5-*/events.jsonl"))
    return bool(found) and '"phase":"main"' in found[0].read_text()


def _play(scenario: Scenario, cwd: Path) -> Ran:
    with service("loadgen.demo") as demo:
        if scenario.from_the_start:
            demo.fault(**scenario.fault)
        run = start_loadgen(
            *against(
                demo, "--samples", str(scenario.samples), "--interval", "10s", "--warmup", "1s", "--idle", "1s",
                "--rate", scenario.rate, "--quiet", *scenario.arguments, profile="staging",
            ),
            cwd=cwd,
        )  # fmt: skip
        try:
            wait_until(lambda: _loading(cwd) or run.poll() is not None, timeout_s=60, what="the load begins")
            if not scenario.from_the_start:
                time.sleep(AFTER_S)
                demo.fault(**scenario.fault)
            began = time.monotonic()
            output, _ = run.communicate(timeout=180)
        finally:
            run.kill()
        path = run_directory(cwd)
        return Ran(
            run.returncode, output, path, time.monotonic() - began, demo.last_received_ns(),
            {file.name for file in path.iterdir()},
        )  # fmt: skip


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """Every scenario, played at the same time."""
    with ThreadPoolExecutor(len(SCENARIOS)) as pool:
        going = {
            name: pool.submit(_play, scenario, tmp_path_factory.mktemp(name.replace(" ", "-")))
            for name, scenario in SCENARIOS.items()
        }
        return {name: future.result() for name, future in going.items()}


def _aborted(ran: Ran) -> None:
    assert ran.code == 4, ran.output
    assert ran.json("metadata.json")["status"] == "aborted_circuit_breaker"
    assert {"breaker.json", "partial-summary.md", "metrics.csv", "summary.json", "latency.hlog"} <= ran.files
    assert ran.last_received_ns <= ran.trip_ns + 1_000_000_000, "a request came later than one second after the trip"


def _seconds_to_trip(ran: Ran) -> float:
    t0_ns = ran.json("metadata.json")["t0"]["monotonic_ns"]
    return float(ran.trip_ns - t0_ns) / 1e9 - AFTER_S


def test_six_percent_errors_stop_the_run_within_fifteen_seconds(played: dict[str, Ran]) -> None:
    ran = played["six percent"]
    _aborted(ran)
    assert ran.trip["input"] in ("client", "error_rate")
    assert ran.trip["value"] > ran.trip["threshold"] == 0.02
    assert _seconds_to_trip(ran) < 15


def test_every_fiftieth_request_failing_runs_to_the_end(played: dict[str, Ran]) -> None:
    ran = played["every fiftieth"]
    metadata = ran.json("metadata.json")
    assert metadata["status"] == "completed", ran.output
    assert metadata["load"]["scheduled"] == 4 * 10 * 80
    assert metadata["load"]["failed_by"]["http_5xx"] == pytest.approx(64, abs=2)
    assert ran.code == 1, "2 % is within the breaker's threshold and beyond the objective of 1 %"


def test_a_fallback_surge_trips_the_eight_percent_rule(played: dict[str, Ran]) -> None:
    ran = played["fallback surge"]
    _aborted(ran)
    assert ran.trip["input"] == "effective_fallback"
    assert ran.trip["threshold"] == 0.08


def test_a_dead_metrics_endpoint_blinds_the_breaker_and_stops_the_run(played: dict[str, Ran]) -> None:
    ran = played["metrics dead"]
    _aborted(ran)
    assert ran.trip["input"] == "blind"
    assert _seconds_to_trip(ran) < 45


def test_a_hang_of_all_endpoints_trips_within_fifteen_seconds(played: dict[str, Ran]) -> None:
    ran = played["hang"]
    _aborted(ran)
    assert ran.trip["input"] == "client"
    assert _seconds_to_trip(ran) < 15


def test_total_failure_at_half_a_request_a_second_trips_within_45_seconds(played: dict[str, Ran]) -> None:
    ran = played["total failure"]
    _aborted(ran)
    assert _seconds_to_trip(ran) < 45


def test_the_partial_summary_says_what_tripped_and_what_to_do(played: dict[str, Ran]) -> None:
    text = (played["six percent"].path / "partial-summary.md").read_text()
    assert "breaker" in text.lower()
    assert "2" in text
