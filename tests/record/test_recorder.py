"""The recorder: every event in the interval of its own time, and accounts that add up at every boundary."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadgen.core.outcome import Outcome
from loadgen.core.units import NS_PER_S
from loadgen.record.layout import UNSENT, code_of
from loadgen.record.recorder import Closed, Open, Recorder

if TYPE_CHECKING:
    from loadgen.core.histogram import Histogram

MAX_NS = 60 * NS_PER_S
MS = 1_000_000
T0 = 5 * NS_PER_S


def recorder_at_t0(*names: str) -> Recorder:
    recorder = Recorder(names or ("only",), MAX_NS)
    recorder.start(T0)
    return recorder


def histogram(recorder: Recorder, closed: Closed, tag: str) -> Histogram:
    found = recorder.new_histogram()
    closed.accumulator.copy_into(recorder.groups.index(tag), found)
    return found


def row(due_ms: float, free_ms: float, sent_ms: float, done_ms: float, code: int) -> tuple[int, int, int, int, int]:
    def at(ms: float) -> int:
        return T0 + int(ms * MS) if ms else 0

    return (T0 + int(due_ms * MS), at(free_ms), at(sent_ms), T0 + int(done_ms * MS), code)


def test_the_five_clocks_of_one_request_by_hand() -> None:
    recorder = recorder_at_t0()
    recorder.append(row(100, 130, 131, 151, Outcome.OK))

    closed = recorder.close([], 1, 0, 0)

    medians_ms = {tag: round(histogram(recorder, closed, tag).percentile(50) / MS, 1) for tag in recorder.groups}
    assert medians_ms == {
        "response": 51.0,
        "response_ok": 51.0,
        "service": 20.0,
        "lag": 1.0,
        "wait": 30.0,
        "connect": 0.0,
        "tls": 0.0,
        "first_byte": 20.0,
        "transfer": 0.0,
        "endpoint:only": 51.0,
    }


def test_a_free_connection_makes_the_delay_our_own_lag() -> None:
    recorder = recorder_at_t0()
    recorder.append(row(100, 40, 107, 110, Outcome.OK))

    closed = recorder.close([], 1, 0, 0)

    assert round(histogram(recorder, closed, "lag").percentile(50) / MS) == 7
    assert histogram(recorder, closed, "wait").max_ns < 1_000


def test_failures_and_drops_are_in_the_response_and_only_successes_in_response_ok() -> None:
    recorder = recorder_at_t0()
    recorder.append(row(0, 1, 2, 502, Outcome.TIMEOUT))
    recorder.phases.in_parts(T0 + 2 * MS, 0, T0 + 502 * MS)
    recorder.append(row(0, 0, 0, 600, Outcome.DROPPED_LATE))
    recorder.append(row(0, 0, 0, 700, Outcome.DROPPED_MISSED))
    recorder.append(row(0, 0, 0, 800, UNSENT))
    recorder.append(row(1, 1, 2, 900, Outcome.OK))

    closed = recorder.close([], 5, 0, 0)

    totals = {tag: histogram(recorder, closed, tag).total for tag in recorder.groups}
    assert totals == {
        "response": 5,
        "response_ok": 1,
        "service": 2,
        "lag": 2,
        "wait": 4,
        "connect": 0,
        "tls": 0,
        "first_byte": 1,
        "transfer": 1,
        "endpoint:only": 5,
    }
    assert (closed.counts.done, closed.counts.failed(), closed.counts.dropped()) == (
        1,
        {"timeout": 1},
        {"dropped_late": 1, "dropped_missed": 1},
    )
    assert (closed.in_flight, closed.backlog) == (0, 1)


def test_a_request_across_a_boundary_counts_as_sent_before_and_done_after() -> None:
    recorder = recorder_at_t0()

    first = recorder.close([Open(T0 + 900 * MS, 0)], 1, 0, 0)
    recorder.append(row(900, 1, 900, 1_100, Outcome.OK))
    second = recorder.close([], 1, 0, 0)

    assert (first.counts.sent_total, first.counts.done, first.in_flight) == (1, 0, 1)
    assert (second.counts.sent_total, second.counts.done, second.in_flight) == (0, 1, 0)


def test_a_row_folded_late_still_belongs_to_the_interval_of_its_time() -> None:
    recorder = recorder_at_t0()
    recorder.append(row(900, 1, 900, 950, Outcome.OK))
    recorder.append(row(990, 1, 990, 1_010, Outcome.OK))
    recorder.append(row(1_020, 1, 1_020, 1_030, Outcome.OK))

    first = recorder.close([], 2, 0, 0)
    second = recorder.close([], 3, 0, 0)

    assert (first.counts.scheduled, first.counts.sent_total, first.counts.done, first.in_flight) == (2, 2, 1, 1)
    assert (second.counts.scheduled, second.counts.sent_total, second.counts.done) == (1, 1, 2)
    assert histogram(recorder, second, "response").total == 2


def test_values_above_the_range_are_counted_by_clock() -> None:
    recorder = recorder_at_t0()
    recorder.append((T0 - 100 * NS_PER_S, T0, T0 + 1, T0 + 2, int(Outcome.OK)))

    closed = recorder.close([], 1, 0, 0)

    assert closed.out_of_range == {"response": 1, "response_ok": 1, "wait": 1, "endpoint:only": 1}


def test_endpoints_have_their_own_counts_and_histograms() -> None:
    recorder = recorder_at_t0("a", "b")
    recorder.append(row(0, 1, 1, 11, code_of(0, Outcome.OK)))
    recorder.append(row(0, 1, 1, 21, code_of(1, Outcome.HTTP_5XX)))
    recorder.append(row(0, 0, 0, 31, code_of(1, Outcome.CONNECT_REFUSED)))

    closed = recorder.close([], 3, 0, 0)

    assert closed.counts.by_endpoint(("a", "b")) == {
        "a": {"sent": 1, "done": 1, "failed": 0, "dropped": 0},
        "b": {"sent": 1, "done": 0, "failed": 1, "dropped": 1},
    }
    assert histogram(recorder, closed, "endpoint:b").total == 2


@pytest.mark.parametrize(
    ("endings", "trailing"),
    [
        ([Outcome.TIMEOUT, Outcome.OK, Outcome.RESET, Outcome.HTTP_5XX], 2),
        ([Outcome.RESET, Outcome.OK], 0),
        ([Outcome.RESET, Outcome.DROPPED_MISSED, Outcome.NO_PORT, Outcome.DROPPED_LATE], 2),
    ],
)
def test_trailing_failures_count_since_the_last_success_and_pass_over_our_own(
    endings: list[Outcome], trailing: int
) -> None:
    recorder = recorder_at_t0()
    for number, ending in enumerate(endings):
        recorder.append(row(number, 1, 1, number + 1, ending))
        recorder.fold()

    assert recorder.trailing_failures == trailing


def test_an_accumulator_is_used_again_when_its_interval_is_encoded() -> None:
    recorder = recorder_at_t0()
    recorder.append(row(0, 1, 1, 5, Outcome.OK))
    first = recorder.close([], 1, 0, 0)
    recorder.recycle(first)

    recorder.close([], 1, 0, 0)
    third = recorder.close([], 1, 0, 0)

    assert third.accumulator is first.accumulator
    assert histogram(recorder, third, "response").total == 0


REQUESTS = st.lists(
    st.tuples(st.integers(0, 2_900), st.integers(0, 900), st.integers(1, 900), st.sampled_from([*Outcome, UNSENT])),
    max_size=60,
)


@settings(max_examples=60)
@given(REQUESTS, st.integers(1, 40))
def test_whenever_rows_are_folded_every_interval_adds_up(
    requests: list[tuple[int, int, int, int]], fold_every: int
) -> None:
    lives = [(due, due + wait, due + wait + took, ending) for due, wait, took, ending in requests]
    by_end = sorted(lives, key=lambda life: life[2])
    recorder, folded = recorder_at_t0(), 0
    closed = []
    for k in range(6):
        boundary = (k + 1) * 1_000
        while folded < len(by_end) and by_end[folded][2] < boundary:
            due, sent, done, ending = by_end[folded]
            was_sent = ending != UNSENT and Outcome(ending).sent
            times = (T0, T0 + sent * MS) if was_sent else (0, 0)
            recorder.append((T0 + due * MS, *times, T0 + done * MS, ending))
            folded += 1
            if folded % fold_every == 0:
                recorder.fold()
        still_open = [
            Open(T0 + sent * MS, 0)
            for _, sent, _, ending in by_end[folded:]
            if sent < boundary and ending != UNSENT and Outcome(ending).sent
        ]
        closed.append(recorder.close(still_open, sum(1 for life in lives if life[0] < boundary), 0, 0))

    assert sum(one.counts.scheduled for one in closed) == len(lives)
    totals = recorder.totals
    assert totals.sent_total == totals.done + sum(totals.failed().values()) + totals.in_flight
    assert totals.scheduled == totals.sent_total + totals.backlog + sum(totals.dropped().values())
    assert totals.in_flight == sum(1 for life in lives if life[3] == Outcome.ABORTED)
    assert totals.backlog == sum(1 for life in lives if life[3] == UNSENT)
    assert sum(histogram(recorder, one, "response").total for one in closed) == len(lives)
    for one in closed:
        assert one.in_flight >= 0
        assert one.backlog >= 0


def test_memory_for_a_stall_over_a_seconds_end_is_laid_by_before_the_load() -> None:
    recorder = recorder_at_t0()
    recorder.rehearse()
    tracemalloc.start()
    try:
        waiting = [recorder.close([], 0, 0, 0) for _ in range(2)]
        grown_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(waiting) == 2
    assert grown_bytes < 100_000, "an interval took new memory while load ran"
