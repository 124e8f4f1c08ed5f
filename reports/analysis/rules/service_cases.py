"""Cases of the alerts whose thresholds come from the thresholds file: just beyond each, and just within."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.rules.recording import operation_labels
from reports.analysis.rules.service_alerts import MIB, REDIS_P95_LONG_S, REDIS_P95_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reports.analysis.rules.scene import Scene
    from reports.analysis.rules.terms import Terms
    from reports.model.rule_case import SampledSeries

Play = tuple[str, bool, int, "Callable[[Scene], tuple[SampledSeries, ...]]"]
"""What happens, whether the alert fires, after how many minutes, and the series of it."""


def service_plays(terms: Terms, alert: str) -> Iterator[Play]:
    """Yield the courses of events of an alert; nothing for an alert of another set."""
    plays = _PLAYS.get(alert)
    if plays is not None:
        yield from plays(terms)


def _success(terms: Terms) -> Iterator[Play]:
    limit = terms.limit("http_success_rate") / 100
    yield "too many server errors", True, 20, lambda scene: scene.requests(s500=1 - limit * 0.95)
    yield "nothing succeeds, so that no series of a success exists", True, 20, lambda scene: scene.requests(s500=1.0)
    yield "redirects are no errors", False, 20, lambda scene: scene.requests(s302=0.9)
    yield "errors within the objective", False, 20, lambda scene: scene.requests(s500=(1 - limit) / 2)
    few = terms.policy.min_requests / 10
    yield "errors of too few requests", False, 20, lambda scene: scene.requests(few, s500=1.0)


def _cache(terms: Terms) -> Iterator[Play]:
    limit = terms.limit("cache_hit_rate") / 100
    (hits, *_), (misses, *_) = terms.series("cache", "hits"), terms.series("cache", "misses")

    def looked(rate: float) -> Callable[[Scene], tuple[SampledSeries, ...]]:
        return lambda scene: (
            *scene.counter(hits, scene.busy * rate),
            *scene.counter(misses, scene.busy * (1 - rate)),
        )

    yield "too many misses", True, 30, looked(limit * 0.9)
    yield (
        "nothing but misses, so that no series of a hit exists",
        True,
        30,
        lambda scene: scene.counter(misses, scene.busy),
    )
    yield "misses within the objective", False, 30, looked((1 + limit) / 2)


def _fallback(terms: Terms) -> Iterator[Play]:
    limit = terms.limit("fallback_effective_ratio")
    (taken, *_) = terms.series("fallback", "total")
    label = (terms.source("fallback").by or ("reason",))[0]

    def fell(ratio: float) -> Callable[[Scene], tuple[SampledSeries, ...]]:
        return lambda scene: (
            *scene.counter(taken, scene.busy * ratio, **{label: "http_error"}),
            *scene.counter(taken, scene.busy * (1 - ratio), **{label: "cache_miss"}),
        )

    def few(scene: Scene) -> tuple[SampledSeries, ...]:
        return scene.counter(taken, terms.policy.min_requests / 20, **{label: "http_error"})

    yield "mostly true degradations", True, 30, fell((1 + limit) / 2)
    yield "mostly cache misses", False, 30, fell(limit * 0.9)
    yield "degradations of too few fallbacks", False, 30, few


def _slow(logical: str, threshold: str, percentile: int, operation: str = "") -> Callable[[Terms], Iterator[Play]]:
    def plays(terms: Terms) -> Iterator[Play]:
        limit = terms.limit(threshold) / terms.source(logical).scale
        labels = operation_labels(terms) if operation else terms.source(logical).by
        by = dict.fromkeys(labels, "one") | ({labels[0]: operation} if operation else {})
        beyond = (100 - percentile) / 100
        histogram = terms.histogram(logical)

        def slow(share: float) -> Callable[[Scene], tuple[SampledSeries, ...]]:
            return lambda scene: scene.histogram(histogram, limit, share, scene.busy, **by)

        yield "too many are slow", True, 20, slow(beyond * 2)
        yield "as many are slow as may be", False, 20, slow(beyond / 2)

    return plays


def _memory(terms: Terms) -> Iterator[Play]:
    limit = terms.limit("memory_rss") * MIB / terms.source("memory").scale
    (resident, *_) = terms.series("memory", "value")

    def uses(share: float) -> Callable[[Scene], tuple[SampledSeries, ...]]:
        return lambda scene: (*scene.known(), *scene.gauge(resident, limit * share))

    yield "a tenth above the limit", True, 20, uses(1.1)
    yield "a tenth below the limit", False, 20, uses(0.9)
    if not terms.job:
        yield "another process uses more", False, 20, lambda scene: scene.gauge(resident, limit * 1.1)


def _redis(op: str, limit_s: float, at_min: int) -> Callable[[Terms], Iterator[Play]]:
    def plays(terms: Terms) -> Iterator[Play]:
        source = terms.source("redis_operation")
        chosen = {(source.by or ("op",))[0]: op}
        limit, histogram = limit_s / source.scale, terms.histogram("redis_operation")

        def slow(share: float, per_min: float = 0) -> Callable[[Scene], tuple[SampledSeries, ...]]:
            return lambda scene: scene.histogram(histogram, limit, share, per_min, **chosen)

        yield "a tenth is slow", True, at_min, slow(0.1)
        yield "one in fifty is slow", False, at_min, slow(0.02)
        yield "slow ones of too few operations", False, at_min, slow(1.0, terms.policy.min_requests / 60)

    return plays


def _redis_failures(terms: Terms) -> Iterator[Play]:
    failed = terms.signal("redis_recovery", 'result="error"')
    (last, *_) = terms.series("redis_last_failure", "value")
    yield "reconnections fail", True, 20, lambda scene: scene.counter(failed, 1)
    yield "operations fail", True, 20, lambda scene: (scene.course(last, "60+60x60"),)
    yield "the last failure is old", False, 20, lambda scene: (*scene.gauge(last, 60), *scene.counter(failed, 0))
    yield "it has never failed", False, 20, lambda scene: scene.gauge(last, 0)


_PLAYS: dict[str, Callable[[Terms], Iterator[Play]]] = {
    "HttpSuccessRateLow": _success,
    "CacheHitRateLow": _cache,
    "FallbackEffectiveHigh": _fallback,
    "PluginReloadLatencyP95High": _slow("plugin_reload_duration", "plugin_reload_latency_p95", 95),
    "PluginReloadLatencyP99High": _slow("plugin_reload_duration", "plugin_reload_latency_p99", 99),
    "SnapshotCreateLatencyP95High": _slow("snapshot_duration", "snapshot_create_latency_p95", 95, "create"),
    "SnapshotRestoreLatencyP95High": _slow("snapshot_duration", "snapshot_restore_latency_p95", 95, "restore"),
    "MemoryRssHigh": _memory,
    "RedisGetLatencyP95High": _redis("get", REDIS_P95_S, 20),
    "RedisSetLatencyP95High": _redis("set", REDIS_P95_S, 20),
    "RedisGetLatencyP95HighLong": _redis("get", REDIS_P95_LONG_S, 45),
    "RedisSetLatencyP95HighLong": _redis("set", REDIS_P95_LONG_S, 45),
    "RedisFailuresRecent": _redis_failures,
}
