"""Recorded due times as a schedule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.core.units import NS_PER_S
from loadgen.pace.schedule import Share
from loadgen.pace.trace import TraceSchedule

DUES = st.lists(st.integers(0, 10 * NS_PER_S - 1), max_size=200).map(sorted)


@settings(deadline=None)
@given(DUES, st.integers(1, 5), st.integers(1, 50), st.integers(-5, 11 * NS_PER_S))
def test_the_shares_of_n_workers_partition_the_trace(dues: list[int], count: int, block: int, offset_ns: int) -> None:
    schedule = TraceSchedule(np.array(dues, np.int64), 10 * NS_PER_S)
    found = {}
    for index in range(count):
        share = Share(schedule, index, count)
        position = 0
        while part := share.block(position, block):
            found.update({share.number(position + at): due for at, due in enumerate(part)})
            position += len(part)

    assert [found[i] for i in range(len(dues))] == dues == [schedule.due_ns(i) for i in range(len(dues))]
    assert schedule.arrived_by(offset_ns) == sum(1 for due in dues if due <= offset_ns)


def test_the_rate_at_an_instant_is_what_the_second_around_it_holds() -> None:
    schedule = TraceSchedule(np.array([0, 10, NS_PER_S, 5 * NS_PER_S]), 6 * NS_PER_S)

    assert [schedule.rate_per_s(at * NS_PER_S) for at in (-1, 0, 1, 3, 5, 6)] == [0, 2, 1, 0, 1, 0]


@pytest.mark.parametrize("dues", [[5, 4], [-1], [10]])
def test_times_out_of_order_or_outside_the_duration_are_refused(dues: list[int]) -> None:
    with pytest.raises(ValueError, match="in order and within its duration"):
        TraceSchedule(np.array(dues), 10)
    with pytest.raises(IndexError, match="arrival 1 of 1"):
        TraceSchedule(np.array([3]), 10).due_ns(1)
