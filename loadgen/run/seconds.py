"""Seconds of the load into files and run-long histograms: load-stats.csv and latency.hlog.

Laws: lives in the writer thread alone; every histogram that arrives is in the run-long one of its clock, and in
exactly one line of the log; `standing` is replaced whole, so another thread may read it at any time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.events import LATENCY_BOUNDS_NS, Latencies
from loadgen.core.hdr_log import HdrLogWriter
from loadgen.core.histogram import Histogram
from loadgen.core.last_line import cut_after_last_line
from loadgen.core.load_stats import LoadSecond, LoadStatsWriter
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from datetime import datetime
    from typing import TextIO

    from loadgen.core.clock import WallAnchor
    from loadgen.core.rundir import RunDirectory
    from loadgen.run.earlier import Earlier
    from loadgen.run.merge import Row

_COARSER_FROM_S = ((12 * 3600, 60), (600, 10), (0, 1))


def log_length_s(second: int) -> int:
    """Return the length of the log's interval that holds a second: 1 s up to 10 min, 10 s to 12 h, then 60 s."""
    return next(length for begin, length in _COARSER_FROM_S if second >= begin)


@dataclass(frozen=True, slots=True)
class Standing:
    """Response percentiles of the phase so far, in ns, None while nothing ended; `sent` in the newest second."""

    p50_ns: int | None = None
    p95_ns: int | None = None
    p99_ns: int | None = None
    max_ns: int | None = None
    lag_p99_ns: int | None = None
    sent: int = 0
    seconds: int = 0
    latencies: Latencies = field(default_factory=Latencies)


