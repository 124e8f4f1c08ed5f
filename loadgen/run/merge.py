"""Bring the workers' accounts together: ticks into one count, intervals into one row a second.

Laws: pure, no clock; counts are only ever added; an event belongs to the interval of its own time; what comes after
its row was closed is added to the next row and counted as late. Histograms stay texts here: decoding them is the
writer thread's work.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loadgen.core.messages import Body, Final, Interval, Tick

PATIENCE_NS = 2 * NS_PER_S
"""How long after its end a second waits for a worker that has not reported it."""

_SUMS = ("scheduled", "sent", "done", "bytes_in", "bytes_out", "connects")


@dataclass(slots=True)
class Row:
    """One closed second: `counts` summed over the workers, `histograms` the texts by clock, gauges summed.

    `late_events` are endings of earlier, already closed seconds that are in this row's counts.
    """

    k: int
    counts: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    out_of_range: Counter[str] = field(default_factory=Counter)
    histograms: dict[str, list[str]] = field(default_factory=dict)
    in_flight: dict[int, int] = field(default_factory=dict)
    backlog: dict[int, int] = field(default_factory=dict)
    late_events: int = 0

    def take(self, worker: int, interval: Interval) -> None:
        """Add one worker's interval."""
        for name in _SUMS:
            self.counts[name] += getattr(interval, name)
        self.failed.update(interval.failed)
        self.dropped.update(interval.dropped)
        self.out_of_range.update(interval.out_of_range)
        for clock, text in interval.histograms.items():
            self.histograms.setdefault(clock, []).append(text)
        self.in_flight[worker] = interval.in_flight
        self.backlog[worker] = interval.backlog

    def take_late(self, other: Row) -> None:
        """Add a second that came too late for a row of its own; its gauges are old and are left out."""
        self.counts.update(other.counts)
        self.failed.update(other.failed)
        self.dropped.update(other.dropped)
        self.out_of_range.update(other.out_of_range)
        for clock, texts in other.histograms.items():
            self.histograms.setdefault(clock, []).extend(texts)
        self.late_events += other.endings

    @property
    def endings(self) -> int:
        """Requests that ended in this second, well or badly."""
        return self.counts["done"] + self.failed.total() + self.dropped.total()


class IntervalMerge:
    """Collects intervals and hands out rows in order, one for every second of the grid t0 + k x 1 s."""

    def __init__(self, workers: Iterable[int], t0_ns: int) -> None:
        self._t0_ns = t0_ns
        self._reported = dict.fromkeys(workers, -1)
        self._open: dict[int, Row] = {}
        self._late: Row | None = None
        self._next = 0
        self.sums: dict[int, Row] = {worker: Row(-1) for worker in self._reported}

    def __repr__(self) -> str:
        return f"<IntervalMerge next {self._next}, open {sorted(self._open)}, reported {self._reported}>"

    def add(self, worker: int, interval: Interval) -> None:
        """Take one worker's second; a worker that is not waited for any more may still report."""
        sums = self.sums.setdefault(worker, Row(-1))
        sums.take(worker, interval)
        sums.histograms.clear()
        if worker in self._reported:
            self._reported[worker] = max(self._reported[worker], interval.k)
        if interval.k >= self._next:
            self._open.setdefault(interval.k, Row(interval.k)).take(worker, interval)
            return
        late = Row(interval.k)
        late.take(worker, interval)
        if self._late is None:
            self._late = Row(interval.k)
        self._late.take_late(late)

    def leave(self, worker: int) -> None:
        """Stop waiting for a worker: it said `final`, or it died."""
        self._reported.pop(worker, None)

    def close_until(self, now_ns: int) -> list[Row]:
        """Return the rows that are complete, or whose patience is over, in order and without a gap."""
        rows = []
        while self._complete(self._next) or self._overdue(self._next, now_ns):
            rows.append(self._close())
        return rows

    def close_all(self) -> list[Row]:
        """Return every row that is left, at the end of the phase."""
        rows = []
        while self._open:
            rows.append(self._close())
        if self._late is not None:
            rows.append(self._close())
        return rows

    def _complete(self, k: int) -> bool:
        if not self._reported:
            return bool(self._open)
        return min(self._reported.values()) >= k

    def _overdue(self, k: int, now_ns: int) -> bool:
        return bool(self._reported) and now_ns >= self._t0_ns + (k + 1) * NS_PER_S + PATIENCE_NS

    def _close(self) -> Row:
        row = self._open.pop(self._next, None) or Row(self._next)
        if self._late is not None:
            row.take_late(self._late)
            self._late = None
        self._next += 1
        return row


