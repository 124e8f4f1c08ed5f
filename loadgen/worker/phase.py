"""One phase of load in this worker: from a plan to its final account.

States: OPENING connections, READY, RUNNING by the schedule, DRAINING after a stop, ENDED. `beat` drives it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from enum import Enum
from time import monotonic_ns
from typing import TYPE_CHECKING

from loadgen.core.kernel import find_kernel
from loadgen.core.messages import Log
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.worker.assemble import Place, assemble, renew_token
from loadgen.worker.busyness import Busyness, QueueTime
from loadgen.worker.closed import ClosedEngine
from loadgen.worker.engine import Engine, Health
from loadgen.worker.host import CollectorWatch, HostReading
from loadgen.worker.ports import port_limit, ports_held
from loadgen.worker.report import Reporter
from loadgen.worker.timer import best_timer
from loadgen.worker.vitals import Vitals

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.core.messages import Body, Final, Message
    from loadgen.core.redact import Secret
    from loadgen.plan.model import LoadPlan
    from loadgen.record.noteworthy import Noted

FOLD_NS = 100 * NS_PER_MS
TICK_NS = 250 * NS_PER_MS
_FEW_CONNECTIONS = 1_000
_SLOWEST_BEAT_NS = 20 * NS_PER_MS
_FASTEST_BEAT_NS = 5 * NS_PER_MS


class State(Enum):
    OPENING = "opening"
    READY = "ready"
    RUNNING = "running"
    DRAINING = "draining"
    ENDED = "ended"


class Phase:
    """Runs one LoadPlan; `send` takes its messages. Raises ValueError when the plan cannot be run."""

    def __init__(self, plan: LoadPlan, place: Place, send: Callable[[Message], None]) -> None:
        parts = assemble(plan, place)
        self._send = send
        self._plan, self._endpoints = plan, parts.endpoints
        self._recorder = parts.recorder
        loop = asyncio.get_running_loop()
        self._engine = (
            Engine(parts, loop, best_timer)
            if parts.slots is None
            else ClosedEngine(parts, parts.slots, loop, best_timer)
        )
        names = [target.name for target in plan.targets]
        self._reporter = Reporter(parts.recorder, names, parts.request_bytes, send)
        self._drain_ns = plan.limits.drain_ns
        self.beat_ns = max(_FASTEST_BEAT_NS, min(_SLOWEST_BEAT_NS, plan.limits.timeout_ns // 20))
        beats_per_s = 1_000_000_000 // self.beat_ns
        self._steps = -(-2 * self._reporter.steps_per_interval // beats_per_s)
        self._watch = CollectorWatch()
        self._line = QueueTime()
        self._busyness = Busyness(queued_ns=self._line)
        self._vitals = Vitals(self._engine.all_pools)
        for pool in self._engine.all_pools:
            pool.blame_late = self._busyness.blame_late
        self._reading = HostReading.take()
        self._deadline_ns = 0
        self._fold_at_ns = self._tick_at_ns = self._tell_at_ns = self._t0_ns = 0
        self._told = Health()
        self.state = State.OPENING

    async def open(self) -> Body:
        """Open the connections and warm the arithmetic; return what `ready` tells."""
        failures: Counter[str] = Counter()
        for pool in self._engine.all_pools:
            failures += await pool.warm()
        self._reporter.warm()
        self._watch.install()
        self.state = State.READY
        return {
            "connections": sum(len(pool.connections) for pool in self._engine.all_pools),
            "asked": sum(pool.capacity for pool in self._engine.all_pools),
            "failed": dict(failures),
            "why": next((pool.unopened for pool in self._engine.all_pools if pool.unopened), ""),
        }

    def start(self, t0_ns: int, send_until_ns: int) -> None:
        """Begin the schedule at t0."""
        self._t0_ns = t0_ns
        self._reading = HostReading.take()
        self._busyness.start(t0_ns)
        self._vitals.start(t0_ns)
        self._engine.start(t0_ns, send_until_ns)
        self._deadline_ns = self._engine.end_ns + self._drain_ns
        self._fold_at_ns, self._tick_at_ns = t0_ns + FOLD_NS, t0_ns + TICK_NS
        self.state = State.RUNNING

    def renew(self, until_ns: int) -> None:
        """Allow sending until an instant."""
        if self.state is State.RUNNING:
            self._engine.send_until_ns = until_ns

    def renew_token(self, token: Secret) -> LoadPlan:
        """Send another token from the next request on; return the plan that has it. Raises ValueError."""
        self._plan = renew_token(self._plan, self._endpoints, token)
        return self._plan

    def stop(self, drain_ns: int) -> None:
        """Send nothing more and let what is in flight end within `drain_ns`; a later stop may shorten that."""
        if self.state is State.RUNNING:
            self._engine.halt()
            self.state = State.DRAINING
            self._deadline_ns = monotonic_ns() + drain_ns
        elif self.state is State.DRAINING:
            self._deadline_ns = min(self._deadline_ns, monotonic_ns() + drain_ns)

    def beat(self) -> bool:
        """Do what is due every few milliseconds; return whether the phase has come to its end."""
        if self.state not in (State.RUNNING, State.DRAINING):
            return False
        now_ns = monotonic_ns()
        recorder = self._recorder
        self._follow(now_ns)
        if now_ns >= self._fold_at_ns or recorder.is_full:
            recorder.fold()
            self._fold_at_ns = now_ns + FOLD_NS
        if now_ns >= self._tick_at_ns:
            recorder.fold()
            self._send(self._reporter.tick(self._engine, now_ns, self._reading.cpu_since_ns()))
            self._tick_at_ns += max(TICK_NS, (now_ns - self._tick_at_ns) // TICK_NS * TICK_NS)
        self._reporter.step(self._steps)
        self._tell_trouble()
        return self._is_over(now_ns)

    def _follow(self, now_ns: int) -> None:
        """See how this worker fares, end what has timed out, and take the seconds that are over."""
        self._vitals.look(now_ns)
        self._busyness.look(now_ns, waiting=self._engine.backlog > 0)
        self._reporter.push(self._engine.sweep(now_ns))

    def _tell_trouble(self) -> None:
        """Log what makes the measurement doubtful as soon as it happens, not only in the final account."""
        health = self._engine.health
        if health.missed > self._told.missed:
            self._send(
                Log("warning", "this worker woke too late and dropped what it missed", {"missed": health.missed})
            )
        if health.suspended_ns > self._told.suspended_ns:
            self._send(Log("warning", "this host was suspended", {"suspended_ns": health.suspended_ns}))
        self._told = replace(health)
        if self._recorder.noteworthy is not None and monotonic_ns() >= self._tell_at_ns:
            self._tell_at_ns = monotonic_ns() + NS_PER_S
            self._tell_failed()

    def _tell_failed(self) -> None:
        """Log a sample of the requests that failed, by the trace ids they were sent with."""
        noteworthy = self._recorder.noteworthy
        for noted in () if noteworthy is None else noteworthy.take_failed():
            self._send(Log("warning", "a failed request", self._body_of(noted)))

    def _body_of(self, noted: Noted) -> Body:
        return {
            "request_trace_id": noted.trace_id,
            "endpoint": self._plan.targets[noted.endpoint].name,
            "outcome": self._recorder.label_of(noted.ending),
            "response_ms": round(noted.response_ns / NS_PER_MS, 3),
            "due_s": round((noted.due_ns - self._t0_ns) / NS_PER_S, 6),
        }

    def _is_over(self, now_ns: int) -> bool:
        if now_ns >= self._deadline_ns:
            return True
        if self.state is State.DRAINING:
            return not self._engine.open_requests()
        return now_ns >= self._engine.end_ns and self._engine.is_idle

    def end(self) -> Final:
        """Cut what is still open and return the final account, after the last intervals have been sent."""
        started = self.state in (State.RUNNING, State.DRAINING)
        if started:
            now_ns = monotonic_ns()
            self._vitals.look(now_ns)
            self._busyness.look(now_ns, waiting=self._engine.backlog > 0)
            self._reporter.push(self._engine.finish())
        else:
            self._engine.discard()
        if self.state is not State.OPENING:
            self._watch.remove()
        self.state = State.ENDED
        self._line.close()
        self._tell_failed()
        self._reporter.flush()
        return self._reporter.final(self._host(), self._engine.all_pools)

    def cut(self) -> None:
        """Close every connection without an account: the process is about to end on an error."""
        if self.state is not State.ENDED:
            self._engine.discard()
            self._line.close()
            self.state = State.ENDED

    def _ports(self) -> Body:
        """Return the ports that connections hold at the end; with few connections not worth reading long tables."""
        pools = self._engine.all_pools
        connects = sum(pool.connects for pool in pools)
        remote = [port for pool in pools if (port := pool.remote_port) is not None]
        if not remote:
            return {}
        held = connects if connects < _FEW_CONNECTIONS else ports_held(remote)
        return {"ports": held, "port_limit": port_limit()}

    def _noted(self) -> Body:
        """Return the slowest requests by their trace ids, and how many failed ones have no line of their own."""
        noteworthy = self._recorder.noteworthy
        if noteworthy is None:
            return {}
        return {"slowest": [self._body_of(one) for one in noteworthy.slowest], "unnoted": noteworthy.unnoted}

    def _host(self) -> Body:
        health, watch, gaps = self._engine.health, self._watch, self._recorder.gaps
        return {
            **self._reading.since(),
            **self._ports(),
            **self._vitals.to_body(),
            "overloaded_ns": self._busyness.overloaded_ns,
            "gc_pauses": watch.pauses,
            "gc_ns": watch.total_ns,
            "gc_max_ns": watch.max_ns,
            "stalls": health.stalls,
            "stall_max_ns": health.stall_max_ns,
            "suspended_ns": health.suspended_ns,
            "missed": health.missed,
            "gap_squares": gaps.squares,
            "gaps": gaps.gaps,
            "gap_ideal_ns": self._engine.ideal_gap_ns,
            "kernel": "python" if find_kernel() is None else "compiled",
            "unsolicited": sum(pool.unsolicited for pool in self._engine.all_pools),
            **self._noted(),
        }
