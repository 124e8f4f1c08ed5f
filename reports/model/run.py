"""One run, as read from its directory."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from reports.model.client import Client

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reports.model.redis import Glance
    from reports.model.server import Row, ServerWindow
    from reports.model.timeline import Happening, ProbePoint


class Harm(Enum):
    """What a damaged artifact costs: NEEDED evidence is missing, or only DETAIL."""

    NEEDED = "needed"
    DETAIL = "detail"


@dataclass(frozen=True, slots=True)
class Damage:
    """An artifact, or a part of one, that could not be read."""

    file: str
    text: str
    harm: Harm

    def __str__(self) -> str:
        return f"{self.file}: {self.text}"


@dataclass(frozen=True, slots=True)
class Parameters:
    """What was asked of the run; None or empty where the record does not say.

    `planned_requests` is what the schedule holds, `rate_per_s` its mean rate.
    """

    kind: str = ""
    profile: str = ""
    environment: str = ""
    base_url: str = ""
    metrics_urls: tuple[str, ...] = ()
    rate: str = ""
    rate_per_s: float | None = None
    planned_requests: int | None = None
    concurrency: int | None = None
    workers: int | None = None
    duration_s: float | None = None
    interval_s: float | None = None
    samples: int | None = None
    cache_miss_counted: bool | None = None
    breaker_counts_misses: bool | None = None
    jwt_provided: bool | None = None


@dataclass(frozen=True, slots=True)
class Validity:
    """The generator's verdict on itself: VALID, DEGRADED or INVALID; empty when it never gave one."""

    state: str = ""
    reasons: tuple[str, ...] = ()
    target_limited: bool = False


@dataclass(frozen=True, slots=True)
class BreakerInput:
    """One input of the breaker, why it was or was not armed, and what it last saw of what it may."""

    name: str
    armed: bool
    reason: str
    value: float | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Trip:
    """Why the breaker ended the run.

    `value` and `threshold` are ratios or counts of the named metric; `moment` is `at` where that is a time.
    """

    input: str
    metric: str
    value: float | None
    threshold: float | None
    window_s: float | None
    at: str
    rule: str
    phase: str = ""
    detail: str = ""
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class Breaker:
    """The breaker's configuration and outcome.

    `tripped` is True with no `trip` when the record says that it tripped but not why.
    """

    enabled: bool | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    inputs: tuple[BreakerInput, ...] = ()
    tripped: bool = False
    trip: Trip | None = None


@dataclass(frozen=True, slots=True)
class Warmup:
    """What came before the run and is in none of its figures."""

    duration_s: float | None
    rate_per_s: float | None
    concurrency: int | None
    sent: int | None


@dataclass(frozen=True, slots=True)
class Probes:
    """The fast probes of the breaker: how many, how many failed, and what each saw."""

    count: int = 0
    failed: int = 0
    points: tuple[ProbePoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    """All that is known of one run; `name` is its id, `source` what was read, `preflight` what it warned of.

    `redis` is what was seen of a Redis that was watched, empty where none was.
    """

    name: str
    source: str
    status: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    t0: datetime | None = None
    scraped_at_start: datetime | None = None
    parameters: Parameters = Parameters()
    targets: Mapping[str, float] = field(default_factory=dict)
    validity: Validity = Validity()
    breaker: Breaker = Breaker()
    mandatory: tuple[str, ...] | None = None
    not_applicable: tuple[str, ...] = ()
    metrics_mode: str = ""
    fingerprint: Mapping[str, str] = field(default_factory=dict)
    counters_at_start: Mapping[str, float] = field(default_factory=dict)
    window: ServerWindow | None = None
    rows: tuple[Row, ...] = ()
    client: Client = field(default_factory=Client)
    probes: Probes = Probes()
    redis: tuple[Glance, ...] = ()
    exercise: Mapping[str, int] = field(default_factory=dict)
    exercised: int = 0
    warmup: Warmup | None = None
    preflight: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()
    interrupted_s: float = 0.0
    floor: str = ""
    notes: tuple[str, ...] = ()
    happenings: tuple[Happening, ...] = ()
    synthetic: bool = False
    damages: tuple[Damage, ...] = ()
