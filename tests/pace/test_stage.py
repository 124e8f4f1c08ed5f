"""Ramps and their sequence: due times are the floor of the exact root, counts follow the integral."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.core.shape import Stage
from loadgen.core.units import NS_PER_S, Rate, parse_rate
from loadgen.pace.build import schedule_of
from loadgen.pace.schedule import Schedule, Share
from loadgen.pace.stage import ConstantStage, RampStage, pieces_of
from loadgen.plan.model import LoadPlan

PER = st.sampled_from([1_000, 7_919, 1_000_003, NS_PER_S, 60 * NS_PER_S])
RATES = st.builds(lambda count, per: Rate(count, per * 1_000), st.integers(0, 5_000), PER)
STAGES = st.builds(
    Stage, RATES, st.integers(0, 5 * NS_PER_S), st.one_of(st.none(), RATES)
).filter(lambda stage: stage.peak.per_s * stage.duration_ns < 800 * NS_PER_S)  # fmt: skip
LISTS = st.lists(STAGES, min_size=1, max_size=5)


def amount_by(stages: list[Stage], offset_ns: int) -> Fraction:
    """Return the integral of the rate by an offset, from the definition."""
    total = Fraction(0)
    for stage in stages:
        x = min(max(offset_ns, 0), stage.duration_ns)
        begin = Fraction(stage.rate.count, stage.rate.per_ns)
        end = begin if stage.to is None else Fraction(stage.to.count, stage.to.per_ns)
        if stage.duration_ns:
            total += begin * x + (end - begin) * x * x / (2 * stage.duration_ns)
        offset_ns -= stage.duration_ns
    return total


def schedule(stages: list[Stage]) -> Schedule:
    return Schedule(pieces_of(stages))


def ramp(first: str, last: str, seconds: int) -> Stage:
    zero = Rate(0, 1)
    read = [zero if text == "0" else parse_rate(text) for text in (first, last)]
    return Stage(read[0], seconds * NS_PER_S, read[1])


def test_a_ramp_from_0_to_2_over_2_s_is_due_at_the_square_roots() -> None:
    """The integral of t is t^2 / 2, so arrival i is due at sqrt(2 i)."""
    assert schedule([ramp("0", "2", 2)]).block(0, 1, 9) == [0, 1_414_213_562]
    assert schedule([ramp("0", "10", 10)]).block(0, 1, 4) == [0, 1_414_213_562, 2_000_000_000, 2_449_489_742]


def test_a_falling_ramp_is_the_rising_one_in_the_mirror() -> None:
    """From 4/s to 0 over 2 s: 4 t - t^2 = i at t = 2 - sqrt(4 - i)."""
    assert schedule([ramp("4", "0", 2)]).block(0, 1, 9) == [0, 267_949_192, 585_786_437, NS_PER_S]


@pytest.mark.parametrize(
    ("stages", "total"),
    [
        ([ramp("20", "100", 30)], 1_800),
        ([ramp("0", "1000", 10), ramp("1000", "0", 10)], 10_000),
        ([Stage(parse_rate("0.5"), NS_PER_S), Stage(parse_rate("0.5"), NS_PER_S)], 1),
        ([ramp("1", "2", 1), ramp("2", "1", 1)], 3),
        ([ramp("0.1", "20000", 86_400)], 864_004_320),
    ],
)
def test_the_number_of_arrivals_is_the_area_under_the_rate(stages: list[Stage], total: int) -> None:
    assert schedule(stages).total == total


def test_the_last_arrival_of_a_ramp_over_a_day_is_still_the_exact_root() -> None:
    stages = [ramp("0.1", "20000", 86_400)]
    whole = schedule(stages)
    last = whole.total - 1

    due = whole.due_ns(last)

    assert amount_by(stages, due) <= last < amount_by(stages, due + 1)


@settings(deadline=None)
@given(LISTS)
def test_each_due_time_is_the_last_ns_at_which_the_integral_has_not_passed_its_number(stages: list[Stage]) -> None:
    dues = schedule(stages).block(0, 1, 10_000)

    assert len(dues) == floor(amount_by(stages, 10**12))
    assert dues == sorted(dues)
    for i, due in enumerate(dues):
        assert amount_by(stages, due) <= i < amount_by(stages, due + 1)


@settings(deadline=None)
@given(LISTS, st.integers(-5, 30 * NS_PER_S), st.integers(0, 30 * NS_PER_S))
def test_the_count_of_any_window_is_the_integral_within_one(stages: list[Stage], begin: int, length: int) -> None:
    """What is left of an arrival at the very end is not sent: windows that reach beyond the last one are cut there."""
    made = schedule(stages)
    dues = made.block(0, 1, 10_000)
    end = min(begin + length, dues[-1] + 1 if dues else 0)
    begin = min(begin, end)

    inside = sum(1 for due in dues if begin <= due < end)

    assert abs(inside - (amount_by(stages, end) - amount_by(stages, begin))) <= 1
    assert made.arrived_by(begin) == sum(1 for due in dues if due <= begin)


@settings(deadline=None)
@given(LISTS, st.integers(1, 5))
def test_the_shares_of_n_workers_partition_the_schedule(stages: list[Stage], count: int) -> None:
    whole = schedule(stages)
    shares = [Share(whole, index, count) for index in range(count)]

    parts = {share.number(at): due for share in shares for at, due in enumerate(share.block(0, 10_000))}

    assert [parts[i] for i in range(len(parts))] == whole.block(0, 1, 10_000)
    assert sum(share.total for share in shares) == whole.total


@settings(deadline=None)
@given(LISTS)
def test_the_float_inverse_agrees_with_the_exact_one(stages: list[Stage]) -> None:
    import numpy as np

    for piece in pieces_of(stages):
        whole = piece.amount(piece.duration_ns)
        if whole > 1:
            exact = piece.dues(range(ceil(whole)), Fraction(0), 0)
            floats = piece.times(np.arange(ceil(whole), dtype=np.float64))
            assert np.allclose(exact, floats, rtol=1e-9, atol=2)


def test_the_rate_at_an_instant_lies_on_the_line() -> None:
    made = schedule_of(LoadPlan((ramp("20", "100", 4), Stage(parse_rate("50"), NS_PER_S)), ()))

    assert [made.rate_per_s(x * NS_PER_S // 2) for x in (-1, 0, 2, 4, 8, 9, 10)] == [0, 20, 40, 60, 50, 50, 0]


def test_a_ramp_between_equal_rates_is_a_constant_stage() -> None:
    assert pieces_of([ramp("5", "5", 1)]) == (ConstantStage(1, 200_000_000, NS_PER_S),)
    with pytest.raises(ValueError, match="a ramp needs two rates and a duration"):
        RampStage(5, 5, 1, 1)
