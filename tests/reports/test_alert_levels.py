"""Alert thresholds by multiplier, and when they would have fired."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from loadgen.core.histogram import Histogram
from reports.analysis.alert_levels import AlertLevel, Point, alert_levels, try_out
from reports.analysis.backtest import error_windows, latency_windows, probe_windows, row_points
from reports.analysis.quantity import Unit
from reports.model.server import Row
from reports.model.signals import LatencySpan, LoadSecond, Probe
from tests.support.judging import judge
from tests.support.runs import T0, quick_run

if TYPE_CHECKING:
    from pathlib import Path

ERRORS = AlertLevel("error", "Error rate", "warning", Unit.PERCENT, True, 1.0, "")


def test_error_levels_are_five_and_twenty_five_times_the_observed_rate(tmp_path: Path) -> None:
    """1 of 1,000 failed: 0.1 %, so 0.5 % and 2.5 %."""
    run = quick_run(samples=10, interval_s=10.0, failed={"reset": 1})
    levels = {(level.key, level.severity): level.threshold for level in alert_levels(judge(tmp_path, run))}
    assert (levels["error", "warning"], levels["error", "critical"]) == (0.5, 2.5)


def test_without_errors_the_floors_hold(tmp_path: Path) -> None:
    levels = {(level.key, level.severity): level.threshold for level in alert_levels(judge(tmp_path, quick_run()))}
    assert (levels["error", "warning"], levels["error", "critical"]) == (0.1, 0.5)


def test_latency_levels_are_one_and_a_half_and_three_times_the_p95(tmp_path: Path) -> None:
    run = quick_run(latencies_ms={100: 100})
    levels = {(level.key, level.severity): level.threshold for level in alert_levels(judge(tmp_path, run))}
    assert levels["p95", "warning"] == pytest.approx(0.150, abs=0.0003)
    assert levels["p95", "critical"] == pytest.approx(0.300, abs=0.0005)


def test_stretches_beyond_the_threshold_are_firings() -> None:
    points = [Point(float(at), value) for at, value in enumerate([0, 2, 3, 0, 1, 5])]
    trial = try_out(ERRORS, "x", points)
    assert [(f.start_s, f.end_s, f.worst) for f in trial.firings] == [(1, 2, 3), (5, 5, 5)]
    assert trial.sentence == "would have fired at 1s for 1s, worst 3.00 %; at 5s for 0s, worst 5.00 %"


def test_exactly_the_threshold_does_not_fire() -> None:
    assert try_out(ERRORS, "x", [Point(1, 1.0)]).sentence == "would not have fired (1 window)"


def test_a_source_without_figures_is_no_silence() -> None:
    assert try_out(ERRORS, "x", []).sentence == "NA: no such figures on record"


def test_a_lower_bound_fires_below() -> None:
    level = AlertLevel("cache_hit", "Cache", "scaling", Unit.PERCENT, False, 80.0, "")
    assert try_out(level, "x", [Point(1, 79.0), Point(2, 70.0), Point(3, 80.0)]).firings[0].worst == 70.0


def test_error_windows_are_shares_of_the_last_minute() -> None:
    """10/s; all of second 100 fails: 10 of 600 are 1.67 % while it is in the window, from second 101 to 160."""
    seconds = [LoadSecond(at, 10, 10 if at == 100 else 0) for at in range(200)]
    points = list(error_windows(seconds))
    assert points[0].at_s == 60.0
    hit = [point for point in points if point.value > 0]
    assert (hit[0].at_s, hit[-1].at_s, len(hit)) == (101.0, 160.0, 60)
    assert hit[0].value == pytest.approx(100 / 60)


def test_a_window_with_few_requests_is_left_out() -> None:
    assert list(error_windows([LoadSecond(at, 0, 0) for at in range(100)])) == []


def test_a_short_run_is_one_window() -> None:
    points = list(error_windows([LoadSecond(at, 10, 1) for at in range(20)]))
    assert [(point.at_s, point.value) for point in points] == [(20.0, 10.0)]


def span(end_s: float, ms: int, count: int = 100) -> LatencySpan:
    histogram = Histogram(60_000_000_000)
    histogram.record(ms * 1_000_000, count)
    return LatencySpan(end_s, 10.0, histogram)


def test_latency_windows_merge_histograms_and_average_nothing() -> None:
    """Six spans of 10 s: one of 500 ms is a sixth of the requests, so the P95 of the window is 500 ms, not 100 ms."""
    spans = [span(10.0 * at, 500 if at == 3 else 20) for at in range(1, 13)]
    points = list(latency_windows(spans, 95.0))
    assert points[0].at_s == 60.0
    assert [round(point.value, 2) for point in points] == [0.5, 0.5, 0.5, 0.02, 0.02, 0.02, 0.02]


def test_probe_windows_are_differences_over_thirty_seconds() -> None:
    """At 35 s: 700 - 100 requests since 5 s, 6 of them errors: 1 %."""
    probes = [Probe(5.0 * at, True, 100.0 * at, 6.0 if at >= 7 else 0.0) for at in range(1, 8)]
    (point,) = probe_windows(probes)
    assert (point.at_s, point.value) == (35.0, 1.0)


def test_no_probe_window_spans_a_restart() -> None:
    counts = [100.0, 200.0, 300.0, 400.0, 50.0, 150.0, 250.0, 350.0]
    assert list(probe_windows([Probe(5.0 * at, True, count, 0.0) for at, count in enumerate(counts)])) == []


def test_rows_without_a_figure_are_no_points() -> None:
    rows = [
        Row(1, T0 + timedelta(seconds=10), {"error_rate": 0.02}),
        Row(2, T0 + timedelta(seconds=20), {"error_rate": None}),
    ]
    assert list(row_points(rows, T0, "error_rate", 100.0)) == [Point(10.0, 2.0)]
