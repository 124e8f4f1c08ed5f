"""Figures as people read them."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.analysis.quantity import Unit, count, duration, limit, plural, show


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0 ms"), (0.0000304, "0.030 ms"), (0.00123, "1.23 ms"), (0.0123, "12.3 ms"), (0.4123, "412 ms"),
     (1.2, "1,200 ms"), (inf, "∞"), (None, "NA")],
)  # fmt: skip
def test_seconds_are_shown_as_milliseconds_with_three_digits(seconds: float | None, text: str) -> None:
    assert show(seconds, Unit.SECONDS) == text


@pytest.mark.parametrize(
    ("value", "unit", "beside", "text"),
    [
        (1.0, Unit.PERCENT, 1.0, "1.00 %"),
        (1.0004, Unit.PERCENT, 1.0, "1.0004 %"),
        (97.9999, Unit.PERCENT, 98.0, "97.9999 %"),
        (0.1500004, Unit.SECONDS, 0.150, "150.0004 ms"),
        (500.04, Unit.MEGABYTES, 500.0, "500.04 MB"),
    ],
)
def test_a_figure_that_misses_its_limit_never_reads_like_it(value: float, unit: Unit, beside: float, text: str) -> None:
    assert show(value, unit, beside=beside) == text


@given(st.floats(0, 200), st.floats(0, 200))
def test_two_figures_that_differ_clearly_read_differently(value: float, bound: float) -> None:
    if abs(value - bound) > 1e-7:
        shown = show(value, Unit.PERCENT, beside=bound)
        assert float(shown.removesuffix(" %").replace(",", "")) != bound


def test_limits_have_no_decimals_that_are_only_zeros() -> None:
    assert limit(0.15, Unit.SECONDS) == "150 ms"
    assert limit(99.5, Unit.PERCENT) == "99.5 %"
    assert limit(500, Unit.MEGABYTES) == "500 MB"


def test_counts_have_thousands_separators() -> None:
    assert (count(576_000), count(None)) == ("576,000", "NA")
    assert (plural(1, "row"), plural(2, "row")) == ("1 row", "2 rows")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.25, "4.25s"), (59.0, "59s"), (60, "1m"), (75, "1m 15s"), (7200, "2h"), (7199.6, "2h"), (90_061, "25h 1m 1s"),
     (0, "0s"), (None, "NA")],
)  # fmt: skip
def test_durations_are_short(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
