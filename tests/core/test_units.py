"""Durations and rates are exact and say what they accept."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.units import NS_PER_S, Rate, format_duration, parse_duration_ns, parse_rate


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("300ms", 300_000_000),
        ("30s", 30 * NS_PER_S),
        ("10m", 600 * NS_PER_S),
        ("2h", 7_200 * NS_PER_S),
        ("1h30m", 5_400 * NS_PER_S),
        ("2d", 172_800 * NS_PER_S),
        ("0.5s", 500_000_000),
        ("15us", 15_000),
        (" 5S ", 5 * NS_PER_S),
    ],
)
def test_a_duration_is_read_exactly(text: str, expected_ns: int) -> None:
    assert parse_duration_ns(text) == expected_ns


@pytest.mark.parametrize("text", ["", "5", "s", "5 parsecs", "-5s", "5s later", "1h-30m", "1e3s"])
def test_what_is_no_duration_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a duration: write it as 300ms, 30s, 10m, 2h or 1h30m"):
        parse_duration_ns(text)


def test_a_bare_number_is_seconds_only_where_the_name_says_so() -> None:
    assert parse_duration_ns("600", bare_seconds=True) == 600 * NS_PER_S
    with pytest.raises(ValueError, match="a bare number has no unit"):
        parse_duration_ns("600")


@given(st.integers(min_value=0, max_value=10**17))
def test_a_written_duration_reads_back(duration_ns: int) -> None:
    whole_us = duration_ns - duration_ns % 1_000
    assert parse_duration_ns(format_duration(whole_us)) == whole_us


@pytest.mark.parametrize(
    ("text", "count", "per_ns"),
    [
        ("80", 2, 25_000_000),
        ("0.5", 1, 2 * NS_PER_S),
        ("50/1s", 1, 20_000_000),
        ("1000/m", 1, 60_000_000),
        ("10/100ms", 1, 10_000_000),
    ],
)
def test_a_rate_is_an_exact_ratio_in_lowest_terms(text: str, count: int, per_ns: int) -> None:
    assert parse_rate(text) == Rate(count, per_ns)


@pytest.mark.parametrize("text", ["0", "0/s", "5/0s"])
def test_a_rate_of_zero_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^a rate must be greater than 0$"):
        parse_rate(text)


@pytest.mark.parametrize("text", ["", "-5", "fast", "80 rps", "1e3"])
def test_what_is_no_rate_is_refused_with_what_is_accepted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a rate: write it as 80, 0\.5, 50/1s or 1000/m$"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("rate", "seconds", "expected"), [("0.5", 3, 1), ("80", 7200, 576_000), ("101", 10, 1010), ("1/3s", 10, 3)]
)
def test_arrivals_are_the_floor_of_rate_times_duration(rate: str, seconds: int, expected: int) -> None:
    assert parse_rate(rate).arrivals_in(seconds * NS_PER_S) == expected


@given(st.integers(1, 10**6), st.integers(1, 10**12))
def test_a_written_rate_reads_back(count: int, per_us: int) -> None:
    rate = Rate(count, per_us * 1_000)
    assert parse_rate(str(rate)) == rate


@given(st.fractions(min_value=Fraction(1, 1000), max_value=100_000))
def test_a_rate_from_a_number_per_second_keeps_it_exactly(value: Fraction) -> None:
    rate = Rate.per_second(value)
    assert Fraction(rate.count * NS_PER_S, rate.per_ns) == value
