"""Merging the workers' accounts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.messages import Final, Interval, Tick
from loadgen.core.units import NS_PER_S
from loadgen.run.merge import IntervalMerge, Row, TickMerge, differences, sum_of_finals

T0 = 1_000 * NS_PER_S


def interval(k: int, done: int, **more: int) -> Interval:
    return Interval(k, done, done, done, {}, {}, more.get("in_flight", 0), 0, {"response": f"text {k}"})


def tick(done: int, trailing: int) -> Tick:
    return Tick(0, done, done, done, {"timeout": trailing}, {}, 0, 0, 0, trailing)


def test_a_second_closes_when_every_worker_has_sent_it() -> None:
    merge = IntervalMerge([0, 1], T0)
    merge.add(0, interval(0, 3, in_flight=1))
    assert merge.close_until(T0) == []

    merge.add(1, interval(0, 4, in_flight=2))
    (row,) = merge.close_until(T0)

    assert (row.k, row.counts["done"], row.late_events) == (0, 7, 0)
    assert row.histograms == {"response": ["text 0", "text 0"]}
    assert sum(row.in_flight.values()) == 3


def test_a_second_closes_two_seconds_after_its_end_without_the_missing_worker() -> None:
    merge = IntervalMerge([0, 1], T0)
    merge.add(0, interval(0, 3))

    assert merge.close_until(T0 + 3 * NS_PER_S - 1) == []
    assert [row.counts["done"] for row in merge.close_until(T0 + 3 * NS_PER_S)] == [3]


def test_what_comes_after_its_row_was_closed_is_in_the_next_row_and_counted() -> None:
    merge = IntervalMerge([0, 1], T0)
    merge.add(0, interval(0, 3))
    merge.close_until(T0 + 3 * NS_PER_S)
    merge.add(1, interval(0, 5))
    merge.add(0, interval(1, 2))
    merge.add(1, interval(1, 2))

    (row,) = merge.close_until(T0)

    assert (row.k, row.counts["done"], row.late_events) == (1, 9, 5)
    assert row.histograms == {"response": ["text 1", "text 1", "text 0"]}


def test_a_worker_that_left_is_not_waited_for() -> None:
    merge = IntervalMerge([0, 1], T0)
    merge.add(0, interval(0, 3))
    merge.leave(1)

    assert [row.counts["done"] for row in merge.close_until(T0)] == [3]


def test_late_events_after_the_last_second_get_a_row_of_their_own() -> None:
    merge = IntervalMerge([0, 1], T0)
    merge.add(0, interval(0, 3))
    merge.close_until(T0 + 3 * NS_PER_S)
    merge.add(1, interval(0, 5))

    rows = merge.close_all()

    assert [(row.k, row.counts["done"], row.late_events) for row in rows] == [(1, 5, 5)]


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 50), st.integers(0, 9)), max_size=60))
def test_no_event_is_lost_or_counted_twice_in_any_order(arrivals: list[tuple[int, int, int]]) -> None:
    merge = IntervalMerge([0, 1, 2], T0)
    next_k = dict.fromkeys(range(3), 0)
    rows = []
    expected = 0
    for worker, delay_s, done in arrivals:
        merge.add(worker, interval(next_k[worker], done))
        next_k[worker] += 1
        expected += done
        rows += merge.close_until(T0 + delay_s * NS_PER_S)
    rows += merge.close_all()

    assert sum(row.counts["done"] for row in rows) == expected
    assert [row.k for row in rows] == list(range(len(rows)))


def test_failures_in_a_row_are_summed_over_the_workers() -> None:
    merge = TickMerge()
    merge.add(0, tick(0, 7))
    merge.add(1, tick(0, 5))

    assert merge.live().consecutive_failures == 12


def test_a_success_of_one_worker_forgives_what_the_others_failed_before() -> None:
    merge = TickMerge()
    merge.add(0, tick(0, 7))
    merge.add(1, tick(1, 2))
    assert merge.live().consecutive_failures == 2

    merge.add(0, tick(0, 10))
    assert merge.live().consecutive_failures == 5


def test_a_workers_own_success_starts_its_count_again() -> None:
    merge = TickMerge()
    merge.add(0, tick(0, 7))
    merge.add(1, tick(1, 0))
    merge.add(0, tick(1, 3))

    assert merge.live().consecutive_failures == 3


def test_ticks_are_summed_with_the_newest_of_each_worker() -> None:
    merge = TickMerge()
    merge.add(0, tick(5, 0))
    merge.add(0, tick(9, 0))
    merge.add(1, tick(1, 2))

    live = merge.live()

    assert (live.done, live.scheduled, live.failed) == (10, 10, {"timeout": 2})


def test_finals_are_added_endpoint_by_endpoint() -> None:
    first = Final({"sent": 3, "failed": {"timeout": 1}, "endpoints": {"a": {"sent": 3}}})
    second = Final({"sent": 4, "failed": {"reset": 2}, "endpoints": {"a": {"sent": 1}, "b": {"sent": 3}}})

    assert sum_of_finals([first, second]) == {
        "sent": 7,
        "failed": {"timeout": 1, "reset": 2},
        "endpoints": {"a": {"sent": 4}, "b": {"sent": 3}},
    }


def test_a_final_that_differs_from_its_intervals_is_told_count_by_count() -> None:
    sums = Row(-1)
    sums.take(0, Interval(0, 5, 5, 4, {"timeout": 1}, {}, 0, 0, {}))

    same = {"scheduled": 5, "sent": 5, "done": 4, "failed": {"timeout": 1}, "dropped": {}}
    assert differences(3, sums, same) == []
    assert differences(3, sums, {**same, "done": 5, "failed": {}}) == [
        "worker 3: its intervals have 4 done, its final 5",
        "worker 3: its intervals have 1 failed timeout, its final 0",
    ]
