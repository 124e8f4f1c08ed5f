"""Requests worth a name: the slowest of a phase, a bounded sample of those that failed, and nothing for the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.outcome import EXPECT_PREFIX, Outcome
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.record.layout import FIRST_EXPECTATION, UNSENT, code_of
from loadgen.record.noteworthy import FAILURES_AT_ONCE, MOST_FAILURES, SLOWEST, Noteworthy
from loadgen.record.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

MS = NS_PER_MS


def recorded(rows: Sequence[tuple[int, int, int]], *, unknown: frozenset[int] = frozenset()) -> Noteworthy:
    """Record rows of (due in ms, response time in ms, ending) and return what is worth noting of them."""
    recorder = Recorder(("one", "two"), 60 * NS_PER_S)
    recorder.start(0)
    recorder.noteworthy = Noteworthy(lambda due_ns: "" if due_ns // MS in unknown else f"trace {due_ns // MS}")
    for due, took, ending in rows:
        sent = due * MS if ending != Outcome.DROPPED_LATE else 0
        recorder.append((due * MS, sent, sent, (due + took) * MS, code_of(1, ending)))
    recorder.fold()
    return recorder.noteworthy


def test_the_slowest_are_kept_over_all_folds() -> None:
    recorder = Recorder(("one",), 60 * NS_PER_S)
    recorder.start(0)
    recorder.noteworthy = Noteworthy(lambda due_ns: f"trace {due_ns // MS}")
    for due in range(1, 41):
        recorder.append((due * MS, due * MS, due * MS, due * MS + due * 7 % 41 * MS, Outcome.OK))
        recorder.fold()

    slowest = [(one.trace_id, one.response_ns // MS) for one in recorder.noteworthy.slowest]
    expected = sorted(((due * 7 % 41, due) for due in range(1, 41)), reverse=True)[:SLOWEST]
    assert slowest == [(f"trace {due}", took) for took, due in expected]


def test_a_failure_is_noted_with_its_endpoint_and_ending() -> None:
    noteworthy = recorded([(10, 5, Outcome.OK), (20, 7, Outcome.HTTP_5XX), (30, 9, FIRST_EXPECTATION)])

    failed = noteworthy.take_failed()
    assert [(one.trace_id, one.endpoint, one.ending) for one in failed] == [
        ("trace 20", 1, Outcome.HTTP_5XX),
        ("trace 30", 1, FIRST_EXPECTATION),
    ]
    assert noteworthy.take_failed() == []
    assert repr(noteworthy) == "<Noteworthy: 3 slow, 2 failed, 0 more>"


def test_failures_are_bounded_at_once_and_in_all() -> None:
    noteworthy = recorded([(due, 1, Outcome.TIMEOUT) for due in range(1, 101)])
    assert len(noteworthy.take_failed()) == FAILURES_AT_ONCE
    assert noteworthy.unnoted == 100 - FAILURES_AT_ONCE

    recorder = Recorder(("one",), 60 * NS_PER_S)
    recorder.start(0)
    recorder.noteworthy = noteworthy = Noteworthy(str)
    noted = 0
    for due in range(1, 2 * MOST_FAILURES):
        recorder.append((due * MS, due * MS, due * MS, due * MS + 1, Outcome.RESET))
        recorder.fold()
        noted += len(noteworthy.take_failed())
    assert (noted, noteworthy.unnoted) == (MOST_FAILURES, MOST_FAILURES - 1)


def test_what_was_never_sent_or_has_no_known_trace_id_is_not_noted() -> None:
    rows = [(10, 5_000, Outcome.DROPPED_LATE), (20, 7, Outcome.HTTP_5XX), (30, 3, Outcome.OK)]
    noteworthy = recorded(rows, unknown=frozenset({20}))

    assert noteworthy.take_failed() == []
    assert [one.trace_id for one in noteworthy.slowest if one.ending == Outcome.OK] == ["trace 30"]
    assert all(one.response_ns < NS_PER_S for one in noteworthy.slowest)


@pytest.mark.parametrize(
    ("ending", "label"),
    [(Outcome.HTTP_4XX, "http_4xx"), (FIRST_EXPECTATION, f"{EXPECT_PREFIX}body"), (UNSENT, "unsent")],
)
def test_an_ending_has_a_label(ending: int, label: str) -> None:
    assert Recorder(("one",), NS_PER_S, ("body",)).label_of(ending) == label
