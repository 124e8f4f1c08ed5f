"""The recorder: takes rows from the hot path, folds them into counts and histograms, closes grid seconds.

Laws: each event belongs to the interval of its own time (scheduled by due, sent by sent, ended by done); the hot path
only calls `append`; everything else is numpy on many rows at once. No clock: instants come in as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from loadgen.core.histogram import Histogram, Int64s
from loadgen.core.messages import CLOCKS, PHASES
from loadgen.core.outcome import EXPECT_PREFIX
from loadgen.core.rows import ROW_WIDTH, new_rows
from loadgen.core.units import NS_PER_S
from loadgen.record.accumulator import Accumulator
from loadgen.record.gaps import GapError
from loadgen.record.interval import Counts
from loadgen.record.layout import (
    COUNTS_AS_FAILURE,
    ENDING_BITS,
    ENDINGS,
    FIRST_ENDPOINT,
    FIRST_EXPECTATION,
    HAS_ENDED,
    IS_OK,
    WAITED_FOR_TARGET,
    WAS_SENT,
    outcome_of,
)
from loadgen.record.phases import PhaseRows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.record.noteworthy import Noteworthy

_MANY_ROWS = 1_000
"""Folding 1,000 rows takes 0.2 ms, a row less than when more are folded at once: they no longer fit the caches."""

_SPARE = 2
"""Beside the open interval one is being encoded, and a stall over a second's end needs one more."""


@dataclass(frozen=True, slots=True)
class Open:
    """A request in flight when an interval closes."""

    sent_ns: int
    endpoint: int


@dataclass(slots=True)
class Closed:
    """An interval that is complete; its histograms wait in `accumulator` to be encoded."""

    k: int
    counts: Counts
    in_flight: int
    backlog: int
    accumulator: Accumulator
    out_of_range: dict[str, int] = field(default_factory=dict)


