"""Due times: exact counts, exact instants, and shares that are the whole schedule."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.units import NS_PER_S, parse_rate
from loadgen.pace.schedule import Schedule, Share, split_evenly
from loadgen.pace.stage import ConstantStage

STAGES = st.builds(
    ConstantStage,
    count=st.integers(1, 50_000),
    per_ns=st.sampled_from([1, 7, 1_000, 3 * NS_PER_S, NS_PER_S, 60 * NS_PER_S]).map(lambda per: per * 1_000),
    duration_ns=st.integers(0, 20 * NS_PER_S),
).filter(lambda stage: stage.arrivals <= 3_000)
SCHEDULES = st.lists(STAGES, min_size=1, max_size=4).map(Schedule)


def constant(rate: str, duration_s: float) -> Schedule:
    exact = parse_rate(rate)
    return Schedule([ConstantStage(exact.count, exact.per_ns, int(duration_s * NS_PER_S))])


@pytest.mark.parametrize(
    ("rate", "duration_s", "total"),
    [
        ("0.5", 7, 3),
        ("80", 10, 800),
        ("101", 3, 303),
        ("200", 0.999, 199),
        ("1000", 2, 2_000),
        ("10000", 1, 10_000),
        ("1000/m", 90, 1_500),
        ("1/3s", 8, 2),
        ("20000", 7 * 86_400, 12_096_000_000),
    ],
)
def test_the_number_of_arrivals_is_rate_times_duration_rounded_down(rate: str, duration_s: float, total: int) -> None:
    schedule = constant(rate, duration_s)

    assert schedule.total == total
    assert len(schedule.block(max(0, total - 10), 1, 100)) == min(10, total)


def test_due_times_of_three_a_second_are_the_thirds_rounded_down() -> None:
    assert constant("3", 2).block(0, 1, 10) == [0, 333333333, 666666666, 1000000000, 1333333333, 1666666666]


def test_the_last_arrival_of_a_week_is_still_exact_to_the_nanosecond() -> None:
    schedule = constant("30000", 7 * 86_400)

    last = schedule.total - 1
    assert schedule.due_ns(last) == last * 100_000 // 3
    assert schedule.due_ns(last) < schedule.duration_ns


def test_a_stage_takes_over_the_fraction_of_an_arrival_that_is_left() -> None:
    schedule = Schedule([ConstantStage(1, NS_PER_S, 1_500_000_000), ConstantStage(2, NS_PER_S, NS_PER_S)])

    assert schedule.block(0, 1, 9) == [0, 1_000_000_000, 1_750_000_000]
    assert schedule.duration_ns == 2_500_000_000


def test_nothing_is_due_in_a_pause_and_its_arrivals_come_after_it() -> None:
    pause = ConstantStage(0, 1, NS_PER_S)
    two = ConstantStage(2, NS_PER_S, NS_PER_S)

    assert Schedule([pause, two, pause, two]).block(0, 1, 9) == [NS_PER_S, 1_500_000_000, 3 * NS_PER_S, 3_500_000_000]


@given(SCHEDULES)
def test_due_times_never_decrease_and_stay_inside_the_duration(schedule: Schedule) -> None:
    dues = schedule.block(0, 1, schedule.total + 1)

    assert len(dues) == schedule.total
    assert dues == sorted(dues)
    assert all(0 <= due < schedule.duration_ns for due in dues)
    assert dues == [schedule.due_ns(i) for i in range(schedule.total)]


@given(STAGES)
def test_a_stage_has_floor_of_rate_times_duration_arrivals(stage: ConstantStage) -> None:
    exact = Fraction(stage.count, stage.per_ns) * stage.duration_ns

    assert stage.arrivals == exact.numerator // exact.denominator


@given(SCHEDULES, st.integers(-5, 90 * NS_PER_S))
def test_arrived_by_counts_the_due_times_up_to_an_instant(schedule: Schedule, offset_ns: int) -> None:
    dues = schedule.block(0, 1, schedule.total)

    assert schedule.arrived_by(offset_ns) == sum(1 for due in dues if due <= offset_ns)


@given(SCHEDULES, st.integers(1, 7), st.integers(1, 50))
def test_the_shares_of_n_workers_are_the_schedule_and_nothing_twice(schedule: Schedule, count: int, block: int) -> None:
    taken = []
    for index in range(count):
        share = Share(schedule, index, count)
        position, dues = 0, []
        while part := share.block(position, block):
            dues += part
            position += len(part)
        assert len(dues) == share.total
        assert share.arrived_by(schedule.duration_ns) == share.total
        taken += [(share.number(position), due) for position, due in enumerate(dues)]

    assert sorted(taken) == list(enumerate(schedule.block(0, 1, schedule.total)))


def test_an_arrival_outside_the_schedule_and_a_foreign_worker_are_refused() -> None:
    schedule = constant("1", 2)

    with pytest.raises(IndexError, match="arrival 2 of 2"):
        schedule.due_ns(2)
    with pytest.raises(ValueError, match="worker 2 of 2"):
        Share(schedule, 2, 2)
    with pytest.raises(ValueError, match="at least one stage"):
        Schedule([])


@given(st.integers(0, 1_000), st.integers(1, 17))
def test_an_even_split_adds_up_and_differs_by_one_at_most(amount: int, count: int) -> None:
    parts = [split_evenly(amount, index, count) for index in range(count)]

    assert sum(parts) == amount
    assert max(parts) - min(parts) <= 1
    assert parts == sorted(parts, reverse=True)
