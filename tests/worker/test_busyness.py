"""A worker that never rests knows it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from loadgen.core.outcome import Outcome
from loadgen.worker.busyness import Busyness, QueueTime

MS = 1_000_000
LATE, OURS = Outcome.DROPPED_LATE, Outcome.DROPPED_MISSED


@dataclass
class Clocks:
    """Time that jumps: each step is so long, of which the process ran and stood in line so long."""

    now_ns: int = 0
    busy_ns: int = 0
    queued_ns: int = 0

    def busyness(self) -> Busyness:
        watched = Busyness(lambda: self.busy_ns, lambda: self.queued_ns)
        watched.start(self.now_ns)
        return watched

    def step(self, lasts_ms: int, busy_ms: int, queued_ms: int = 0) -> int:
        self.now_ns += lasts_ms * MS
        self.busy_ns += busy_ms * MS
        self.queued_ns += queued_ms * MS
        return self.now_ns


@pytest.mark.parametrize(
    ("busy_ms", "queued_ms", "restless"),
    [(20, 0, True), (17, 0, True), (16, 0, False), (5, 15, True), (3, 17, False), (0, 0, False)],
)
def test_no_rest_is_running_or_queueing_nearly_always_and_running_a_fair_part(
    busy_ms: int, queued_ms: int, restless: bool
) -> None:
    clocks = Clocks()
    watched = clocks.busyness()
    found = [watched.restless(clocks.step(20, busy_ms, queued_ms)) for _ in range(20)]

    assert found[-1] is restless


def test_rest_is_forgotten_after_the_window() -> None:
    clocks = Clocks()
    watched = clocks.busyness()
    watched.restless(clocks.step(1_000, 0))

    assert [watched.restless(clocks.step(50, 50)) for _ in range(5)] == [False, False, False, True, True]


def test_the_clocks_are_read_at_most_once_in_5_ms() -> None:
    clocks = Clocks()
    watched = clocks.busyness()
    assert not watched.restless(clocks.step(100, 0))
    clocks.busy_ns += 10_000 * MS

    assert not watched.restless(clocks.now_ns + 4 * MS)


def test_only_time_in_which_requests_waited_or_were_lost_counts_as_overloaded() -> None:
    clocks = Clocks()
    watched = clocks.busyness()
    watched.look(clocks.step(100, 100), waiting=False)
    assert watched.overloaded_ns == 0
    watched.look(clocks.step(20, 20), waiting=True)
    watched.look(clocks.step(20, 20), waiting=False)
    assert watched.overloaded_ns == 20 * MS
    watched.blame_late(clocks.now_ns, clocks.now_ns)
    watched.look(clocks.step(30, 30), waiting=False)
    assert watched.overloaded_ns == 50 * MS


def test_a_request_that_waited_while_the_worker_had_no_rest_is_not_held_against_the_target() -> None:
    clocks = Clocks()
    watched = clocks.busyness()
    overloaded_ns = clocks.step(300, 300)
    watched.look(overloaded_ns, waiting=True)
    now_ns = clocks.step(4_000, 0)

    assert watched.blame_late(overloaded_ns - 1, now_ns) is OURS
    assert watched.blame_late(overloaded_ns + 1, now_ns) is LATE


def test_a_worker_at_rest_holds_what_waited_against_the_target() -> None:
    clocks = Clocks()
    watched = clocks.busyness()

    assert watched.blame_late(0, clocks.step(5_000, 500)) is LATE


def test_the_time_in_line_is_read_and_the_file_given_back() -> None:
    queued = QueueTime()
    assert queued() >= 0
    queued.close()
    assert queued() == 0
