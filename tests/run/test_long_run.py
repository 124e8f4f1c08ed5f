"""Two days at 80/s through the supervisor's own bookkeeping, as fast as it goes: bounded files, flat memory."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from multiprocessing import get_context
from typing import TYPE_CHECKING

import psutil
import pytest

from loadgen.core.clock import WallAnchor
from loadgen.core.hdr_log import read_hdr_log
from loadgen.core.histogram import Histogram, histogram_max_ns
from loadgen.core.messages import Interval
from loadgen.core.rundir import RunDirectory
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run.merge import IntervalMerge, Row
from loadgen.run.seconds import Seconds, log_length_s

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOURS = 48
SECONDS = HOURS * 3_600
RATE = 80
MAX_NS = histogram_max_ns(5 * NS_PER_S)


def a_second_of_answers() -> str:
    """80 response times from 10 to 89 ms: as many different values as there can be."""
    histogram = Histogram(MAX_NS)
    for number in range(RATE):
        histogram.record((10 + number) * NS_PER_MS)
    return histogram.encode()


def resident_mb() -> float:
    return float(psutil.Process().memory_info().rss) / 2**20


def test_the_log_has_an_interval_a_second_then_one_in_ten_then_one_a_minute() -> None:
    """600 for the first ten minutes, (43,200 - 600) / 10 until twelve hours, (172,800 - 43,200) / 60 after."""
    ends = [second for second in range(SECONDS) if (second + 1) % log_length_s(second) == 0]

    assert len(ends) == 600 + 4_260 + 2_160
    assert ends[-1] == SECONDS - 1


def merged_two_days() -> tuple[int, int, float]:
    """Requests that were due, the answers of one of two workers, and the memory that grew, in MB."""
    merge, scheduled = IntervalMerge([0, 1], 0), 0
    began_mb = 0.0
    for k in range(SECONDS):
        for worker in (0, 1):
            merge.add(worker, Interval(k, RATE // 2, RATE // 2, RATE // 2, {}, {}, 1, 0, {}))
        rows = merge.close_until((k + 1) * NS_PER_S)
        assert [row.k for row in rows] == [k]
        scheduled += rows[0].counts["scheduled"]
        began_mb = began_mb or resident_mb()
    assert merge.close_all() == []
    return scheduled, merge.sums[0].counts["done"], resident_mb() - began_mb


def wrote_two_days(run: Path) -> tuple[int, int, float]:
    """Rows written, answers in the totals, and the memory that grew after the first hour, in MB.

    Hours are compressed: of each interval of the log only its first and last second are there.
    """
    seconds = Seconds(MAX_NS)
    seconds.open(RunDirectory(run), WallAnchor(0, datetime(2026, 3, 1, tzinfo=UTC)))
    answers, first_hour_mb, written = {"response": [a_second_of_answers()]}, 0.0, 0
    for k in range(SECONDS):
        length_s = log_length_s(k)
        if k % length_s in (0, length_s - 1):
            row = Row(k, histograms=answers)
            row.counts.update(scheduled=RATE, sent=RATE, done=RATE)
            seconds.take(row)
            written += 1
        if k == 3_600:
            first_hour_mb = resident_mb()
    grown_mb = resident_mb() - first_hour_mb
    seconds.close()
    return written, seconds.totals["response"].total, grown_mb


@pytest.fixture
def own_process() -> Iterator[ProcessPoolExecutor]:
    """A new process: what tests before this one left in the memory of theirs is not measured."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.mark.stack
def test_two_days_of_seconds_are_merged_exactly_and_nothing_is_kept_of_them(own_process: ProcessPoolExecutor) -> None:
    scheduled, done, grown_mb = own_process.submit(merged_two_days).result()

    assert scheduled == SECONDS * RATE == 13_824_000
    assert done == SECONDS * RATE // 2
    assert grown_mb < 1


@pytest.mark.stack
def test_two_days_leave_bounded_files_and_flat_memory(tmp_path: Path, own_process: ProcessPoolExecutor) -> None:
    written, answers, grown_mb = own_process.submit(wrote_two_days, tmp_path).result()

    place = RunDirectory(tmp_path)
    entries = list(read_hdr_log(place.latency_hlog))
    a_row = place.load_stats.stat().st_size / written

    assert [sum(entry.length_s == length for entry in entries) for length in (1, 10, 60)] == [600, 4_260, 2_160]
    assert all(one.start_s + one.length_s == other.start_s for one, other in pairwise(entries))
    assert sum(entry.histogram.total for entry in entries) == answers == written * RATE
    assert place.latency_hlog.stat().st_size < len(entries) * 1_000
    assert a_row * SECONDS < 40 * 2**20
    assert grown_mb < 1
