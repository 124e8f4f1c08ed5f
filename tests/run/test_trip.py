"""The breaker in a real run against a service that suffers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from loadgen.core.events import read_events
from loadgen.core.metadata import read_metadata
from loadgen.core.metrics_csv import read_metrics
from loadgen.core.rundir import RunDirectory
from tests.support.processes import loadgen, run_directory, service, start_loadgen, wait_until

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.support.processes import Service

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]


def baseline(demo: Service, cwd: Path, *more: str) -> subprocess.Popen[str]:
    run = start_loadgen(
        "baseline", "--base-url", demo.url, "--endpoint", "/api/v2/hello", "--samples", "20", "--interval", "3s",
        "--warmup", "1s", "--rate", "80", "--quiet", *more, cwd=cwd,
    )  # fmt: skip
    wait_until(lambda: demo.received() > 200, timeout_s=40, what="requests arrive")
    return run


def trip_of(demo: Service, cwd: Path, **fault: Any) -> tuple[RunDirectory, str]:
    """Break the service in the middle of a run, and return what the trip leaves."""
    run = baseline(demo, cwd)
    demo.fault(**fault)
    output, _ = run.communicate(timeout=80)
    assert run.returncode == 4, output
    assert "loadgen exit 4 (circuit breaker tripped)" in output
    return RunDirectory(run_directory(cwd)), output


def test_errors_trip_the_breaker_and_the_load_ends_within_a_second(tmp_path: Path) -> None:
    with service("loadgen.demo") as demo:
        place, _ = trip_of(demo, tmp_path, error_share=0.5)
        time.sleep(1)
        last_ns = demo.last_received_ns()

    record = orjson.loads(place.breaker.read_bytes())
    assert record["input"] in ("client", "error_rate")
    assert record["value"] > record["threshold"] or record["rule"] == "consecutive failures"
    assert last_ns / 1e9 - record["t_monotonic_s"] < 1
    metadata = read_metadata(place.metadata)
    assert (metadata["status"], metadata["exit_code"]) == ("aborted_circuit_breaker", 4)
    assert metadata["breaker"]["trip"]["metric"] == record["metric"]
    load = metadata["load"]
    assert load["scheduled"] == load["sent"] + load["unsent"] + load["dropped"]
    assert "circuit breaker" in place.partial_summary.read_text()
    events = list(read_events(place.events))
    (last,) = [event for event in events if event["event"] == "sample" and event["label"] == "final"]
    rows = len(read_metrics(place.metrics_csv)) - metadata["samples_written"]
    assert rows == 1 or (rows == 0 and last["notes"] == ["no row: less than a second since the last"])
    states = [event.get("state") for event in events if event["event"] == "breaker"]
    assert states[-1] == "TRIPPED"


def test_a_service_that_answers_nothing_trips_the_breaker_within_fifteen_seconds(tmp_path: Path) -> None:
    with service("loadgen.demo") as demo:
        run = baseline(demo, tmp_path)
        hung = time.monotonic()
        demo.fault(hang=True)
        output, _ = run.communicate(timeout=60)
        took_s = time.monotonic() - hung

    assert run.returncode == 4, output
    trip = orjson.loads((run_directory(tmp_path) / "breaker.json").read_bytes())
    assert trip["input"] == "client"
    assert trip["t_monotonic_s"] - hung < 15
    assert took_s < 40


def test_a_tripped_production_host_is_not_the_matter_of_a_dev_run(tmp_path: Path) -> None:
    with service("loadgen.demo") as demo:
        trip_of(demo, tmp_path, error_share=1.0)
        demo.fault()
        again = loadgen(
            "run", demo.url + "/api/v2/hello", "--rate", "20", "-d", "1s", "--quiet", cwd=tmp_path, timeout_s=30
        )

    assert again.returncode == 0, again.stderr