@dataclass(frozen=True, slots=True)
class Live:
    """The sum of the workers' newest ticks; `consecutive_failures` counts over all workers since any success."""

    scheduled: int = 0
    sent: int = 0
    done: int = 0
    failed: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    overdue: int = 0
    in_flight: int = 0
    backlog: int = 0
    consecutive_failures: int = 0
    cpu_ns: int = 0
    stalls: int = 0


class TickMerge:
    """Keeps the newest tick of every worker and sums them.

    Trailing failures: when one worker has a success, what the others had failed until then no longer counts.
    """

    def __init__(self) -> None:
        self._newest: dict[int, Tick] = {}
        self._forgiven: dict[int, int] = {}

    def add(self, worker: int, tick: Tick) -> None:
        before = self._newest.get(worker)
        self._newest[worker] = tick
        if tick.done > (before.done if before is not None else 0):
            self._forgiven = {other: newest.trailing_failures for other, newest in self._newest.items()}
            self._forgiven[worker] = 0
        elif tick.trailing_failures < self._forgiven.get(worker, 0):
            self._forgiven[worker] = 0

    def at_ns(self) -> dict[int, int]:
        """Return the instant of the newest tick by worker."""
        return {worker: tick.at_ns for worker, tick in self._newest.items()}

    def live(self) -> Live:
        """Return the sums as they are now."""
        failed: Counter[str] = Counter()
        dropped: Counter[str] = Counter()
        ticks = self._newest.values()
        for tick in ticks:
            failed.update(tick.failed)
            dropped.update(tick.dropped)
        return Live(
            scheduled=sum(tick.scheduled for tick in ticks),
            sent=sum(tick.sent for tick in ticks),
            done=sum(tick.done for tick in ticks),
            failed=dict(failed),
            dropped=dict(dropped),
            overdue=sum(tick.overdue for tick in ticks),
            in_flight=sum(tick.in_flight for tick in ticks),
            backlog=sum(tick.backlog for tick in ticks),
            cpu_ns=sum(tick.cpu_ns for tick in ticks),
            stalls=sum(tick.stalls for tick in ticks),
            consecutive_failures=sum(
                max(0, tick.trailing_failures - self._forgiven.get(worker, 0)) for worker, tick in self._newest.items()
            ),
        )


def sum_of_finals(finals: Iterable[Final]) -> Body:
    """Return the totals of a phase: the workers' totals added, endpoint by endpoint and outcome by outcome."""
    total: Body = {}
    for final in finals:
        _add_into(total, final.totals)
    return total


def added(one: Body, other: Body) -> Body:
    """Return two totals added; a count that only one of them has stands for itself, one that is None stays None."""
    total: Body = {}
    _add_into(total, one)
    _add_into(total, other)
    return total


def _add_into(total: Body, part: Body) -> None:
    for name, value in part.items():
        if isinstance(value, dict):
            if total.get(name, {}) is not None:
                _add_into(total.setdefault(name, {}), value)
            continue
        before = total.get(name, 0)
        total[name] = None if value is None or before is None else before + value


def differences(worker: int, sums: Row, totals: Body) -> list[str]:
    """Return a sentence for every count in which a worker's final differs from the sum of its intervals."""
    pairs: list[tuple[str, int, int]] = [(name, sums.counts[name], totals.get(name, 0)) for name in _SUMS[:3]]
    for group, counted in (("failed", sums.failed), ("dropped", sums.dropped)):
        final = totals.get(group, {})
        pairs += [(f"{group} {label}", counted[label], final.get(label, 0)) for label in sorted({*counted, *final})]
    return [
        f"worker {worker}: its intervals have {summed} {name}, its final {told}"
        for name, summed, told in pairs
        if summed != told
    ]
