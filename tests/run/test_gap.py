"""The variation of gaps over all workers."""

from __future__ import annotations

import pytest

from loadgen.run.gap import Gaps


def test_the_variation_is_the_root_mean_square_over_the_ideal_gap() -> None:
    assert Gaps.of([{"gap_squares": 100 * 50.0**2, "gaps": 100, "gap_ideal_ns": 1_000.0}]).cv == 0.05


def test_each_worker_is_measured_by_the_gap_of_its_own_share() -> None:
    slow = {"gap_squares": 30 * 300.0**2, "gaps": 30, "gap_ideal_ns": 3_000.0}
    fast = {"gap_squares": 90 * 100.0**2, "gaps": 90, "gap_ideal_ns": 1_000.0}

    assert Gaps.of([slow, fast]).cv == pytest.approx(0.1)


def test_without_a_gap_nothing_is_claimed() -> None:
    assert Gaps.of([]).cv is None
    assert Gaps.of([{}, {"gap_squares": 0.0, "gaps": 0, "gap_ideal_ns": 0.0}]).cv is None


def test_parts_are_added_by_their_gaps() -> None:
    """300 gaps at 0.1 and 100 at 0.3: the root of (300 x 0.01 + 100 x 0.09) / 400 is the root of 0.03."""
    both = Gaps.again(0.1, 300) + Gaps.again(0.3, 100)

    assert both.count == 400
    assert both.cv == pytest.approx(0.03**0.5, abs=1e-6)
    assert Gaps.again(None, 0) == Gaps()
