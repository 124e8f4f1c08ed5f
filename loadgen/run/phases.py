"""One load phase on a set of workers: plan, ready, start, ticks and intervals, final.

Laws: the phase ends when every worker that took part said `final` or is gone; rows leave in order; a phase never
asks the clock, `now_ns` comes in.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loadgen.core.messages import Abort, Final, Interval, PlanMessage, Ready, Start, Stop, Tick
from loadgen.core.units import NS_PER_S
from loadgen.pace.build import schedule_of
from loadgen.pace.schedule import Profile
from loadgen.pace.stage import pieces_of
from loadgen.plan.codec import encode
from loadgen.run.merge import IntervalMerge, TickMerge, differences, sum_of_finals

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loadgen.core.messages import Body, Message
    from loadgen.plan.model import LoadPlan
    from loadgen.run.launch import Child
    from loadgen.run.merge import Live, Row


_LIVE = ("scheduled", "sent", "done", "failed", "dropped", "in_flight")


def duration_ns(plan: LoadPlan) -> int:
    """Return how long the schedule lasts."""
    return sum(stage.duration_ns for stage in plan.stages) - plan.skip_ns


def mean_rate_per_s(plan: LoadPlan) -> float | None:
    """Return the integral of the rate over the schedule, per second; None for a closed load."""
    lasts_ns = duration_ns(plan)
    if plan.closed is not None:
        return None
    profile = Profile(pieces_of(plan.stages))
    arrivals = profile.levels[-1] - profile.integral(plan.skip_ns)
    return float(arrivals * NS_PER_S / lasts_ns) if lasts_ns else 0.0


def planned_requests(plan: LoadPlan) -> int | None:
    """Return how many requests the schedule has; None for a closed load, which has none."""
    if plan.closed is not None:
        return None
    schedule = schedule_of(plan)
    return schedule.total - schedule.first


@dataclass(frozen=True, slots=True)
class PhaseTotals:
    """What a phase came to: the workers' finals added, their own accounts, and what did not add up."""

    totals: Body
    hosts: list[Body]
    unmatched: list[str]
    missing_seconds: int


