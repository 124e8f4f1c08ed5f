"""The state of a run at one instant, for a view. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from loadgen.core.events import Generator, Progress, Watching
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run.phases import duration_ns

if TYPE_CHECKING:
    from loadgen.core.events import BreakerLine
    from loadgen.run.phases import LoadPhase
    from loadgen.run.seconds import Standing


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of metrics.csv: `written` of `asked`, one every `interval_ns`; asked 0 without an observer."""

    written: int = 0
    asked: int = 0
    interval_ns: int = 0


@dataclass(frozen=True, slots=True)
class Around:
    """What a view shows beside the load itself: the observer, the breaker's inputs, the generator's own state."""

    rows: Rows = Rows()
    breaker: tuple[BreakerLine, ...] = ()
    validity: str = "VALID"
    watching: Watching = field(default_factory=Watching)
    loop_late_ns: int = 0


def progress_of(phase: LoadPhase, standing: Standing, around: Around, now_ns: int) -> Progress:
    """Return what a view shows of a phase that has begun."""
    live, rows = phase.live(), around.rows
    elapsed_ns = phase.elapsed_ns(now_ns)
    main = phase.name == "main"
    next_ns = (rows.written + 1) * rows.interval_ns - phase.plan.skip_ns - elapsed_ns
    return Progress(
        phase=phase.name,
        elapsed_ns=elapsed_ns,
        total_ns=duration_ns(phase.plan),
        scheduled=live.scheduled,
        sent=live.sent,
        done=live.done,
        failed=live.failed,
        dropped=live.dropped,
        in_flight=live.in_flight,
        backlog=live.backlog,
        target_rate_per_s=phase.rate_at(elapsed_ns),
        achieved_rate_per_s=float(standing.sent),
        p50_ns=standing.p50_ns,
        p95_ns=standing.p95_ns,
        p99_ns=standing.p99_ns,
        max_ns=standing.max_ns,
        lag_p99_ns=standing.lag_p99_ns,
        breaker=around.breaker,
        sample=rows.written if main else 0,
        samples=rows.asked if main else 0,
        next_sample_ns=max(0, next_ns) if main and rows.written < rows.asked else None,
        validity=around.validity,
        latencies=standing.latencies,
        generator=Generator(phase.workers, live.cpu_ns, live.stalls, around.loop_late_ns),
        watching=around.watching,
    )


def progress_fields(progress: Progress) -> dict[str, Any]:
    """Return what a line of load.log says about the progress."""
    return {
        "t_s": round(progress.elapsed_ns / NS_PER_S, 1),
        "scheduled": progress.scheduled,
        "sent": progress.sent,
        "done": progress.done,
        "failed": sum(progress.failed.values()),
        "dropped": sum(progress.dropped.values()),
        "in_flight": progress.in_flight,
        "backlog": progress.backlog,
        "rate_per_s": progress.achieved_rate_per_s,
        "p99_ms": None if progress.p99_ns is None else round(progress.p99_ns / NS_PER_MS, 3),
        "sample": progress.sample,
        "validity": progress.validity,
    }
