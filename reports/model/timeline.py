"""What happened when, in seconds since t0 of the load: the parts of a run's charts and of its windows.

Law: None means that there is no figure; it is never 0.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slice:
    """Response times that ended in one entry of latency.hlog, or in several joined ones: exact over all of them."""

    start_s: float
    length_s: float
    count: int
    p50_s: float
    p95_s: float
    p99_s: float
    max_s: float


@dataclass(frozen=True, slots=True)
class Second:
    """One row of load-stats.csv: second `at` covers t0 + at to t0 + at + 1; `ours` are failures of our own host."""

    at: int
    due: int
    sent: int
    done: int
    failed: int
    dropped: int
    ours: int
    lag_p99_s: float | None

    @property
    def judged(self) -> int:
        """Requests that ended and speak about the service."""
        return self.done + self.failures

    @property
    def failures(self) -> int:
        """Failures and drops that count against the service."""
        return self.failed + self.dropped - self.ours


@dataclass(frozen=True, slots=True)
class ProbePoint:
    """One fast probe of the service's counters since the run's start, restarts already joined; None where it failed."""

    t_s: float | None
    ok: bool
    requests: float | None
    errors: float | None
    restarted: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of events.jsonl: `t_s` is None before t0."""

    t_s: float | None
    name: str
    state: str
    text: str
