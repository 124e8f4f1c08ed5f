"""Percentiles of cumulative buckets, as PromQL computes them, with the bucket's bounds."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.analysis.quantile import bounds_of, well_formed

BUCKETS = ((0.1, 90.0), (0.25, 96.0), (0.5, 100.0), (inf, 100.0))


def test_p95_is_interpolated_inside_its_bucket() -> None:
    """Rank 95 is the 5th of 6 values between 0.1 and 0.25: 0.1 + 0.15 x 5/6 = 0.225."""
    bounds = bounds_of(BUCKETS, 95)
    assert bounds is not None
    assert bounds.value_s == pytest.approx(0.225)
    assert (bounds.lower_s, bounds.upper_s, bounds.saturated) == (0.1, 0.25, False)


def test_the_first_bucket_begins_at_zero() -> None:
    bounds = bounds_of(BUCKETS, 45)
    assert bounds is not None
    assert bounds.value_s == pytest.approx(0.05)
    assert bounds.lower_s == 0


def test_a_percentile_in_the_last_bucket_is_the_highest_finite_bound_and_says_so() -> None:
    bounds = bounds_of(((0.1, 50.0), (0.25, 60.0), (inf, 100.0)), 99)
    assert bounds is not None
    assert (bounds.value_s, bounds.lower_s, bounds.upper_s) == (0.25, 0.25, inf)
    assert bounds.saturated


@pytest.mark.parametrize(
    "buckets",
    [
        (),
        ((inf, 5.0),),
        ((0.1, 5.0), (0.2, 6.0)),
        ((0.1, 0.0), (inf, 0.0)),
        ((0.1, 5.0), (0.2, 4.0), (inf, 6.0)),
        ((0.2, 5.0), (0.1, 5.0), (inf, 6.0)),
        ((0.1, -1.0), (inf, 6.0)),
    ],
    ids=["none", "no finite bound", "no +Inf", "no observation", "not cumulative", "not ascending", "negative"],
)
def test_buckets_that_are_none_have_no_percentile(buckets: tuple[tuple[float, float], ...]) -> None:
    assert not well_formed(buckets)
    assert bounds_of(buckets, 95) is None


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=8).filter(any), st.floats(0, 100))
def test_the_value_lies_in_its_bucket(counts: list[int], percentile: float) -> None:
    cumulative = [sum(counts[: at + 1]) for at in range(len(counts))]
    edges = [0.01 * 2**at for at in range(len(counts) - 1)] + [inf]
    bounds = bounds_of(tuple(zip(edges, map(float, cumulative), strict=True)), percentile)
    assert bounds is not None
    assert bounds.value_s is not None
    assert bounds.lower_s <= bounds.value_s <= bounds.upper_s