class LoadPhase:
    """A phase; with fewer connections than workers only as many workers take part as there are connections."""

    def __init__(self, name: str, plan: LoadPlan, workers: Sequence[Child], take_row: Callable[[Row], None]) -> None:
        self.name = name
        self.plan = plan
        self.t0_ns: int | None = None
        self.stopped_ns: int | None = None
        self.ticks = TickMerge()
        self.rows = 0
        self._opened: list[Body] = []
        self._schedule = schedule_of(plan)
        self._workers = {child.number: child for child in workers[: plan.concurrency]}
        self._waiting_ready = set(self._workers)
        self._waiting_final = set(self._workers)
        self._ready = asyncio.Event()
        self._finished = asyncio.Event()
        self._finals: dict[int, Final] = {}
        self._merge: IntervalMerge | None = None
        self._take_row = take_row

    def __repr__(self) -> str:
        waiting = sorted(self._waiting_ready) or sorted(self._waiting_final)
        return f"<LoadPhase {self.name}, workers {sorted(self._workers)}, waiting for {waiting}>"

    @property
    def started(self) -> bool:
        return self.t0_ns is not None

    @property
    def finished(self) -> bool:
        return self._finished.is_set()

    @property
    def workers(self) -> int:
        """How many workers take part."""
        return len(self._workers)

    @property
    def unopened(self) -> str:
        """How many connections are open at the start, and why the first of the others is not; empty if none failed."""
        why = next((ready["why"] for ready in self._opened if ready.get("failed")), None)
        if why is None:
            return ""
        counts = [sum(ready[name] for ready in self._opened) for name in ("connections", "asked")]
        return f"{counts[0]:,} of {counts[1]:,} connections are open at the start: {why}"

    def live(self) -> Live:
        """Return the counts as they are now: those of the newest ticks, and at the end those of the finals."""
        live = self.ticks.live()
        if not self.finished or len(self._finals) < len(self._workers):
            return live
        finals = list(self._finals.values())
        totals = sum_of_finals(finals)
        return replace(
            live,
            **{name: totals[name] for name in _LIVE if name in totals},
            backlog=totals.get("unsent", live.backlog),
            cpu_ns=sum(final.host.get("cpu_ns", 0) for final in finals),
            stalls=sum(final.host.get("stalls", 0) for final in finals),
        )

    def is_done(self, worker: int) -> bool:
        """Say whether a worker is not waited for any more."""
        return worker not in self._waiting_final

    def rate_at(self, elapsed_ns: int) -> float | None:
        """Return the rate per second asked for at an instant, 0 before and after the schedule; None without one."""
        return None if self.plan.closed is not None else self._schedule.rate_per_s(elapsed_ns)

    def elapsed_ns(self, now_ns: int) -> int:
        """Return the time since t0, 0 before it."""
        return max(0, now_ns - self.t0_ns) if self.t0_ns is not None else 0

    async def prepare(self) -> None:
        """Hand out the plan and wait until every worker has its connections open."""
        body = encode(self.plan)
        for index, child in enumerate(self._workers.values()):
            child.send(PlanMessage(body, phase=self.name, index=index, count=len(self._workers)))
        await self._ready.wait()

    def start(self, t0_ns: int) -> None:
        """Begin at t0 (CLOCK_MONOTONIC)."""
        self.t0_ns = t0_ns
        self._merge = IntervalMerge(self._workers, t0_ns)
        self._send(Start(t0_ns))

    def stop(self, now_ns: int, drain_ns: int, reason: str) -> None:
        """Start nothing new; what is in flight may end within the drain. The first stop is the one that counts."""
        if self.stopped_ns is None:
            self.stopped_ns = now_ns
        self._send(Stop(drain_ns, reason))

    @property
    def ran_ns(self) -> int:
        """How long requests came due: the schedule's length, or less when it was stopped before."""
        planned_ns = duration_ns(self.plan)
        if self.stopped_ns is None:
            return planned_ns
        return min(planned_ns, self.elapsed_ns(self.stopped_ns))

    def abort(self) -> None:
        """Cut everything."""
        self._send(Abort())

    async def wait(self) -> None:
        """Wait until every worker said `final` or is gone."""
        await self._finished.wait()

    def take(self, worker: int, message: Message) -> None:
        """Take a worker's message of this phase."""
        match message:
            case Ready():
                self._waiting_ready.discard(worker)
                self._opened.append(message.detail)
            case Tick():
                self.ticks.add(worker, message)
            case Interval() if self._merge is not None:
                self._merge.add(worker, message)
                self._hand_out(self._merge.close_until(0))
            case Final():
                self._finals[worker] = message
                self._leave(worker)
            case _:
                pass
        self._settle()

    def lost(self, worker: int) -> None:
        """A worker is gone: it is not waited for."""
        self._waiting_ready.discard(worker)
        self._leave(worker)
        self._settle()

    def close_rows(self, now_ns: int) -> None:
        """Close the seconds whose patience is over."""
        if self._merge is not None:
            self._hand_out(self._merge.close_until(now_ns))

    def close(self) -> PhaseTotals:
        """Hand out the rows that are left and return the totals; a worker without a final gives its intervals'."""
        if self._merge is None:
            return PhaseTotals({}, [], [], 0)
        self._hand_out(self._merge.close_all())
        unmatched: list[str] = []
        for worker, final in sorted(self._finals.items()):
            unmatched += differences(worker, self._merge.sums[worker], final.totals)
        finals = [*self._finals.values(), *self._stand_ins(self._merge)]
        seconds = -(-duration_ns(self.plan) // NS_PER_S)
        complete = len(self._finals) == len(self._workers)
        missing = 0 if complete else max(0, seconds - self.rows)
        return PhaseTotals(sum_of_finals(finals), [final.host for final in self._finals.values()], unmatched, missing)

    def _stand_ins(self, merge: IntervalMerge) -> list[Final]:
        gone = [number for number in self._workers if number not in self._finals]
        rows = [merge.sums[number] for number in gone]
        return [
            Final(
                {
                    **{name: row.counts[name] for name in ("scheduled", "sent", "done")},
                    "failed": dict(row.failed),
                    "dropped": dict(row.dropped),
                    "in_flight": max(0, row.counts["sent"] - row.counts["done"] - row.failed.total()),
                    "unsent": max(0, row.counts["scheduled"] - row.counts["sent"] - row.dropped.total()),
                    "out_of_range": dict(row.out_of_range),
                }
            )
            for row in rows
        ]

    def _send(self, message: Message) -> None:
        for child in self._workers.values():
            child.send(message)

    def _leave(self, worker: int) -> None:
        self._waiting_final.discard(worker)
        if self._merge is not None:
            self._merge.leave(worker)

    def _settle(self) -> None:
        if not self._waiting_ready:
            self._ready.set()
        if not self._waiting_final:
            self._finished.set()

    def _hand_out(self, rows: list[Row]) -> None:
        for row in rows:
            self.rows += 1
            self._take_row(row)
