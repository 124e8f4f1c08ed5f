"""Runs of days, and runs that go on after a break: exact to the last arrival, and nothing kept."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.core.shape import Arrival, Stage
from loadgen.core.units import NS_PER_S, parse_rate
from loadgen.pace.build import schedule_of
from loadgen.pace.schedule import Remainder, Schedule, Share
from loadgen.pace.stage import pieces_of
from loadgen.plan.model import LoadPlan

if TYPE_CHECKING:
    from fractions import Fraction

    from loadgen.pace.schedule import Arrivals

HOUR_NS = 3_600 * NS_PER_S
TWO_DAYS = LoadPlan((Stage(parse_rate("80"), 48 * HOUR_NS),), ())
DAYS_OF_STAGES = LoadPlan(
    (
        Stage(parse_rate("0.3"), 24 * HOUR_NS, parse_rate("100")),
        Stage(parse_rate("1/3s"), HOUR_NS),
        Stage(parse_rate("100"), 23 * HOUR_NS, parse_rate("7")),
    ),
    (),
)
SMALL = st.lists(
    st.builds(
        Stage,
        st.integers(1, 90).map(lambda n: parse_rate(str(n))),
        st.integers(0, 3 * NS_PER_S),
        st.one_of(st.none(), st.integers(1, 90).map(lambda n: parse_rate(str(n)))),
    ),
    min_size=1,
    max_size=3,
)


def test_each_hour_of_two_days_at_80_a_second_has_288000_arrivals() -> None:
    schedule = schedule_of(TWO_DAYS)
    marks = [schedule.arrived_by(hour * HOUR_NS - 1) for hour in range(49)]

    assert [after - before for before, after in pairwise(marks)] == [288_000] * 48
    assert schedule.due_ns(schedule.total - 1) == 48 * HOUR_NS - 12_500_000


@pytest.mark.parametrize(
    "schedule",
    [
        schedule_of(TWO_DAYS),
        schedule_of(DAYS_OF_STAGES),
        schedule_of(LoadPlan(TWO_DAYS.stages, (), arrival=Arrival.POISSON)),
        schedule_of(LoadPlan((Stage(parse_rate("20000"), 600 * NS_PER_S),), (), arrival=Arrival.POISSON)),
    ],
    ids=["two days", "days of stages", "two days at random", "ten minutes at 20,000/s at random"],
)
def test_going_through_a_long_schedule_keeps_nothing(schedule: Arrivals) -> None:
    share = Share(schedule, 0, 2)
    share.block(0, 512)
    tracemalloc.start()
    try:
        for position in range(0, share.total - 512, share.total // 300):
            assert len(share.block(position, 512)) == 512
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 200_000


@settings(deadline=None)
@given(SMALL, st.fractions(0, 1), st.integers(1, 4), st.booleans())
def test_a_schedule_that_is_entered_later_has_the_arrivals_that_are_left(
    stages: list[Stage], share_done: Fraction, count: int, random: bool
) -> None:
    arrival = Arrival.POISSON if random else Arrival.CONSTANT
    whole = schedule_of(LoadPlan(tuple(stages), (), arrival=arrival))
    skip_ns = int(whole.duration_ns * share_done)
    rest = schedule_of(LoadPlan(tuple(stages), (), arrival=arrival, skip_ns=skip_ns))

    expected = {number: due - skip_ns for number, due in enumerate(whole.block(0, 1, 10_000)) if due >= skip_ns}
    found = {
        share.number(at): due
        for share in (Share(rest, index, count) for index in range(count))
        for at, due in enumerate(share.block(0, 10_000))
    }

    assert found == expected
    assert sum(Share(rest, index, count).total for index in range(count)) == len(expected)
    assert rest.duration_ns == whole.duration_ns - skip_ns
    assert rest.arrived_by(NS_PER_S) - rest.first == sum(1 for due in expected.values() if due <= NS_PER_S)


def test_a_schedule_cannot_be_entered_after_its_end_nor_before_its_first_arrival() -> None:
    second = Schedule(pieces_of([Stage(parse_rate("4"), NS_PER_S)]))

    with pytest.raises(ValueError, match="cannot be entered at 1000000001 ns"):
        Remainder(second, NS_PER_S + 1)
    with pytest.raises(IndexError, match="arrival 1 comes before the first, 2"):
        Remainder(second, NS_PER_S // 2).due_ns(1)
    assert Remainder(second, NS_PER_S // 2).due_ns(2) == 0
    assert Remainder(second, NS_PER_S).total == Remainder(second, NS_PER_S).first
