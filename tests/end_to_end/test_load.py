"""Load alone, through the command: exact counts, honest latency, and limits told from our own."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import against, loadgen, run_directory, service, wait_until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.processes import Service


@pytest.fixture(scope="module")
def null() -> Iterator[Service]:
    with service("loadgen.demo.null") as running:
        yield running


def _summary(result: subprocess.CompletedProcess[str]) -> Any:
    assert result.stdout, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize(
    ("rate", "duration", "scheduled"),
    [("0.5", "5s", 2), ("80", "3s", 240), ("101", "3s", 303), ("200", "3s", 600), ("1000", "2s", 2_000)],
)
def test_the_schedule_is_rate_times_duration_exactly(
    null: Service, tmp_path: Path, rate: str, duration: str, scheduled: int
) -> None:
    result = loadgen("run", null.url, "--rate", rate, "--duration", duration, "--json", "-q", cwd=tmp_path)
    summary = _summary(result)
    # a run that is INVALID because this machine was busy has the same schedule
    assert result.returncode in (0, 5), summary["validity"]
    assert summary["totals"]["scheduled"] == scheduled
    assert summary["totals"]["sent"] == scheduled
    if scheduled > 200:
        assert summary["rate"]["achieved"] == pytest.approx(float(rate), rel=0.005)


@pytest.mark.stack
def test_ten_thousand_a_second_over_two_workers_is_exact(null: Service, tmp_path: Path) -> None:
    arguments = ("--rate", "10000", "--duration", "5s", "--workers", "2", "--json", "-q")
    result = loadgen("run", null.url, *arguments, cwd=tmp_path)
    summary = _summary(result)
    assert summary["totals"]["scheduled"] == 50_000
    assert summary["rate"]["achieved"] == pytest.approx(10_000, rel=0.005)


def test_figures_of_gap_and_lag_are_in_the_summary(null: Service, tmp_path: Path) -> None:
    summary = _summary(loadgen("run", null.url, "--rate", "200", "--duration", "2s", "--json", "-q", cwd=tmp_path))
    assert summary["rate"]["gap_cv"] >= 0
    assert summary["metrics"]["loadgen_lag"]["values"]["p(99)"] > 0


@pytest.mark.stack
def test_a_slow_service_is_target_limited_and_no_go_and_never_invalid(tmp_path: Path) -> None:
    with service("loadgen.demo", "--faults", '{"latency": 400}') as demo:
        result = loadgen(*against(demo, "--samples", "2", "--interval", "3s", "--warmup", "0s"), cwd=tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    metadata = json.loads((run_directory(tmp_path) / "metadata.json").read_text())
    assert metadata["validity"]["target_limited"] is True
    assert metadata["validity"]["state"] != "INVALID"
    report = (run_directory(tmp_path) / "production-report.md").read_text()
    assert "NO-GO" in report
    assert "TARGET-LIMITED" in report


def _freeze(process: int, run: Path, seconds: float, lasted_s: list[float]) -> None:
    """Stop a process for a while, from the third second of a run's load on."""
    wait_until(lambda: (run / "load-stats.csv").exists(), timeout_s=30, what="the load begins")
    wait_until(lambda: (run / "load-stats.csv").read_bytes().count(b"\n") >= 3, timeout_s=30, what="two seconds passed")
    os.kill(process, signal.SIGSTOP)
    began = time.monotonic()
    time.sleep(seconds)
    os.kill(process, signal.SIGCONT)
    lasted_s.append(time.monotonic() - began)


def test_a_freeze_of_one_second_in_ten_reads_900_ms_at_p99(tmp_path: Path) -> None:
    """With a service frozen for 1 s of 10 s at 1,000/s, response times in the freeze fall evenly from 1 s to 0.

    A tenth of all requests waits, so the 99th percentile is the value that a tenth of those exceed: 900 ms, or 100 ms
    less than the freeze really lasted.
    """
    lasted_s: list[float] = []
    with service("loadgen.demo.null") as null:
        freeze = threading.Thread(target=_freeze, args=(null.pid, tmp_path / "run", 1.0, lasted_s))
        freeze.start()
        try:
            result = loadgen(
                "run", null.url, "--rate", "1000", "--duration", "10s", "--concurrency", "20", "--no-breaker", "--json",
                "-q", "--out", "run", cwd=tmp_path,
            )  # fmt: skip
        finally:
            freeze.join()
    summary = _summary(result)
    assert summary["totals"]["scheduled"] == 10_000
    expected_ms = 1_000 * lasted_s[0] - 100
    assert summary["metrics"]["http_req_duration"]["values"]["p(99)"] == pytest.approx(expected_ms, rel=0.03)


def test_a_service_that_answers_nothing_leaves_a_correct_account(tmp_path: Path) -> None:
    with service("loadgen.demo", "--faults", '{"hang": "load"}') as demo:
        began = time.monotonic()
        result = loadgen(
            "run", demo.url + "/livez", "--rate", "40", "--duration", "4s", "--timeout", "1s", "--no-breaker",
            "--json", "-q", cwd=tmp_path,
        )  # fmt: skip
    assert time.monotonic() - began < 30
    totals, outcomes = _summary(result)["totals"], _summary(result)["outcomes"]
    assert totals["scheduled"] == 160
    assert totals["scheduled"] == totals["sent"] + totals["unsent"] + totals["dropped"]
    assert totals["sent"] == totals["done"] + totals["failed"] + totals["in_flight"]
    assert totals["done"] == 0
    assert outcomes["timeout"] > 0
