"""Redis is killed under a baseline: it shows, and the run survives or trips by its rules."""

from __future__ import annotations

import csv
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import loadgen, run_directory, service, start_loadgen, wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]

TRIPPED = 4
PATHS = ("/api/data/item-1", "/api/data/item-2", "/api/v2/hello")
"""What goes on without a cache; /health rightly says 503 meanwhile."""


@dataclass(frozen=True)
class Failover:
    """A baseline with a drill in its middle: both exit codes, what the drill found, the run's directory."""

    run_code: int
    drill_code: int
    evidence: Any
    path: Path

    def json(self, name: str) -> Any:
        return json.loads((self.path / name).read_text())

    @property
    def reasons(self) -> dict[str, float]:
        """Fallbacks by reason, over the whole run."""
        found: dict[str, float] = self.json("metadata.json")["server_window"]["fallback"]
        return found


def fail_over(cwd: Path, *limits: str) -> Failover:
    with service("loadgen.demo", env={"CACHE_IMPL": "redis"}) as demo:
        endpoints = [word for path in PATHS for word in ("--endpoint", path)]
        run = start_loadgen(
            "baseline", "--profile", "dev", "--base-url", demo.url, "--metrics-url", f"{demo.url}/metrics/prom",
            "--samples", "6", "--interval", "4s", "--warmup", "1s", "--rate", "40", *endpoints, *limits, cwd=cwd,
        )  # fmt: skip
        wait_until(lambda: list(cwd.glob("results/phase5-*/events.jsonl")), timeout_s=60, what="the run has begun")
        drill = loadgen(
            "drill", "redis-disconnect", "--how", "kill", "--for", "4s", "--before", "1s", "--json",
            "--base-url", demo.url, cwd=cwd,
        )  # fmt: skip
        said, _ = run.communicate(timeout=120)
        assert run.returncode is not None, said
        return Failover(run.returncode, drill.returncode, json.loads(drill.stdout), run_directory(cwd))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Failover, Failover]:
    """One run with the usual limits, and one that is told to bear fallbacks."""
    with ThreadPoolExecutor(2) as pool:
        usual = pool.submit(fail_over, tmp_path_factory.mktemp("usual"))
        bearing = pool.submit(fail_over, tmp_path_factory.mktemp("bearing"), "--breaker-effective-fallback", "0.99")
        return usual.result(), bearing.result()


def test_the_run_trips_on_fallbacks_where_they_exceed_its_limit(runs: tuple[Failover, Failover]) -> None:
    usual, _ = runs

    assert usual.run_code == TRIPPED
    trip = usual.json("breaker.json")
    assert trip["input"] == "effective_fallback"
    assert trip["value"] > trip["threshold"] == 0.08


def test_a_run_that_may_bear_them_survives(runs: tuple[Failover, Failover]) -> None:
    _, bearing = runs

    assert bearing.run_code != TRIPPED
    assert bearing.json("metadata.json")["status"] == "completed"
    assert bearing.json("metadata.json")["load"]["failed"] == 0, "the service went on without its cache"


def test_recovery_attempts_the_last_failure_and_fallbacks_are_visible(runs: tuple[Failover, Failover]) -> None:
    for run in runs:
        assert run.drill_code == 0, run.evidence
        assert run.reasons["upstream_error"] >= 1
        assert run.reasons["circuit_breaker"] >= 1
    _, bearing = runs
    window = bearing.json("metadata.json")["server_window"]
    failed_at = next(item for item in bearing.evidence["figures"] if item["figure"] == "last failure")["during"]
    assert window["redis_last_failure_s"] == pytest.approx(failed_at, abs=10)
    with (bearing.path / "metrics.csv").open() as file:
        last = list(csv.DictReader(file))[-1]
    assert float(last["fallback_http"]) >= bearing.reasons["upstream_error"]
    assert 'redis_recovery_attempts_total{result="success"}' in (bearing.path / "raw-metrics.txt").read_text()
