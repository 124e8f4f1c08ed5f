"""The engine of a closed load: so many slots, each of which sends its next request when its last one has ended.

There is no schedule, so nothing is ever late: a request is due at the moment its slot was free again, after the think
time. A service that stalls is asked less, and its latency figures leave out whoever would have come meanwhile.
Laws: a slot has at most one request, waiting or in flight; a slot whose request was never sent rests at least
`REST_NS`, so a target that refuses is not asked in a spin; the rest is the law of `Engine`.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from loadgen.worker.engine import NEVER_NS, Engine

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from loadgen.net.endpoint import Endpoint
    from loadgen.net.pool import Pool
    from loadgen.record.recorder import Closed
    from loadgen.worker.engine import Parts
    from loadgen.worker.timer import WakeTimer

REST_NS = 100_000_000
_PICKED_AT_ONCE = 512


@dataclass(frozen=True, slots=True)
class Slots:
    """A worker's part of a closed load.

    `begins_ns` has one offset from t0 for each slot; `most` requests are sent in all, None without a bound; the load
    ends `duration_ns` after t0.
    """

    begins_ns: tuple[int, ...]
    think_ns: int
    duration_ns: int
    most: int | None = None


class ClosedEngine(Engine):
    """Runs the slots of one worker; the same calls as `Engine`."""

    def __init__(
        self,
        parts: Parts,
        slots: Slots,
        loop: asyncio.AbstractEventLoop,
        timer: Callable[[asyncio.AbstractEventLoop, Callable[[], None]], WakeTimer],
    ) -> None:
        super().__init__(parts, loop, timer)
        self._slots = slots
        self._resting: list[int] = []
        self._taken = 0
        self._taken_since: list[int] = []
        self._chosen: list[int] = []
        self._closes_ns = 0
        self._halted = False
        for pool in self.all_pools:
            pool.record = self._ended  # the connections that the pool opens from now on call it

    @property
    def taken(self) -> int:
        """How many requests the slots have had so far."""
        return self._taken

    @property
    def end_ns(self) -> int:
        """When no slot begins another request: the end of the duration, or when the last allowed one began."""
        return self._closes_ns

    @property
    def is_idle(self) -> bool:
        return not self.backlog and not any(pool.busy() for pool in self.all_pools)

    def start(self, t0_ns: int, send_until_ns: int) -> None:
        """Begin at t0; send until `send_until_ns`, which is renewed by assignment."""
        super().start(t0_ns, send_until_ns)
        # a worker that has no request to send must not wait for the time that the others may take
        self._closes_ns = t0_ns + (0 if self._slots.most == 0 else self._slots.duration_ns)
        for begin_ns in self._slots.begins_ns:
            heappush(self._resting, t0_ns + begin_ns)
        self._arm_resting()

    def halt(self) -> None:
        """Begin nothing more; what is in flight goes on."""
        self._halted = True
        self._resting.clear()
        super().halt()

    def dispatch(self, now_ns: int) -> None:
        """Begin a request on every slot that has rested long enough."""
        if now_ns >= self.send_until_ns:
            self._arm(NEVER_NS)
            return
        resting = self._resting
        while resting and resting[0] <= now_ns:
            taken = self._take(heappop(resting))
            if taken is not None:
                pool, due_ns, endpoint = taken
                connection = None if pool.backlog else pool.take_free()
                if connection is None:
                    pool.wait(due_ns, endpoint)
                else:
                    connection.send(due_ns, endpoint, now_ns)
        self._arm_resting()

    def sweep(self, now_ns: int) -> list[Closed]:
        """Do as `Engine.sweep`; first begin what is due before an interval that is about to close has ended."""
        if self._resting and self._resting[0] <= now_ns and now_ns >= self._parts.recorder.end_ns:
            self._wake()
        return super().sweep(now_ns)

    def _ended(self, row: tuple[int, int, int, int, int]) -> None:
        """Record a request that has ended, and let its slot go on."""
        self._record(row)
        if self._halted:
            return
        _, _, sent_ns, done_ns, _ = row
        rest_ns = self._slots.think_ns if sent_ns else max(self._slots.think_ns, REST_NS)
        if rest_ns:
            heappush(self._resting, done_ns + rest_ns)
            if self._resting[0] < self._armed_ns:
                self._arm_resting()
            return
        taken = self._take(done_ns)
        if taken is not None:
            # the connection whose request has just ended serves what waits before it is idle
            pool, due_ns, endpoint = taken
            pool.wait(due_ns, endpoint)
            if pool.free:
                self._pump(pool, done_ns)

    def _take(self, due_ns: int) -> tuple[Pool, int, Endpoint] | None:
        """Take the next request for a slot; None when the load is over."""
        most = self._slots.most
        if due_ns >= self._closes_ns or (most is not None and self._taken >= most):
            return None
        if not self._chosen:
            share, first = self._share, self._taken
            numbers = self._parts.mix.choose(share.number(first), share.count, _PICKED_AT_ONCE)
            self._chosen = numbers[::-1]
        number = self._chosen.pop()
        endpoint, made = self._parts.endpoints[number], self._parts.requests
        if made is not None:
            endpoint = made.of(self._share.number(self._taken), self._share.count, [number], [due_ns])[0]
        self._taken += 1
        self._taken_since.append(due_ns)
        if self._taken == most:
            self._closes_ns = due_ns
        return self._pools[endpoint.number], due_ns, endpoint

    def _arm_resting(self) -> None:
        self._arm(self._resting[0] if self._resting else NEVER_NS)

    def _close_interval(self) -> Closed:
        """Close an interval; requests that became due after its end belong to the next one."""
        end_ns = self._parts.recorder.end_ns
        self._taken_since = [due_ns for due_ns in self._taken_since if due_ns >= end_ns]
        return self._close_with(self._taken - len(self._taken_since))
