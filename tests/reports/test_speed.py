"""A two-hour run's reports are there in a moment."""

from __future__ import annotations

import resource
import subprocess
import sys
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from loadgen.core.hdr_log import HdrLogWriter
from loadgen.core.histogram import Histogram
from loadgen.core.load_stats import LoadSecond, LoadStatsWriter
from loadgen.core.messages import CLOCKS
from loadgen.core.units import NS_PER_MS
from tests.support.runs import T0, RunOnDisk

if TYPE_CHECKING:
    from pathlib import Path

RATE, SECONDS, INTERVAL_S = 80, 7_200, 10
BAR_S = 2.0
BUSY = 2.0
"""How much longer processor time may read where two cores are shared with other work."""


def two_hours(place: Path) -> Path:
    """Write a run of 80/s over two hours with 7,200 rows of load-stats.csv and a log of 10 s intervals."""
    RunOnDisk(rate_per_s=RATE).write(place)
    drawn = np.random.default_rng(1)
    with (place / "latency.hlog").open("w", encoding="utf-8", newline="\n") as stream:
        log = HdrLogWriter(stream, T0)
        for at in range(0, SECONDS, INTERVAL_S):
            for clock in (*CLOCKS, "endpoint:/api/v2/hello"):
                histogram = Histogram(60_000_000_000)
                histogram.record_many(drawn.lognormal(16.8, 0.4, RATE * INTERVAL_S).astype(np.int64))
                log.write(clock, at, INTERVAL_S, histogram)
    stats = LoadStatsWriter(place / "load-stats.csv")
    for at in range(SECONDS):
        latency = 20 * NS_PER_MS
        stats.write(
            LoadSecond(
                at, T0 + timedelta(seconds=at + 1), RATE, RATE, RATE, {}, {},
                p50_ns=latency, p90_ns=latency, p95_ns=latency, p99_ns=latency, max_ns=latency, lag_p99_ns=50_000,
            )
        )  # fmt: skip
    stats.close()
    return place


def test_a_two_hour_runs_reports_take_under_two_seconds_of_processor_time(tmp_path: Path) -> None:
    place = two_hours(tmp_path / "run")
    page = tmp_path / "report.html"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "reports", "production", str(place), "-o", str(tmp_path / "r.md"), "--html", str(page)],
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode in (0, 3), done.stdout + done.stderr
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert used_s < BAR_S * BUSY, f"{used_s:.2f} s"
    assert page.stat().st_size < 1_000_000
    print(f"{used_s:.2f} s of processor time, {page.stat().st_size:,} bytes")
