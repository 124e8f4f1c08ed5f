"""The window rebuilt from metrics.csv alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reports.analysis.deltas import total, window_from_rows
from reports.model.server import Row

T0 = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def row(number: int, at_s: float, **values: float | None) -> Row:
    return Row(number, T0 + timedelta(seconds=at_s), values)


def test_a_total_is_last_minus_start() -> None:
    rows = [row(1, 10, cache_hits_raw=150.0), row(2, 20, cache_hits_raw=190.0)]
    assert total(rows, "cache_hits_raw", start=100.0) == 90


def test_a_restart_adds_the_new_value() -> None:
    """100 to 150 is 50, then the counter restarts and reaches 30, then 45: 50 + 30 + 15."""
    rows = [row(number, number * 10, n=value) for number, value in enumerate((150.0, 30.0, 45.0), 1)]
    assert total(rows, "n", start=100.0) == 95


def test_rows_without_a_figure_are_passed_over_and_nothing_to_subtract_is_none() -> None:
    assert total([row(1, 10, n=None), row(2, 20, n=7.0)], "n", start=5.0) == 2
    assert total([row(1, 10, n=7.0)], "n", start=None) is None


def test_ratios_are_weighted_by_requests() -> None:
    """90 requests all good and 10 half good make 95 of 100, where the rows' average is 75 %."""
    window = window_from_rows(
        [row(1, 10, request_rate=9.0, http_success_rate=1.0), row(2, 20, request_rate=1.0, http_success_rate=0.5)],
        {},
        T0,
    )
    assert window is not None
    assert window.requests == pytest.approx(100)
    assert window.success == pytest.approx(95)
    assert window.elapsed_s == 20


def test_real_elapsed_time_divides_also_across_a_lost_row() -> None:
    lost = Row(2, T0 + timedelta(seconds=20), {"request_rate": None})
    window = window_from_rows([row(1, 10, request_rate=10.0), lost, row(3, 30, request_rate=10.0)], {}, T0)
    assert window is not None
    assert window.requests == pytest.approx(300)


def test_a_ratio_missing_where_there_were_requests_is_not_guessed() -> None:
    window = window_from_rows(
        [row(1, 10, request_rate=1.0, error_rate_4xx=0.1), row(2, 20, request_rate=1.0, error_rate_4xx=None)], {}, T0
    )
    assert window is not None
    assert window.errors_4xx is None


def test_percentiles_of_rows_are_only_bounds() -> None:
    window = window_from_rows([row(1, 10, p95_latency=0.04), row(2, 20, p95_latency=0.09)], {}, T0)
    assert window is not None
    assert (window.percentiles["p95"].value_s, window.percentiles["p95"].lower_s) == (None, 0.04)
    assert window.percentiles["p95"].upper_s == 0.09


def test_no_measured_row_is_no_window() -> None:
    assert window_from_rows([row(1, 10, request_rate=None)], {}, T0) is None
