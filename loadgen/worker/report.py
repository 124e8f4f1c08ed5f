"""What a worker tells of its phase: ticks, intervals whose histograms are encoded a few at a time, the final account.

Law: the final totals are summed up from the very intervals that were sent.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.messages import Final, Interval, Message, Tick

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loadgen.core.messages import Body
    from loadgen.net.pool import Pool
    from loadgen.record.interval import Counts
    from loadgen.record.recorder import Closed, Recorder
    from loadgen.worker.engine import Engine

_MOST_WAITING = 3
"""So many intervals may wait to be encoded: beats are rare on a starved host, and each interval holds megabytes."""


@dataclass(slots=True)
class _Encoding:
    closed: Closed
    histograms: dict[str, str] = field(default_factory=dict)
    group: int = 0


class Reporter:
    """Sends what happens in one phase; `send` takes messages."""

    def __init__(
        self,
        recorder: Recorder,
        names: Sequence[str],
        request_bytes: Sequence[float],
        send: Callable[[Message], None],
    ) -> None:
        self._recorder = recorder
        self._names = tuple(names)
        self._sizes = request_bytes
        self._send = send
        self._tags = recorder.groups
        self._scratch = recorder.new_histogram()
        self._queue: deque[_Encoding] = deque()
        self._sums = recorder.new_counts()
        self._out_of_range: Counter[str] = Counter()
        self._bytes_out = 0

    def warm(self) -> None:
        """Fold, close and encode once what nobody sees, so that the first second does not pay for first calls."""
        self._recorder.rehearse()
        self._scratch.record(1)
        self._scratch.encode()
        self._scratch.clear()

    def push(self, closed: Sequence[Closed]) -> None:
        """Take intervals that have ended, to be sent when their histograms are encoded."""
        self._queue.extend(_Encoding(one) for one in closed)

    def step(self, histograms: int) -> None:
        """Encode at most so many histograms: each takes about 0.1 ms, all at once would show as a stall.

        Where more than _MOST_WAITING intervals wait, the oldest are encoded whole: a stall is better than memory
        that grows for as long as the host is too slow.
        """
        while len(self._queue) > _MOST_WAITING:
            self._encode_one(self._queue[0])
        while self._queue and histograms > 0:
            self._encode_one(self._queue[0])
            histograms -= 1

    def flush(self) -> None:
        """Encode and send everything that waits."""
        while self._queue:
            self._encode_one(self._queue[0])

    @property
    def steps_per_interval(self) -> int:
        """How many histograms an interval has."""
        return len(self._tags)

    def _encode_one(self, work: _Encoding) -> None:
        tag = self._tags[work.group]
        if work.closed.accumulator.copy_into(work.group, self._scratch):
            work.histograms[tag] = self._scratch.encode()
        work.group += 1
        if work.group == len(self._tags):
            self._queue.popleft()
            self._send_interval(work)

    def _send_interval(self, work: _Encoding) -> None:
        closed, counts = work.closed, work.closed.counts
        self._recorder.recycle(closed)
        bytes_out = self._bytes_of(counts)
        self._sums.add(counts)
        self._out_of_range.update(closed.out_of_range)
        self._bytes_out += bytes_out
        self._send(
            Interval(
                k=closed.k,
                scheduled=counts.scheduled,
                sent=counts.sent_total,
                done=counts.done,
                failed=counts.failed(),
                dropped=counts.dropped(),
                in_flight=closed.in_flight,
                backlog=closed.backlog,
                histograms=work.histograms,
                out_of_range=closed.out_of_range,
                bytes_in=counts.bytes_in,
                bytes_out=bytes_out,
                connects=counts.connects,
            )
        )

    def _bytes_of(self, counts: Counts) -> int:
        as_made = sum(size * int(sent) for size, sent in zip(self._sizes, counts.sent, strict=True))
        return round(as_made) + counts.bytes_added

    def tick(self, engine: Engine, now_ns: int, cpu_ns: int) -> Tick:
        """Return the counts of the phase so far, and what it took of the processor; rows must have been folded."""
        so_far = self._recorder.ended_so_far()
        in_flight = engine.open_requests()
        sent = so_far.sent_total + sum(1 for request in in_flight if request.sent_ns >= self._recorder.begin_ns)
        return Tick(
            at_ns=now_ns,
            scheduled=engine.taken,
            sent=sent,
            done=so_far.done,
            failed=so_far.failed(),
            dropped=so_far.dropped(),
            overdue=sum(pool.overdue(now_ns) for pool in engine.all_pools),
            in_flight=len(in_flight),
            backlog=engine.backlog,
            trailing_failures=self._recorder.trailing_failures,
            cpu_ns=cpu_ns,
            stalls=engine.health.stalls,
        )

    def final(self, host: Body, pools: Sequence[Pool]) -> Final:
        """Return the account of the whole phase; everything must have been flushed."""
        sums = self._sums
        totals: Body = {
            "scheduled": sums.scheduled,
            "sent": sums.sent_total,
            "done": sums.done,
            "failed": sums.failed(),
            "dropped": sums.dropped(),
            "in_flight": sums.in_flight,
            "unsent": sums.backlog,
            "out_of_range": dict(self._out_of_range),
            "bytes_in": sums.bytes_in,
            "bytes_out": self._bytes_out,
            "connects": sums.connects,
            "endpoints": sums.by_endpoint(self._names),
            "redirects": _hops(pools),
            "lookups": {pool.origin: pool.lookups for pool in pools},
            "addresses": {pool.origin: pool.reached() for pool in pools},
        }
        return Final(totals, host)


def _hops(pools: Sequence[Pool]) -> dict[str, int]:
    """Return how many requests followed one redirect, two, ...; empty when none did."""
    counts: Counter[int] = sum((pool.hops for pool in pools), Counter())
    return {str(hops): counts[hops] for hops in sorted(counts)}
