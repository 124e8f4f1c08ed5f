"""The gap errors of requests, by hand."""

from __future__ import annotations

import numpy as np

from loadgen.core.outcome import Outcome
from loadgen.core.units import NS_PER_S
from loadgen.record.gaps import GapError
from loadgen.record.recorder import Recorder


def of(due: list[int], sent: list[int]) -> tuple[float, int]:
    gaps = GapError()
    gaps.add(np.array(due, np.int64), np.array(sent, np.int64))
    return gaps.squares, gaps.gaps


def test_requests_that_are_all_late_by_the_same_time_have_even_gaps() -> None:
    assert of([0, 1_000, 2_000], [70, 1_070, 2_070]) == (0.0, 2)


def test_each_gap_that_is_too_long_or_too_short_counts_by_its_square() -> None:
    # errors 0, 30, 10: the gaps are 30 too long and 20 too short
    assert of([0, 1_000, 2_000], [0, 1_030, 2_010]) == (30.0**2 + 20.0**2, 2)


def test_neighbours_are_those_of_the_schedule_whatever_ended_first() -> None:
    assert of([2_000, 0, 1_000], [2_010, 0, 1_030]) == of([0, 1_000, 2_000], [0, 1_030, 2_010])


def test_one_request_has_no_gap_and_long_waits_do_not_overflow() -> None:
    assert of([5], [9]) == (0.0, 0)
    assert of([0, 1], [0, 600 * NS_PER_S + 1]) == (float(600 * NS_PER_S) ** 2, 1)


def test_a_recorder_leaves_out_what_was_never_sent() -> None:
    recorder = Recorder(["only"], 60 * NS_PER_S)
    for due, sent, code in ((0, 10, Outcome.OK), (1_000, 0, Outcome.DROPPED_LATE), (2_000, 2_040, Outcome.OK)):
        recorder.append((due, 0, sent, 5_000, code))
    recorder.fold()

    assert (recorder.gaps.squares, recorder.gaps.gaps) == (30.0**2, 1)
