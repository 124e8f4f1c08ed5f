"""The engine: takes each arrival when it is due and gives it a connection, or a place in the queue.

Laws: an arrival is taken exactly once and ends in exactly one row; nothing is sent at or after `send_until_ns`, which
every wake-up compares with now before it dispatches; the schedule is never moved, what is late shows as lag or wait.
What runs once for each request is `burst`; the rest runs once for each wake-up, or for what is unusual.
"""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic_ns
from typing import TYPE_CHECKING

from loadgen.core.clock import boottime_ns
from loadgen.core.outcome import Outcome
from loadgen.core.units import NS_PER_S
from loadgen.pace.wakeup import shortest_gap_ns
from loadgen.record.layout import UNSENT
from loadgen.record.recorder import Open
from loadgen.worker.burst import best_burst

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from loadgen.net.endpoint import Endpoint
    from loadgen.net.pool import Pool
    from loadgen.net.protocol import Connection
    from loadgen.pace.schedule import Share
    from loadgen.pace.wakeup import CatchUp
    from loadgen.record.recorder import Closed, Recorder
    from loadgen.worker.closed import Slots
    from loadgen.worker.mix import Choice
    from loadgen.worker.requests import Requests
    from loadgen.worker.timer import WakeTimer

NEVER_NS = 1 << 62
STALL_NS = 10_000_000
"""A wake-up this late counts as a stall of this worker's loop."""
MISSED_NS = 1_000_000_000
"""A wake-up this late drops the missed schedule: sending it all at once would be another load than asked for."""
_BLOCK = 512
_BLOCK_OF_MADE = 32
"""Requests with fields are made a block at a time, right after the block before was sent."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an engine is made of. `pools` is indexed by endpoint number; `catch_up` None means unlimited.

    `slots` is there for a closed load, whose share has no arrivals; `request_bytes` is the size of each target's
    requests; `requests` makes those that have fields.
    """

    share: Share
    mix: Choice
    endpoints: Sequence[Endpoint]
    pools: Sequence[Pool]
    recorder: Recorder
    precise: bool
    catch_up: CatchUp | None
    drop_late: bool
    slots: Slots | None = None
    request_bytes: Sequence[float] = ()
    requests: Requests | None = None


@dataclass(slots=True)
class Health:
    """How the worker itself fared: late wake-ups, and time the host was suspended."""

    stalls: int = 0
    stall_max_ns: int = 0
    missed: int = 0
    suspended_ns: int = 0


