"""What a run recorded moment by moment: the material that alert thresholds are tried on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadgen.core.histogram import Histogram


@dataclass(frozen=True, slots=True)
class LoadSecond:
    """What ended in one second of the load: `second` k covers t0 + k to t0 + k + 1."""

    second: int
    ended: int
    bad: int


@dataclass(frozen=True, slots=True)
class LatencySpan:
    """The response times of one interval of latency.hlog; `end_s` counts from t0."""

    end_s: float
    length_s: float
    histogram: Histogram


@dataclass(frozen=True, slots=True)
class Probe:
    """One fast probe: the service's requests and errors since sample 0, None where it failed."""

    at_s: float
    ok: bool
    requests: float | None = None
    errors: float | None = None


@dataclass(frozen=True, slots=True)
class Signals:
    """The moments of a run by source; an empty source is not on record."""

    seconds: tuple[LoadSecond, ...] = ()
    latencies: tuple[LatencySpan, ...] = ()
    probes: tuple[Probe, ...] = field(default=())