class Recorder:
    """Records one phase of one worker; `append` is what the hot path calls with the five integers of a row."""

    def __init__(self, endpoints: Sequence[str], max_ns: int, expectations: Sequence[str] = ()) -> None:
        self._names = tuple(endpoints)
        self.expectations = tuple(expectations)
        self._max_ns = max_ns
        self._rows = new_rows()
        self.append = self._rows.append
        self.phases = PhaseRows()
        self._held = np.empty((0, ROW_WIDTH), np.int64)
        self._spare: list[Accumulator] = []
        self._accumulator = self._new_accumulator()
        self._counts = self.new_counts()
        self.totals = self.new_counts()
        self.k = 0
        self._begin_ns = 0
        self._connects = 0
        self._bytes_in = 0
        self._bytes_added = 0
        self.trailing_failures = 0
        self.gaps = GapError()
        self.noteworthy: Noteworthy | None = None

    def new_counts(self) -> Counts:
        """Return counts of nothing yet."""
        return Counts(len(self._names), self.expectations)

    @property
    def groups(self) -> tuple[str, ...]:
        """The tags of the histograms, in the order of the accumulator."""
        return (*CLOCKS, *PHASES, *(f"endpoint:{name}" for name in self._names))

    def label_of(self, ending: int) -> str:
        """Return the label of an ending, with the name of an expectation that did not hold."""
        if FIRST_EXPECTATION <= ending < FIRST_EXPECTATION + len(self.expectations):
            return EXPECT_PREFIX + self.expectations[ending - FIRST_EXPECTATION]
        outcome = outcome_of(ending)
        return "unsent" if outcome is None else outcome.label

    def start(self, t0_ns: int) -> None:
        """Set the begin of the grid."""
        self._begin_ns = t0_ns

    @property
    def begin_ns(self) -> int:
        """When the open interval began."""
        return self._begin_ns

    @property
    def end_ns(self) -> int:
        """When the open interval ends."""
        return self._begin_ns + NS_PER_S

    @property
    def waiting_rows(self) -> int:
        """How many rows wait to be folded."""
        return len(self._rows)

    @property
    def is_full(self) -> bool:
        """Whether so many rows wait that folding them later would show as a stall."""
        return len(self._rows) >= _MANY_ROWS

    def fold(self) -> None:
        """Bring all rows of the open interval into its counts and histograms; hold back rows of a later one."""
        self.phases.fold(self._accumulator, self.end_ns)
        if len(self._rows):
            fresh = self._rows.take()
            self._held = np.concatenate((self._held, fresh)) if len(self._held) else fresh
        if not len(self._held):
            return
        cut = int(np.searchsorted(self._held[:, 3], self.end_ns, side="left"))
        if cut:
            self._take(self._held[:cut])
            self._held = self._held[cut:]

    def close(
        self, open_requests: Sequence[Open], scheduled: int, bytes_in: int, connects: int, bytes_added: int = 0
    ) -> Closed:
        """End the open interval and begin the next one.

        `open_requests` are those in flight now; `scheduled` is the number of arrivals taken with a due time before
        the interval's end; `bytes_in`, `connects` and `bytes_added` are cumulative.
        """
        self.fold()
        counts, end_ns = self._counts, self.end_ns
        sent_by = [(request.sent_ns, request.endpoint) for request in open_requests]
        sent_by += [(int(row[2]), int(row[4]) >> ENDING_BITS) for row in self._held if WAS_SENT[row[4] % ENDINGS]]
        for sent_ns, endpoint in sent_by:
            if self._begin_ns <= sent_ns < end_ns:
                counts.sent[endpoint] += 1
        counts.scheduled = scheduled - self.totals.scheduled
        counts.bytes_in, self._bytes_in = bytes_in - self._bytes_in, bytes_in
        counts.bytes_added, self._bytes_added = bytes_added - self._bytes_added, bytes_added
        counts.connects, self._connects = connects - self._connects, connects
        self.totals.add(counts)
        self._accumulator.complete()
        closed = Closed(self.k, counts, self.totals.in_flight, self.totals.backlog, self._accumulator)
        over = self._accumulator.out_of_range.tolist()
        closed.out_of_range = {tag: count for tag, count in zip(self.groups, over, strict=True) if count}
        self._accumulator = self._spare.pop() if self._spare else self._new_accumulator()
        self._counts = self.new_counts()
        self.k += 1
        self._begin_ns = end_ns
        return closed

    def recycle(self, closed: Closed) -> None:
        """Take back the accumulator of an interval whose histograms are encoded."""
        closed.accumulator.clear()
        self._spare.append(closed.accumulator)

    def ended_so_far(self) -> Counts:
        """Return the counts folded so far, the open interval included; `scheduled` and requests in flight are not.

        Call `fold` first. `sent` then counts the requests that ended or were in flight at an interval's end.
        """
        so_far = self.new_counts()
        so_far.add(self.totals)
        so_far.add(self._counts)
        return so_far

    def rehearse(self) -> None:
        """Do once what nobody sees: the first real fold is then as fast as the others, and memory stays as it is.

        Rows nobody asked for are folded and forgotten, and accumulators are laid by with all their memory in place.
        """
        rehearsal = Recorder(self._names, self._max_ns)
        rehearsal.append((1, 1, 2, 3, 0))
        rehearsal.close([], 1, 0, 0)
        self._accumulator.clear()  # writing is what makes the system give the memory
        while len(self._spare) < _SPARE:
            self._spare.append(self._new_accumulator())
            self._spare[-1].clear()

    def _new_accumulator(self) -> Accumulator:
        return Accumulator(FIRST_ENDPOINT + len(self._names), self._max_ns)

    def new_histogram(self) -> Histogram:
        """Return an empty histogram of the recorder's range, to copy an accumulator's group into."""
        return Histogram(self._max_ns)

    def _take(self, rows: Int64s) -> None:
        due, free, sent, done, code = np.ascontiguousarray(rows.T)
        ending = code & (ENDINGS - 1)
        endpoint = code >> ENDING_BITS
        counts = self._counts
        counts.ended += np.bincount(code, minlength=counts.ended.size).reshape(counts.ended.shape)
        was_sent = WAS_SENT[ending]
        fresh = endpoint[was_sent & (sent >= self._begin_ns)]
        counts.sent += np.bincount(fresh, minlength=len(self._names))
        ready = np.maximum(due, free)
        response = done - due
        values = np.stack((response, done - sent, sent - ready, ready - due))
        kept = None
        if ending.any():
            # a request that was never sent has waited all its life, and has neither service nor lag
            values[3] = np.where(was_sent, values[3], response)
            waited = was_sent | WAITED_FOR_TARGET[ending]
            always = np.ones(len(ending), np.bool_)
            kept = np.stack((always, IS_OK[ending], was_sent, was_sent, waited, always))
            self.gaps.add(due[was_sent], sent[was_sent])
        else:
            self.gaps.add(due, sent)
        self._accumulator.add(values, endpoint, kept)
        self._follow_failures(ending)
        if self.noteworthy is not None:
            self.noteworthy.see(due, response, ending, endpoint)

    def _follow_failures(self, ending: Int64s) -> None:
        """Keep the number of failed endings since the last success; our own faults neither count nor end it."""
        successes = np.flatnonzero(IS_OK[ending])
        since = ending
        if len(successes):
            self.trailing_failures = 0
            since = ending[successes[-1] + 1 :]
        self.trailing_failures += int(np.count_nonzero(COUNTS_AS_FAILURE[since] & HAS_ENDED[since]))
