"""Which requests are worth a name of their own: the slowest of a phase, and a sample of those that failed.

Laws: looked for where rows are folded, never for each request on its own; bounded, and what has no line is counted;
only requests that were sent and have a trace id are noted, since the others cannot be found anywhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapreplace
from typing import TYPE_CHECKING

import numpy as np

from loadgen.record.interval import IS_FAILED
from loadgen.record.layout import WAS_SENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.core.histogram import Int64s

SLOWEST = 5
FAILURES_AT_ONCE = 3
"""Failures that are noted between two times they are told."""
MOST_FAILURES = 200


@dataclass(frozen=True, slots=True, order=True)
class Noted:
    """One request, by its response time."""

    response_ns: int
    due_ns: int
    endpoint: int
    ending: int
    trace_id: str


class Noteworthy:
    """Notes requests of one phase; `trace_of(due_ns)` returns a request's trace id, empty when it is not known."""

    def __init__(self, trace_of: Callable[[int], str]) -> None:
        self._trace_of = trace_of
        self._slowest: list[Noted] = []
        self._failed: list[Noted] = []
        self._noted = 0
        self.unnoted = 0

    def __repr__(self) -> str:
        return f"<Noteworthy: {len(self._slowest)} slow, {self._noted} failed, {self.unnoted} more>"

    @property
    def slowest(self) -> list[Noted]:
        """The slowest requests, slowest first."""
        return sorted(self._slowest, reverse=True)

    def take_failed(self) -> list[Noted]:
        """Return the failures noted since the last time."""
        failed, self._failed = self._failed, []
        return failed

    def see(self, due: Int64s, response: Int64s, ending: Int64s, endpoint: Int64s) -> None:
        """Look through some rows."""
        failed = np.flatnonzero(IS_FAILED[ending])
        room = max(0, min(FAILURES_AT_ONCE - len(self._failed), MOST_FAILURES - self._noted))
        for at in failed[:room].tolist():
            noted = self._note(due, response, ending, endpoint, at)
            if noted is not None:
                self._failed.append(noted)
                self._noted += 1
        self.unnoted += max(0, len(failed) - room)
        slow = np.where(WAS_SENT[ending], response, -1)
        for at in np.argsort(slow)[-SLOWEST:].tolist():
            least_ns = self._slowest[0].response_ns if len(self._slowest) == SLOWEST else -1
            if slow[at] > least_ns:
                self._keep_slow(self._note(due, response, ending, endpoint, at))

    def _keep_slow(self, noted: Noted | None) -> None:
        if noted is None:
            return
        if len(self._slowest) < SLOWEST:
            self._slowest.append(noted)
            self._slowest.sort()  # a sorted list is a heap
        else:
            heapreplace(self._slowest, noted)

    def _note(self, due: Int64s, response: Int64s, ending: Int64s, endpoint: Int64s, at: int) -> Noted | None:
        due_ns = int(due[at])
        trace_id = self._trace_of(due_ns)
        if not trace_id:
            return None
        return Noted(int(response[at]), due_ns, int(endpoint[at]), int(ending[at]), trace_id)
