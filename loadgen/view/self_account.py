"""What loadgen knows of itself at one instant, summed over the phases of a run. Pure.

Laws: frozen, so that whoever renders it needs no lock; what is counted never goes down, although every phase counts
from 0; a figure that is not known is None.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from loadgen.core.events import LATENCY_BOUNDS_NS, EventName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.events import Event, Progress


@dataclass(frozen=True, slots=True)
class Sums:
    """Everything that is counted: requests by state, failures and drops by label, response times, our own work."""

    scheduled: int = 0
    sent: int = 0
    done: int = 0
    failed: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    within: tuple[int, ...] = (0,) * len(LATENCY_BOUNDS_NS)
    responses: int = 0
    responses_ns: int = 0
    cpu_ns: int = 0
    stalls: int = 0

    def plus(self, progress: Progress) -> Sums:
        """Return these sums and those of a phase."""
        latencies, generator = progress.latencies, progress.generator
        return Sums(
            self.scheduled + progress.scheduled,
            self.sent + progress.sent,
            self.done + progress.done,
            _added(self.failed, progress.failed),
            _added(self.dropped, progress.dropped),
            tuple(before + now for before, now in zip(self.within, latencies.within, strict=True)),
            self.responses + latencies.count,
            self.responses_ns + latencies.sum_ns,
            self.cpu_ns + generator.cpu_ns,
            self.stalls + generator.stalls,
        )


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {label: one.get(label, 0) + other.get(label, 0) for label in {**one, **other}}


@dataclass(frozen=True, slots=True)
class SelfAccount:
    """The state of a run as it is told to others.

    `labels` name the run, `began_s` is its wall time; `before` sums the phases that are over, `progress` is the newest
    state of the one that runs. `events` counts by name; `status` and `exit_code` are known at the end.
    """

    labels: Mapping[str, str]
    began_s: float
    before: Sums = Sums()
    progress: Progress | None = None
    phase: str = ""
    events: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    late_wakeups: int = 0
    tripped: str = ""
    status: str = "running"
    exit_code: int | None = None
    ended_s: float | None = None

    def with_progress(self, progress: Progress) -> SelfAccount:
        """Return the account with a newer state; another phase than the last one counts on from it."""
        last = self.progress
        late = self.late_wakeups + (progress.generator.loop_late_ns > LATE_NS)
        if last is None or last.phase == progress.phase:
            phase = progress.phase if last is None else self.phase  # which may have been told to be over
            return replace(self, progress=progress, phase=phase, late_wakeups=late)
        return replace(self, before=self.before.plus(last), progress=progress, phase=progress.phase, late_wakeups=late)

    def with_event(self, event: Event, now_s: float) -> SelfAccount:
        """Return the account after an event at a wall time."""
        counts = Counter(self.events)
        counts[event.name.value] += 1
        changes: dict[str, object] = {"events": MappingProxyType(counts)}
        if event.name is EventName.PHASE:
            changes["phase"] = str(event.data.get("phase") or "")
        elif event.name is EventName.BREAKER and event.data.get("state") == "TRIPPED":
            changes["tripped"] = str(event.data.get("input") or "")
        elif event.name is EventName.END:
            code = event.data.get("exit_code")
            changes |= {"status": str(event.data.get("status")), "exit_code": code, "ended_s": now_s}
        return replace(self, **changes)  # type: ignore[arg-type] # each value fits its field

    @property
    def sums(self) -> Sums:
        """Everything counted so far, in all phases."""
        return self.before if self.progress is None else self.before.plus(self.progress)


LATE_NS = 100_000_000
"""A supervisor that wakes this late stood still meanwhile."""
