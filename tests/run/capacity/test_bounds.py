"""The statistics of a step, against values computed by hand or known from tables."""

from __future__ import annotations

from random import Random

import pytest

from loadgen.run.capacity.bounds import caution, dispersion, mean_interval, student, trend, wilson, z_of_look


def test_alpha_is_spread_evenly_over_the_looks() -> None:
    assert z_of_look(0.05, 1) == pytest.approx(1.6449, abs=1e-4)
    assert z_of_look(0.05, 5) == pytest.approx(2.3263, abs=1e-4)


def test_wilson_bounds_match_the_textbook() -> None:
    # 10 of 100 at 95 %, two-sided: 5.52 % to 17.44 %
    bounds = wilson(10, 100, 1.959964)
    assert (bounds.estimate, bounds.low, bounds.high) == pytest.approx((0.1, 0.0552, 0.1744), abs=1e-4)


def test_a_share_of_nothing_is_unknown() -> None:
    assert (wilson(0, 0, 2.0).low, wilson(0, 0, 2.0).high) == (0.0, 1.0)


def test_independent_requests_are_not_dispersed_and_clumped_ones_are() -> None:
    rng = Random(1)
    independent = [sum(rng.random() < 0.01 for _ in range(1_000)) for _ in range(60)]
    assert dispersion(independent, [1_000] * 60) < 1.7
    # the same requests, twenty at a time: 0 or 20 in a second, p = 1 %: D is about 20
    clumped = [20 * (rng.random() < 0.5) for _ in range(200)]
    assert dispersion(clumped, [1_000] * 200) == pytest.approx(10, rel=0.2)


@pytest.mark.parametrize(("events", "trials"), [([], []), ([1], [10]), ([0, 0], [10, 10]), ([3, 0], [10, 0])])
def test_too_little_to_see_clumps_counts_as_none(events: list[int], trials: list[int]) -> None:
    assert dispersion(events, trials) == 1.0


def test_few_seconds_call_for_caution() -> None:
    # (m - 1) / chi-square of m - 1 degrees at 10 %: 4 / 1.064, 9 / 4.168, 29 / 19.77
    assert [caution(5), caution(10), caution(30)] == pytest.approx([3.76, 2.16, 1.467], rel=0.01)
    assert caution(1) > 10


@pytest.mark.parametrize(
    ("degrees", "confidence_z", "expected"),
    [
        (1, 1.6448536, 6.3138),
        (2, 1.6448536, 2.9200),
        (4, 1.6448536, 2.1318),
        (5, 2.3263479, 3.3649),
        (9, 2.3263479, 2.8214),
    ],
)
def test_students_quantiles_match_the_table(degrees: int, confidence_z: float, expected: float) -> None:
    assert student(confidence_z, degrees) == pytest.approx(expected, rel=0.01)


def test_one_value_bounds_no_mean() -> None:
    assert mean_interval([3.0], 2.0).low == float("-inf")
    # 1, 2, 3: mean 2, s = 1, t(2) at 95 % = 2.92, / sqrt 3
    assert mean_interval([1.0, 2.0, 3.0], 1.6448536).high == pytest.approx(2 + 2.92 / 3**0.5, rel=0.001)


def test_a_rising_series_has_a_slope_and_a_certainty() -> None:
    # five rising values: S = 10, variance 5 x 4 x 15 / 18, z = 9 / 4.082
    rising = trend([1.0, 3.0, 5.0, 7.0, 9.0])
    assert (rising.slope, rising.z) == pytest.approx((2.0, 2.2045), abs=1e-3)
    assert trend([5.0, 5.0, 5.0, 5.0]) == trend([1.0])
    assert trend([9.0, 7.0, 5.0]).z < 0
