"""The mix: the same endpoint for the same arrival, whoever sends it, in proportion to the weights."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.plan.sequence import Mix
from loadgen.worker.ways import divide_by_weight


@given(st.lists(st.integers(0, 9), min_size=2, max_size=5).filter(any), st.integers(0, 1 << 63), st.integers(1, 6))
def test_the_choice_does_not_depend_on_the_number_of_workers(weights: list[int], seed: int, workers: int) -> None:
    mix = Mix(weights, seed)
    whole = mix.choose(0, 1, 600)

    for index in range(workers):
        assert mix.choose(index, workers, 60) == whole[index::workers][:60]


def test_shares_follow_the_weights_and_a_weight_of_zero_is_never_chosen() -> None:
    chosen = Counter(Mix([6, 3, 0, 1], seed=7).choose(0, 1, 100_000))

    assert chosen[2] == 0
    assert [round(chosen[number] / 100_000, 2) for number in (0, 1, 3)] == [0.6, 0.3, 0.1]


def test_another_seed_is_another_sequence() -> None:
    assert Mix([1, 1], 1).choose(0, 1, 64) != Mix([1, 1], 2).choose(0, 1, 64)


def test_weights_that_choose_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match=r"not all 0: \[0, 0\]"):
        Mix([0, 0], 1)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(6, 300))
def test_connections_are_divided_completely_and_everybody_gets_one(weights: list[int], amount: int) -> None:
    parts = divide_by_weight(amount, weights)

    assert sum(parts) == amount
    assert min(parts) >= 1


def test_fewer_connections_than_origins_are_refused() -> None:
    with pytest.raises(ValueError, match="1 connections in this worker for 2 origins: raise the concurrency"):
        divide_by_weight(1, [1, 1])
