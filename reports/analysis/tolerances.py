"""The absolute tolerances of the source documents: extra failures beside the comparison, and never an excuse.

Laws: a tolerance is broken strictly beyond its bound; percent are relative to the baseline and are called so; a
missing figure is a skipped check and is listed; a baseline of 0 is compared by an absolute floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reports.analysis.synthetic import family_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.model.measurement import Latencies, Measurement

LATENCY_FLOOR_S = 0.002
MEMORY_FLOOR_MB = 10.0
_ROUNDING_PCT = 1e-9
"""What a quotient of floats may stray: 100 % to 95 % is a fall of 5 % and no more."""


@dataclass(frozen=True, slots=True)
class Tolerances:
    """The bounds: percent relative to the baseline, and absolute seconds."""

    latency_increase_pct: float = 20.0
    rate_drop_pct: float = 5.0
    memory_increase_pct: float = 25.0
    redis_get_p95_max: float = 0.05
    redis_set_p95_max: float = 0.05
    redis_get_p99_max: float = 0.10
    redis_set_p99_max: float = 0.10


class Outcome(StrEnum):
    """How one tolerance ended."""

    KEPT = "kept"
    BROKEN = "BROKEN"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Tolerance:
    """One check: its outcome and the numbers behind it, as a sentence."""

    name: str
    outcome: Outcome
    text: str


_LATENCIES = (
    ("plugin_reload", ("plugin_reload_duration_seconds", "")),
    ("snapshot_create", ("snapshot_operation_duration_seconds", "create")),
    ("snapshot_restore", ("snapshot_operation_duration_seconds", "restore")),
    ("redis_get", ("redis_operation_duration_seconds", "get")),
    ("redis_set", ("redis_operation_duration_seconds", "set")),
)


def check_tolerances(current: Measurement, baseline: Measurement, bounds: Tolerances) -> tuple[Tolerance, ...]:
    """Return every tolerance, the skipped ones included."""
    return tuple(_all(current, baseline, bounds))


def _all(current: Measurement, baseline: Measurement, bounds: Tolerances) -> Iterator[Tolerance]:
    for name, (family, operation) in _LATENCIES:
        now, before = (find(run.latencies, family, operation) for run in (current, baseline))
        for percentile in ("p95", "p99"):
            pair = (getattr(now, percentile, None), getattr(before, percentile, None))
            yield _rise(f"{name}_{percentile}", pair, bounds.latency_increase_pct, ("s", LATENCY_FLOOR_S))
    for name in ("http_success_rate", "cache_hit_rate"):
        yield _drop(name, (_rate(current, name), _rate(baseline, name)), bounds.rate_drop_pct)
    pair = (_memory(current), _memory(baseline))
    yield _rise("memory_rss_mb", pair, bounds.memory_increase_pct, ("MB", MEMORY_FLOOR_MB))
    yield from _redis(current, bounds)


def find(latencies: Mapping[str, Latencies], family: str, operation: str) -> Latencies | None:
    """Return the histogram of a family whose labels name the operation; the one with most observations of several."""
    found = [
        figures
        for name, figures in latencies.items()
        if family in family_of(name) and (not operation or f'"{operation}"' in name)
    ]
    return max(found, key=lambda figures: figures.count or 0.0, default=None)


def _rate(run: Measurement, name: str) -> float | None:
    """Return a rate in percent: of the whole window where the run kept it, else as its validation says."""
    share = run.shares.get("error" if name == "http_success_rate" else "cache_hit")
    if share is None:
        return run.counters.get(name)
    rate = 100 * share[0] / share[1]
    return 100 - rate if name == "http_success_rate" else rate


def _memory(run: Measurement) -> float | None:
    return run.counters.get("memory_rss_mb") if run.rss_mb_max is None else run.rss_mb_max


def _rise(name: str, pair: tuple[float | None, float | None], bound_pct: float, floor: tuple[str, float]) -> Tolerance:
    now, before = pair
    if now is None or before is None:
        return _skipped(name, now, before)
    unit, least = floor
    if before <= 0:
        broken = now > least
        text = f"{now:g} {unit} where the baseline has 0; at most {least:g} {unit}"
    else:
        rise = (now / before - 1) * 100
        broken = rise > bound_pct + _ROUNDING_PCT
        text = f"{before:g} to {now:g} {unit}, {rise:+.1f} % relative; at most +{bound_pct:g} %"
    return Tolerance(name, Outcome.BROKEN if broken else Outcome.KEPT, text)


def _drop(name: str, pair: tuple[float | None, float | None], bound_pct: float) -> Tolerance:
    now, before = pair
    if now is None or before is None:
        return _skipped(name, now, before)
    if before <= 0:
        return Tolerance(name, Outcome.KEPT, f"{now:g} %; the baseline has 0 %, there is nothing to fall from")
    fall = (1 - now / before) * 100
    text = f"{before:g} % to {now:g} %, {-fall:+.1f} % relative; at most -{bound_pct:g} %"
    return Tolerance(name, Outcome.BROKEN if fall > bound_pct + _ROUNDING_PCT else Outcome.KEPT, text)


def _skipped(name: str, now: float | None, before: float | None) -> Tolerance:
    sides = [side for side, value in (("the run", now), ("the baseline", before)) if value is None]
    return Tolerance(name, Outcome.SKIPPED, f"no figure in {' and '.join(sides)}")


def _redis(current: Measurement, bounds: Tolerances) -> Iterator[Tolerance]:
    """Check the latencies of Redis against fixed bounds; where GET has one, a recent failure is one too many."""
    for operation in ("get", "set"):
        found = find(current.latencies, "redis_operation_duration_seconds", operation)
        for percentile in ("p95", "p99"):
            name, most = f"redis_{operation}_{percentile}_max", getattr(bounds, f"redis_{operation}_{percentile}_max")
            value = getattr(found, percentile, None)
            if value is None:
                yield _skipped(name, None, 0.0)
            else:
                outcome = Outcome.BROKEN if value > most else Outcome.KEPT
                yield Tolerance(name, outcome, f"{value:g} s; at most {most:g} s")
    get = find(current.latencies, "redis_operation_duration_seconds", "get")
    failures = current.counters.get("redis_recent_failures")
    if failures is None or get is None or get.p95 is None:
        yield Tolerance("redis_recent_failures", Outcome.SKIPPED, "no figures of Redis in the run")
    else:
        outcome = Outcome.BROKEN if failures > 0 else Outcome.KEPT
        yield Tolerance("redis_recent_failures", outcome, f"{failures:g}; at most 0")
