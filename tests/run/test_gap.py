"""The variation of gaps over all workers."""

from __future__ import annotations

import pytest

from loadgen.run.gap import gap_cv


def test_the_variation_is_the_root_mean_square_over_the_ideal_gap() -> None:
    assert gap_cv([{"gap_squares": 100 * 50.0**2, "gaps": 100, "gap_ideal_ns": 1_000.0}]) == 0.05


def test_each_worker_is_measured_by_the_gap_of_its_own_share() -> None:
    slow = {"gap_squares": 30 * 300.0**2, "gaps": 30, "gap_ideal_ns": 3_000.0}
    fast = {"gap_squares": 90 * 100.0**2, "gaps": 90, "gap_ideal_ns": 1_000.0}

    assert gap_cv([slow, fast]) == pytest.approx(0.1)


def test_without_a_gap_nothing_is_claimed() -> None:
    assert gap_cv([]) is None
    assert gap_cv([{}, {"gap_squares": 0.0, "gaps": 0, "gap_ideal_ns": 0.0}]) is None