class Seconds:
    """The account of one phase; with no `place` it keeps the histograms and writes nothing (warm-up)."""

    def __init__(self, max_ns: int) -> None:
        self._max_ns = max_ns
        self._stats: LoadStatsWriter | None = None
        self._log: HdrLogWriter | None = None
        self._stream: TextIO | None = None
        self._anchor: WallAnchor | None = None
        self._pending: dict[str, Histogram] = {}
        self._pending_from = 0
        self._next = 0
        self._first = 0
        self._broken_off: dict[int, int] = {}
        self.totals: dict[str, Histogram] = {}
        self.counts: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()
        self.out_of_range: Counter[str] = Counter()
        self.late_events = 0
        self.sent_by_second: list[int] = []
        self.standing = Standing()

    def open(self, place: RunDirectory, anchor: WallAnchor) -> None:
        """Create the files; `anchor` pairs t0 with its wall time."""
        self._anchor = anchor
        self._stats = LoadStatsWriter(place.load_stats)
        self._stream = place.latency_hlog.open("w", encoding="utf-8", newline="\n")
        self._log = HdrLogWriter(self._stream, anchor.wall)
        self._stream.flush()

    def go_on(self, place: RunDirectory, earlier: Earlier, t0_ns: int) -> None:
        """Continue the files of an interrupted run with a phase that begins at t0, and mark the seconds between.

        The summary of the part before is removed: if this part is killed, it is no account of the run any more.
        """
        place.summary.unlink(missing_ok=True)
        self._anchor = earlier.anchor
        self._first = self._pending_from = self._next = (t0_ns - earlier.anchor.monotonic_ns) // NS_PER_S
        self._stats = LoadStatsWriter(place.load_stats, go_on=True)
        for second in range(earlier.next_second, self._first):
            self._stats.write_gap(second, self._end_of(second))
        if place.latency_hlog.exists():
            cut_after_last_line(place.latency_hlog)
        self._stream = place.latency_hlog.open("a", encoding="utf-8", newline="\n")
        self._log = HdrLogWriter(self._stream, earlier.anchor.wall, go_on=self._stream.tell() > 0)
        for clock, histogram in earlier.histograms.items():
            self._into(self.totals, clock, histogram)
        self.late_events = earlier.late_events
        self.sent_by_second.extend(earlier.sent_by_second)
        self._broken_off = {earlier.seconds - 1: earlier.sent_in_part}

    def take(self, row: Row) -> None:
        """Account for one closed second."""
        second = {clock: self._merged(texts) for clock, texts in row.histograms.items()}
        second_number = self._first + row.k
        if not self._pending:
            self._pending_from = second_number
        for clock, histogram in second.items():
            self._into(self.totals, clock, histogram)
            self._into(self._pending, clock, histogram)
        self.counts.update(row.counts)
        self.failed.update(row.failed)
        self.dropped.update(row.dropped)
        self.out_of_range.update(row.out_of_range)
        self.late_events += row.late_events
        # the second in which a run was interrupted and the last one after it are two parts of one
        rest = self._broken_off.pop(len(self.sent_by_second), 0)
        self.sent_by_second.append(row.counts["sent"] + rest)
        self._next = second_number + 1
        self._publish(row)
        if self._stats is not None and self._anchor is not None:
            self._stats.write(_stats_row(second_number, row, second, self._end_of(second_number)))
        if (second_number + 1) % log_length_s(second_number) == 0:
            self._flush_log()

    def close(self) -> None:
        """Write the log's last, shorter interval and close the files."""
        self._flush_log()
        if self._stats is not None:
            self._stats.close()
        if self._stream is not None:
            self._stream.close()

    def _end_of(self, second: int) -> datetime:
        assert self._anchor is not None
        return self._anchor.wall_at(self._anchor.monotonic_ns + (second + 1) * NS_PER_S)

    def _merged(self, texts: list[str]) -> Histogram:
        first, *others = (Histogram.decode(text) for text in texts)
        for other in others:
            first.add(other)
        return first

    def _into(self, place: dict[str, Histogram], clock: str, histogram: Histogram) -> None:
        place.setdefault(clock, Histogram(self._max_ns)).add(histogram)

    def _publish(self, row: Row) -> None:
        response, lag = self.totals.get("response"), self.totals.get("lag")
        self.standing = Standing(
            p50_ns=_percentile(response, 50),
            p95_ns=_percentile(response, 95),
            p99_ns=_percentile(response, 99),
            max_ns=_percentile(response, 100),
            lag_p99_ns=_percentile(lag, 99),
            sent=row.counts["sent"],
            seconds=row.k + 1,
            latencies=_latencies(response),
        )

    def _flush_log(self) -> None:
        if self._log is not None and self._stream is not None:
            length_s = self._next - self._pending_from
            for clock in sorted(self._pending):
                self._log.write(clock, self._pending_from, length_s, self._pending[clock])
            self._stream.flush()
        self._pending.clear()
        self._pending_from = self._next


def _stats_row(number: int, row: Row, second: dict[str, Histogram], end: datetime) -> LoadSecond:
    response, lag, wait = (second.get(clock) for clock in ("response", "lag", "wait"))
    return LoadSecond(
        second=number,
        timestamp=end,
        due=row.counts["scheduled"],
        sent=row.counts["sent"],
        done=row.counts["done"],
        failed=row.failed,
        dropped=row.dropped,
        p50_ns=_percentile(response, 50),
        p90_ns=_percentile(response, 90),
        p95_ns=_percentile(response, 95),
        p99_ns=_percentile(response, 99),
        max_ns=_percentile(response, 100),
        lag_p99_ns=_percentile(lag, 99),
        wait_p99_ns=_percentile(wait, 99),
        in_flight=sum(row.in_flight.values()),
        backlog=sum(row.backlog.values()),
        late_events=row.late_events,
    )


def _latencies(response: Histogram | None) -> Latencies:
    if response is None:
        return Latencies()
    return Latencies(response.counts_within(LATENCY_BOUNDS_NS), response.total, response.sum_ns)


def _percentile(histogram: Histogram | None, q: float) -> int | None:
    return None if histogram is None else histogram.percentile(q)
