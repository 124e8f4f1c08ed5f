"""The figures of a validation that are shown beside its assertions: counters, percentiles, the fallback taxonomy."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING

from reports.analysis.figure import added
from reports.analysis.quantile import bounds_of
from reports.model.validation import Caution, Counters, Percentiles

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reports.analysis.evidence import Evidence
    from reports.model.server import Bounds

REASONS = (
    "http_timeout", "http_error", "message_timeout", "message_error", "cache_miss", "circuit_breaker",
    "upstream_error", "unknown",
)  # fmt: skip
"""The eight reasons that a validation always lists."""

RECENT_S = 900
"""A Redis failure is recent for so long."""

SYNTHETIC_S = 0.00002
"""A Redis operation that takes less than this on average was never sent."""

_PERCENTILES = (50.0, 90.0, 95.0, 99.0)


def counters_of(evidence: Evidence) -> Counters:
    """Return the figures that are no percentile, each rounded towards the worse side: two decimals, ratios four."""
    window = evidence.window
    if window is None:
        return Counters(memory_rss_mb=_up(evidence.rss_mb))
    total = added(window.cache_hits, window.cache_misses)
    errors = added(window.errors_4xx, window.errors_5xx)
    return Counters(
        cache_hit_rate=_down(_share(window.cache_hits, total)),
        cache_hit_rate_source=window.sources.get("cache") or "none",
        cache_hits=window.cache_hits,
        cache_misses=window.cache_misses,
        cache_total=total,
        raw_fallback=window.raw_fallback,
        effective_fallback=window.effective_fallback,
        fallback_effective_ratio=_effective_ratio(window.effective_fallback, window.raw_fallback),
        http_success_rate=_down(_share(window.success, window.requests)),
        error_rate=_up(_share(errors, window.requests)),
        memory_rss_mb=_up(evidence.rss_mb),
        redis_recent_failures=_recent(window.redis_last_failure_s, evidence),
        fallback_by_reason=_by_reason(window.fallback_by_reason, window.raw_fallback),
    )


def _by_reason(found: Mapping[str, float], raw: float | None) -> dict[str, float]:
    """Return all eight reasons; empty when there are fallbacks and none tells its reason, or no such metric."""
    if raw is None or (raw > 0 and not found):
        return {}
    return {reason: found.get(reason, 0.0) for reason in REASONS}


def _share(part: float | None, whole: float | None) -> float | None:
    return None if part is None or whole is None or whole <= 0 else part / whole * 100


def _up(value: float | None, decimals: int = 2) -> float | None:
    return None if value is None else round_away(value, decimals, up=True)


def _down(value: float | None) -> float | None:
    return None if value is None else round_away(value, 2, up=False)


def round_away(value: float, decimals: int, *, up: bool) -> float:
    """Round up or down to so many decimals; the noise of floats is not taken for a digit."""
    scale = 10.0**decimals
    scaled = round(value * scale, 6)
    return float(ceil(scaled) if up else floor(scaled)) / scale


def _effective_ratio(effective: float | None, raw: float | None) -> float | None:
    if effective is None or raw is None:
        return None
    return _up(effective / raw, 4) if raw > 0 else 0.0


def _recent(failed_s: float | None, evidence: Evidence) -> int | None:
    if failed_s is None:
        return None
    return int(failed_s > 0 and evidence.at.timestamp() - failed_s <= RECENT_S)


def percentiles_of(evidence: Evidence) -> dict[str, Percentiles]:
    """Return every histogram with observations by its selector, requests as a whole first."""
    window = evidence.window
    if window is None:
        return {}
    found = {}
    if window.buckets and window.latency_count:
        name = window.sources.get("latency") or "http_server_requests_seconds"
        found[name] = _percentiles(window.buckets, window.latency_count, window.latency_sum)
    for operation in sorted(window.operations, key=lambda item: item.name):
        if operation.count > 0:
            found[operation.name] = _percentiles(operation.buckets, operation.count, operation.sum)
    return found


def _percentiles(buckets: Sequence[tuple[float, float]], count: float, total: float | None) -> Percentiles:
    p50, p90, p95, p99 = (_value(bounds_of(buckets, percentile)) for percentile in _PERCENTILES)
    mean = None if total is None else round(total / count, 6)
    return Percentiles(p50, p90, p95, p99, count, round(total or 0.0, 6), mean)


def _value(bounds: Bounds | None) -> float | None:
    return None if bounds is None else _up(bounds.value_s, 6)


def taxonomy_of(evidence: Evidence, valid: frozenset[str]) -> tuple[bool | None, list[Caution]]:
    """Say whether every fallback has a known reason, and which have not; None without such a metric."""
    window = evidence.window
    if window is None or window.raw_fallback is None:
        return None, []
    unknown = sorted(set(window.fallback_by_reason) - valid)
    return not unknown, [
        Caution(
            "fallback_taxonomy",
            "unknown_reason",
            f"fallbacks have the reason {reason!r}, which is not in the taxonomy",
            window.fallback_by_reason[reason],
        )
        for reason in unknown
    ]


def oddities_of(evidence: Evidence) -> list[Caution]:
    """Return what is odd about the service's own instruments: counts that disagree, samples that are made up."""
    window = evidence.window
    if window is None:
        return []
    found = [
        Caution(
            operation.name,
            "synthetic_samples",
            f"a mean of {operation.sum / operation.count:.2g} s is what a disconnected cache writes, not Redis",
            operation.count,
        )
        for operation in window.operations
        if operation.metric.startswith("redis_")
        and operation.count > 0
        and operation.sum / operation.count <= SYNTHETIC_S
    ]
    own, ours = window.own_effective_fallback, window.effective_fallback
    if window.fallback_by_reason and own is not None and ours is not None and abs(own - ours) > 0.5:
        message = (
            f"the service counts {own:g} where its reasons give {ours:g}: "
            "its COUNT_CACHE_MISS_AS_FALLBACK seems to differ from ours"
        )
        found.append(Caution("effective_fallback", "counters_disagree", message, own))
    return found
