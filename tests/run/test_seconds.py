"""Rows into load-stats.csv, latency.hlog and run-long histograms."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from loadgen.core.clock import WallAnchor
from loadgen.core.hdr_log import read_hdr_log
from loadgen.core.histogram import Histogram
from loadgen.core.load_stats import read_load_stats
from loadgen.core.messages import Interval
from loadgen.core.rundir import RunDirectory
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run.merge import Row
from loadgen.run.seconds import Seconds, log_length_s

if TYPE_CHECKING:
    from pathlib import Path

MAX = 60 * NS_PER_S


def encoded(*values_ms: int) -> str:
    histogram = Histogram(MAX)
    for value in values_ms:
        histogram.record(value * NS_PER_MS)
    return histogram.encode()


def row(k: int, *values_ms: int) -> Row:
    made = Row(k)
    count = len(values_ms)
    clocks = {"response": encoded(*values_ms)} if values_ms else {}
    made.take(0, Interval(k, count, count, count, {}, {}, 2, 1, clocks, {"service": 1}))
    return made


@pytest.mark.parametrize(
    ("second", "length_s"), [(0, 1), (599, 1), (600, 10), (43_199, 10), (43_200, 60), (100_000, 60)]
)
def test_the_logs_intervals_grow_with_the_run(second: int, length_s: int) -> None:
    assert log_length_s(second) == length_s


def test_workers_histograms_of_a_second_become_one_row(tmp_path: Path) -> None:
    place = RunDirectory(tmp_path)
    seconds = Seconds(MAX)
    seconds.open(place, WallAnchor(0, datetime(2026, 1, 1, tzinfo=UTC)))
    first = row(0, 10, 20)
    first.take(1, Interval(0, 1, 1, 1, {}, {}, 3, 0, {"response": encoded(30)}))
    seconds.take(first)
    seconds.take(row(1))
    seconds.close()

    rows = read_load_stats(place.load_stats).rows
    assert [entry["done"] for entry in rows] == [3, 0]
    assert rows[0]["p50_ms"] == pytest.approx(20, rel=1e-3)
    assert rows[0]["max_ms"] == pytest.approx(30, rel=1e-3)
    assert (rows[0]["in_flight"], rows[0]["timestamp"]) == (5, "2026-01-01T00:00:01.000Z")
    assert rows[1]["p50_ms"] is None
    assert seconds.totals["response"].total == 3
    assert seconds.out_of_range == {"service": 2}
    assert seconds.standing.seconds == 2


def test_every_value_is_in_exactly_one_line_of_the_log(tmp_path: Path) -> None:
    place = RunDirectory(tmp_path)
    seconds = Seconds(MAX)
    seconds.open(place, WallAnchor(0, datetime(2026, 1, 1, tzinfo=UTC)))
    for k in range(600, 625):
        seconds.take(row(k, 5))
    seconds.close()

    entries = list(read_hdr_log(place.latency_hlog))
    assert [(entry.histogram.total, entry.length_s) for entry in entries[1:]] == [(10, 10), (5, 5)]
    assert sum(entry.histogram.total for entry in entries) == 25


def test_a_warm_up_keeps_histograms_and_writes_nothing(tmp_path: Path) -> None:
    seconds = Seconds(MAX)
    seconds.take(row(0, 7))
    seconds.close()

    assert seconds.totals["response"].total == 1
    assert seconds.standing.p99_ns == pytest.approx(7 * NS_PER_MS, rel=1e-3)
    assert list(tmp_path.iterdir()) == []
