"""An action relay as it would count: what each of its series stands at, so long after its start.

Laws: every series is there from the start, at 0, because a rate never sees the first value of a series; a count is the
rate times the time that really passed, in whole events, however often it is asked for; it never falls. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from loadgen.core.units import Rate
from loadgen.drill.mixture import Mixture, Spread

LATENCY_BOUNDS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0, 10.0)
MIME_BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.6, 0.75, 1.0, 2.5)
CHANGES = ("tag_removed", "attr_stripped")
"""What the sanitizer changes; half of the changes are of each kind."""

_QUICK = Spread(LATENCY_BOUNDS_S, ((0.08, 95), (0.3, 5)))
_QUICK_MIME = Spread(MIME_BOUNDS_S, ((0.02, 95), (0.08, 5)))


@dataclass(frozen=True, slots=True)
class Counts:
    """Where the relay stands: cumulative counts of whole events."""

    ok: int
    error: int
    rejected: int
    changes: tuple[int, int]
    decisions: int | None

    @property
    def actions(self) -> int:
        return self.ok + self.error + self.rejected


@dataclass(frozen=True, slots=True)
class Relay:
    """How a relay behaves; the defaults are one that is well.

    Of a hundred actions `errors` fail and `rejected` do not pass validation. Each action has a latency and builds one
    MIME message. A relay without a controller has no `decisions`; those of one that has stop after `stalls_after_ns`,
    if that is set.
    """

    actions: Rate = field(default_factory=lambda: Rate.per_second(50))
    errors: int = 0
    rejected: int = 1
    latency: Spread = _QUICK
    mime: Spread = _QUICK_MIME
    changes: Rate = field(default_factory=lambda: Rate.per_second(2))
    decisions: Rate | None = None
    stalls_after_ns: int | None = None

    def counts(self, elapsed_ns: int) -> Counts:
        """Return what has happened `elapsed_ns` after the start."""
        mixture = Mixture((100 - self.errors - self.rejected, self.errors, self.rejected))
        ok, error, rejected = mixture.counts(self.actions.arrivals_in(elapsed_ns))
        changes = self.changes.arrivals_in(elapsed_ns)
        decided_ns = elapsed_ns if self.stalls_after_ns is None else min(elapsed_ns, self.stalls_after_ns)
        decisions = None if self.decisions is None else self.decisions.arrivals_in(decided_ns)
        return Counts(ok, error, rejected, (changes - changes // 2, changes // 2), decisions)
