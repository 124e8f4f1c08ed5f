"""Shapes through the whole product: exact second by second, the same for any number of workers, known to the report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.load_stats import read_load_stats
from tests.support.processes import Service, against, loadgen, run_directory, service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def null() -> Iterator[Service]:
    with service("loadgen.demo.null") as running:
        yield running


def run(cwd: Path, *arguments: str) -> dict[str, Any]:
    """Run a load into `kept` and return its summary."""
    result = loadgen("run", *arguments, "--json", "-q", "--out", "kept", cwd=cwd)
    assert result.returncode in (0, 5), result.stderr  # INVALID on a busy machine changes nothing about the schedule
    summary: dict[str, Any] = json.loads(result.stdout)
    assert summary["totals"]["scheduled"] == summary["totals"]["sent"] == summary["totals"]["done"]
    return summary


def due_by_second(cwd: Path) -> list[int]:
    due = [int(row["due"] or 0) for row in read_load_stats(cwd / "kept" / "load-stats.csv").rows]
    while due and not due[-1]:
        due.pop()  # seconds of the drain
    return due


def test_a_ramp_has_in_each_second_what_its_line_says(null: Service, tmp_path: Path) -> None:
    """From 0 to 300/s over 3 s: the integral 50 t^2 grows by 50, 150 and 250; then 300, and half of it."""
    summary = run(tmp_path, null.url, "--stage", "3s:0..300", "--stage", "1500ms:300", "--workers", "2", "-c", "8")

    assert summary["totals"]["done"] == 900
    assert summary["rate"]["target"] == pytest.approx(200)
    assert due_by_second(tmp_path) == [50, 150, 250, 300, 150]


def test_random_arrivals_are_the_same_for_one_worker_and_for_three(null: Service, tmp_path: Path) -> None:
    found = []
    for workers in ("1", "3"):
        place = tmp_path / workers
        place.mkdir()
        run(place, null.url, "--rate", "150", "-d", "2s", "--arrival", "poisson", "--seed", "6", "--workers", workers)
        found.append(due_by_second(place))

    assert found[0] == found[1]
    assert sum(found[0]) != 300, "the number itself is random"


def test_a_replay_sends_each_request_as_often_as_it_was_recorded(tmp_path: Path) -> None:
    rows = [f"{n / 50},{'HEAD' if n % 10 == 0 else 'GET'},{'/livez' if n % 2 else '/readyz'}?n={n}" for n in range(100)]
    (tmp_path / "trace.csv").write_text("\n".join(["timestamp,method,path", *rows]))
    with service("loadgen.demo") as demo:
        summary = run(tmp_path, demo.url, "--replay", "trace.csv", "--workers", "2", "-c", "8")
        received = demo.get("/internal/received")["by_path"]

    assert {name: item["done"] for name, item in summary["endpoints"].items()} == {
        "HEAD /readyz": 10, "/livez": 50, "/readyz": 40,
    }  # fmt: skip
    assert received == {"/livez": 50, "/readyz": 50}
    assert due_by_second(tmp_path) == [50, 50]


def test_a_closed_load_over_two_workers_sends_exactly_its_number(null: Service, tmp_path: Path) -> None:
    summary = run(tmp_path, null.url, "--closed", "-c", "6", "--workers", "2", "--requests", "1001")

    assert summary["totals"]["done"] == 1001
    assert summary["rate"]["target"] is None


@pytest.mark.stack
def test_a_baseline_with_a_shape_is_judged_by_what_its_schedule_holds(tmp_path: Path) -> None:
    arguments = ("--samples", "2", "--interval", "4s", "--warmup", "0s", "--shape", "spike", "--arrival", "poisson")
    with service("loadgen.demo") as demo:
        result = loadgen(*against(demo, *arguments), cwd=tmp_path)

    assert result.returncode in (0, 5), result.stdout + result.stderr
    metadata = json.loads((run_directory(tmp_path) / "metadata.json").read_text())
    assert metadata["planned_requests"] == metadata["load"]["scheduled"]
    assert metadata["rate"] == "16/s → 16/s..80/s → 80/s → 80/s..16/s → 16/s Poisson"
    assert metadata["rate_per_s"] == pytest.approx(80 * 0.32)
    report = (run_directory(tmp_path) / "production-report.md").read_text()
    assert "16/s → 16/s..80/s" in report
    assert "25.60/s asked" in report