class Engine:
    """Runs one share of one schedule. `start`, then `sweep` every few milliseconds, then `finish`."""

    def __init__(
        self,
        parts: Parts,
        loop: asyncio.AbstractEventLoop,
        timer: Callable[[asyncio.AbstractEventLoop, Callable[[], None]], WakeTimer],
    ) -> None:
        self._parts = parts
        self._share = parts.share
        self._gate = parts.catch_up
        self._pools = list(parts.pools)
        self.all_pools = list(dict.fromkeys(parts.pools))
        self._burst = best_burst(self.all_pools)
        self._record = parts.recorder.append
        self._timer = timer(loop, self._wake)
        self._t0_ns = 0
        self._armed_ns = NEVER_NS
        self._last_wake_ns = 0
        self._dues: list[int] = [NEVER_NS]
        self._picks: list[Endpoint] = []
        self._at = 0
        self._before = 0
        self._sleep_ns = self._gap_ns = 0
        self._send_until_ns = 0
        self.health = Health()
        for pool in self.all_pools:
            pool.serve = self._serve

    @property
    def send_until_ns(self) -> int:
        """Nothing is sent at or after this instant; renewed by assignment."""
        return self._send_until_ns

    @send_until_ns.setter
    def send_until_ns(self, until_ns: int) -> None:
        self._send_until_ns = until_ns
        for pool in self.all_pools:
            pool.send_until_ns = until_ns
            pool.serve_until_ns = until_ns if self._gate is None and not pool.bounded else 0

    @property
    def taken(self) -> int:
        """How many arrivals of the share have been taken so far."""
        return self._before + self._at

    @property
    def end_ns(self) -> int:
        """When the schedule ends."""
        return self._t0_ns + self._share.schedule.duration_ns

    @property
    def ideal_gap_ns(self) -> float:
        """The mean time between two arrivals of the share; 0 when it has none."""
        total = self._share.total
        return self._share.schedule.duration_ns / total if total else 0.0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is due any more, nothing waits and nothing is in flight."""
        return self._dues[self._at] == NEVER_NS and not self.backlog and not any(p.busy() for p in self.all_pools)

    @property
    def backlog(self) -> int:
        """How many requests wait for a connection."""
        return sum(len(pool.backlog) for pool in self.all_pools)

    def start(self, t0_ns: int, send_until_ns: int) -> None:
        """Begin at t0; send until `send_until_ns`, which is renewed by assignment."""
        self._t0_ns = t0_ns
        self.send_until_ns = send_until_ns
        self._sleep_ns = boottime_ns() - monotonic_ns()
        self._parts.recorder.start(t0_ns)
        self._refill()
        self._arm(self._dues[0])

    def halt(self) -> None:
        """Take and send nothing more; what is in flight goes on."""
        self.send_until_ns = 0
        self._timer.disarm()
        self._armed_ns = NEVER_NS
        self._before += self._at
        self._at, self._dues, self._picks = 0, [NEVER_NS], []
        for pool in self.all_pools:
            pool.halted = True

    # --- hot ---------------------------------------------------------------------------------------------------

    def _wake(self) -> None:
        now_ns = monotonic_ns()
        late_ns = now_ns - self._armed_ns
        if late_ns > STALL_NS:
            self._stalled(late_ns, now_ns)
        self._last_wake_ns = now_ns
        self.dispatch(now_ns)

    def dispatch(self, now_ns: int) -> None:
        """Take every arrival that is due, then set the timer for the next one."""
        if now_ns >= self.send_until_ns:
            self._arm(NEVER_NS)
            return
        if self._gate is not None:
            self._pump_all(now_ns)
        gated = self._gate is not None
        # what becomes due meanwhile is left to the next wake-up, which sees it when this one was held up
        until_ns, send_until_ns = now_ns, self.send_until_ns
        while (due_ns := self._dues[self._at]) <= until_ns and now_ns < send_until_ns:
            if not gated:
                self._at = self._burst(self._dues, self._picks, self._at, self._pools, until_ns, send_until_ns)
                due_ns = self._dues[self._at]
                now_ns = monotonic_ns()
            if due_ns <= until_ns and now_ns < send_until_ns:
                self._take_one(due_ns, self._picks[self._at], now_ns)
                self._at += 1
            if self._dues[self._at] == NEVER_NS:
                self._refill()
        self._arm_next(due_ns)

    def _take_one(self, due_ns: int, endpoint: Endpoint, now_ns: int) -> None:
        """Take one arrival that cannot simply be sent."""
        pool = self._pools[endpoint.number]
        connection = pool.take_free() if self._gate is None and not pool.backlog else None
        if connection is not None:
            connection.send(due_ns, endpoint, now_ns)
        else:
            self._queue(pool, due_ns, endpoint, now_ns)

    def _serve(self, pool: Pool, connection: Connection) -> None:
        """Give a connection that has just become free to the request that waited longest."""
        now_ns = monotonic_ns()
        gate = self._gate
        if now_ns < self.send_until_ns and pool.backlog:
            if gate is None or gate.open_at_ns() <= now_ns:
                due_ns, endpoint = pool.backlog.popleft()
                connection.send(due_ns, endpoint, now_ns)
                if gate is not None:
                    gate.note(now_ns)
                return
            if gate.open_at_ns() < self._armed_ns:
                self._arm(gate.open_at_ns())
        pool.free.append(connection)

    def _arm(self, at_ns: int) -> None:
        self._armed_ns = at_ns
        if at_ns == NEVER_NS:
            self._timer.disarm()
        else:
            self._timer.arm(at_ns)

    def _arm_next(self, due_ns: int) -> None:
        gate = self._gate
        if gate is not None and any(pool.backlog and pool.free for pool in self.all_pools):
            due_ns = min(due_ns, gate.open_at_ns())
        self._arm(max(due_ns, self._last_wake_ns + self._gap_ns) if due_ns != NEVER_NS else NEVER_NS)

    # --- less hot ------------------------------------------------------------------------------------------------

    def _refill(self) -> None:
        """Compute the next block of due times; a last entry of NEVER_NS marks its end."""
        self._before += self._at
        self._at = 0
        t0_ns, share = self._t0_ns, self._share
        made = self._parts.requests
        dues = share.block(self._before, _BLOCK if made is None else _BLOCK_OF_MADE)
        numbers = self._parts.mix.choose(share.number(self._before), share.count, len(dues))
        endpoints = self._parts.endpoints
        self._dues = [t0_ns + due for due in dues]
        self._dues.append(NEVER_NS)
        if len(dues) > 1:
            # by the rate of this block, which on a ramp is another one than the last block's
            rate_per_s = round((len(dues) - 1) * NS_PER_S / max(1, dues[-1] - dues[0]), 2)
            self._gap_ns = shortest_gap_ns(rate_per_s, precise=self._parts.precise)
        self._picks = [endpoints[number] for number in numbers] if len(endpoints) > 1 else [endpoints[0]] * len(dues)
        if made is not None:
            self._picks = made.of(share.number(self._before), share.count, numbers, self._dues)

    def _queue(self, pool: Pool, due_ns: int, endpoint: Endpoint, now_ns: int) -> None:
        """Keep an arrival that cannot be sent at once; with `drop_late` only while a connection is being opened."""
        if pool.free:
            pool.backlog.append((due_ns, endpoint))
            self._pump(pool, now_ns)
        elif self._parts.drop_late and pool.room <= 0 and len(pool.backlog) >= pool.opening:
            self._record((due_ns, 0, 0, now_ns, endpoint.base | Outcome.DROPPED_LATE))
        else:
            pool.wait(due_ns, endpoint)

    def _pump_all(self, now_ns: int) -> None:
        for pool in self.all_pools:
            self._pump(pool, now_ns)

    def _pump(self, pool: Pool, now_ns: int) -> None:
        """Send waiting requests on idle connections, as far as catching up allows."""
        gate = self._gate
        while pool.backlog and (gate is None or gate.open_at_ns() <= now_ns):
            connection = pool.take_free()
            if connection is None:
                pool.open_for_backlog()
                return
            due_ns, endpoint = pool.backlog.popleft()
            connection.send(due_ns, endpoint, now_ns)
            if gate is not None:
                gate.note(now_ns)
            now_ns = monotonic_ns()

    def _stalled(self, late_ns: int, now_ns: int) -> None:
        health = self.health
        health.stalls += 1
        health.stall_max_ns = max(health.stall_max_ns, late_ns)
        if late_ns <= MISSED_NS:
            return
        while self._dues[self._at] <= now_ns:
            self._record((self._dues[self._at], 0, 0, now_ns, self._picks[self._at].base | Outcome.DROPPED_MISSED))
            health.missed += 1
            self._at += 1
            if self._dues[self._at] == NEVER_NS:
                self._refill()

    # --- every few milliseconds ----------------------------------------------------------------------------------

    def sweep(self, now_ns: int) -> list[Closed]:
        """End what has timed out, close the intervals that have ended, fold rows; return the closed intervals."""
        sleep_ns = boottime_ns() - monotonic_ns()
        if sleep_ns - self._sleep_ns > STALL_NS:
            self.health.suspended_ns += sleep_ns - self._sleep_ns
        self._sleep_ns = sleep_ns
        for pool in self.all_pools:
            pool.sweep(now_ns)
            if pool.backlog and pool.free and now_ns < self.send_until_ns:
                self._pump(pool, now_ns)  # a request that found its connection dead, with nothing due after it
        recorder = self._parts.recorder
        closed = []
        if now_ns >= recorder.end_ns and self._dues[self._at] <= now_ns:
            self._wake()  # whatever is due before the interval's end must have been taken when it closes
        while now_ns >= recorder.end_ns:
            closed.append(self._close_interval())
        return closed

    def open_requests(self) -> list[Open]:
        """Return the requests in flight."""
        return [
            Open(connection.sent_ns, connection.endpoint.number)
            for pool in self.all_pools
            for connection in pool.connections
            if connection.busy
        ]

    def finish(self) -> list[Closed]:
        """End everything that is still open, as in flight or unsent; return the last intervals."""
        self.halt()
        for pool in self.all_pools:
            for connection in pool.busy():
                connection.fail(Outcome.ABORTED, monotonic_ns())
            now_ns = monotonic_ns()
            for due_ns, endpoint in pool.backlog:
                self._record((due_ns, 0, 0, now_ns, endpoint.base | UNSENT))
            pool.backlog.clear()
            pool.close()
        self._timer.close()
        closed = []
        now_ns = monotonic_ns()
        while True:
            last = now_ns < self._parts.recorder.end_ns
            closed.append(self._close_interval())
            if last:
                return closed

    def discard(self) -> None:
        """Close what was opened for a phase that never started."""
        self.halt()
        for pool in self.all_pools:
            pool.close()
        self._timer.close()

    def _close_interval(self) -> Closed:
        offset_ns = self._parts.recorder.end_ns - self._t0_ns
        return self._close_with(min(self.taken, self._share.arrived_by(offset_ns - 1)))

    def _close_with(self, scheduled: int) -> Closed:
        return self._parts.recorder.close(
            self.open_requests(),
            scheduled=scheduled,
            bytes_in=sum(pool.bytes_in for pool in self.all_pools),
            connects=sum(pool.connects for pool in self.all_pools),
            bytes_added=sum(pool.bytes_added for pool in self.all_pools),
        )
