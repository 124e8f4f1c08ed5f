"""Shares are exact, and no count ever falls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.drill.mixture import Mixture, Spread

mixtures = st.lists(st.integers(0, 100), min_size=0, max_size=4).map(
    lambda cuts: Mixture(tuple(high - low for low, high in zip([0, *sorted(cuts)], [*sorted(cuts), 100], strict=True)))
)


@given(mixtures, st.integers(0, 100_000))
def test_the_kinds_add_up_to_the_events(mixture: Mixture, events: int) -> None:
    assert sum(mixture.counts(events)) == events


@given(mixtures, st.integers(0, 1_000), st.integers(0, 300))
def test_no_kind_falls_as_events_come(mixture: Mixture, events: int, more: int) -> None:
    assert all(later >= now for now, later in zip(mixture.counts(events), mixture.counts(events + more), strict=True))


@given(mixtures, st.integers(0, 50))
def test_after_each_hundred_the_shares_are_exact(mixture: Mixture, hundreds: int) -> None:
    assert mixture.counts(100 * hundreds) == tuple(share * hundreds for share in mixture.per_hundred)


def test_the_events_of_a_kind_are_spread_evenly() -> None:
    mixture = Mixture((98, 2))
    assert [at for at in range(1, 101) if mixture.counts(at)[1] > mixture.counts(at - 1)[1]] == [26, 76]


def test_shares_that_are_no_hundred_are_refused() -> None:
    with pytest.raises(ValueError, match="must add up to 100"):
        Mixture((98, 3))


@given(st.integers(0, 1_000))
def test_buckets_are_cumulative_and_their_sum_is_that_of_the_durations(events: int) -> None:
    spread = Spread((0.1, 1.0, 2.0), ((0.1, 50), (0.5, 40), (3.0, 10)))
    low, middle, high = (count for _, count in spread.cumulative(events))
    assert low <= middle == high <= events
    assert spread.total_s(events) == pytest.approx(0.1 * low + 0.5 * (middle - low) + 3.0 * (events - high))


def test_a_duration_that_equals_a_bound_belongs_to_its_bucket() -> None:
    assert Spread((0.6,), ((0.6, 100),)).cumulative(7) == ((0.6, 7),)


def test_percentiles_are_those_of_the_durations() -> None:
    spread = Spread((), ((0.8, 50), (2.5, 45), (4.0, 5)))
    assert (spread.percentile_s(50), spread.percentile_s(95), spread.percentile_s(96)) == (0.8, 2.5, 4.0)
