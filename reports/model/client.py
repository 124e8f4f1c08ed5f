"""What the load generator itself recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.histogram import Histogram
    from reports.model.timeline import Second, Slice


@dataclass(frozen=True, slots=True)
class Account:
    """Where every scheduled request ended; `outcomes` splits done, failed and dropped by label where it is known."""

    scheduled: int
    sent: int
    unsent: int
    dropped: int
    done: int
    failed: int
    in_flight: int
    outcomes: Mapping[str, int] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """Requests with an ending: each has one response time; what was still open at the end may have one."""
        return self.done + self.failed + self.dropped


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint's share: counts and response percentiles in s, None where unknown."""

    name: str
    sent: int | None
    done: int | None
    failed: int | None
    percentiles_s: Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Address:
    """One address that connections of an origin went to; `answers` of `lookups` held it. None where unknown."""

    origin: str
    address: str
    lookups: int | None
    answers: int | None
    connections: int | None
    requests: int | None


@dataclass(frozen=True, slots=True)
class SlowRequest:
    """One of the slowest requests of a run whose requests had trace contexts."""

    trace_id: str
    endpoint: str
    outcome: str
    response_s: float | None
    due_s: float | None


@dataclass(frozen=True, slots=True)
class Client:
    """Everything the generator recorded.

    `clocks` maps a clock of `messages.CLOCKS` or `PHASES` to the merged histogram of the whole run (ns). `intervals`
    are the response histograms of each CSV interval, `slices` its percentiles over shorter ones. `claimed_ms` maps a
    clock to the percentiles summary.json states, for comparison. `redirects` counts requests by how many redirects they
    followed. `out_of_range` counts values beyond a histogram's range. `log_complete` is False when latency.hlog breaks
    off. `achieved_per_s` is the rate sent over the schedule alone, its drain left out. `gap_cv` is the variation of the
    gaps between requests, `second_cv` that of the requests sent per second (standard deviation / mean).
    """

    account: Account | None = None
    clocks: Mapping[str, Histogram] = field(default_factory=dict)
    intervals: tuple[Histogram, ...] = ()
    claimed_ms: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()
    addresses: tuple[Address, ...] = ()
    slowest: tuple[SlowRequest, ...] = ()
    redirects: Mapping[str, int] = field(default_factory=dict)
    out_of_range: Mapping[str, int] = field(default_factory=dict)
    log_complete: bool = True
    slices: tuple[Slice, ...] = ()
    by_second: tuple[Second, ...] = ()
    seconds: int = 0
    late_events: int = 0
    achieved_per_s: float | None = None
    gap_cv: float | None = None
    second_cv: float | None = None
