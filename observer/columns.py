"""The 41 columns of a row, the account of a window, and the totals of a probe. Pure: snapshots in, figures out.

Laws: what the service does not show, and what cannot be divided, is None and becomes NA, never 0; ratios are 0..1,
times seconds, memory MiB; the cumulative columns are as scraped.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

from loadgen.core.metrics_csv import COLUMNS, NA, SAMPLE_NUM, TIMESTAMP
from loadgen.core.quantile import Quantile, bucket_quantile
from observer.change import CACHE_MISS, REASONS, Change
from observer.detail import as_body

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from observer.profile import Profile
    from observer.snapshot import Snapshot

_HTTP_REASONS = ("http_error", "http_timeout", "upstream_error", "circuit_breaker")
_MESSAGE_REASONS = ("message_error", "message_timeout")
_PERCENTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
_MIB = 1_048_576
FROM_HISTOGRAM, FROM_SUMMARY = "histogram", "summary (lifetime)"

Figure = float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """How snapshots are read: the profile, and whether a cache miss counts as an effective fallback."""

    profile: Profile
    count_cache_miss: bool = False

    def since(self, earlier: Snapshot | None, later: Snapshot) -> Figures:
        """Return the figures of the time between two snapshots; of the later one as scraped when earlier is None."""
        return Figures(Change(earlier, later, self.profile), self.count_cache_miss)


class Figures:
    """The counts of one change, with the rules of fallback and success applied."""

    def __init__(self, change: Change, count_cache_miss: bool) -> None:
        self.change = change
        self._count_cache_miss = count_cache_miss
        self.requests = change.part("requests", "total")
        by_class = change.status() if change.has_status else None
        self.success: Figure = by_class["2xx"] + by_class["3xx"] if by_class is not None else None
        self.errors_4xx: Figure = by_class["4xx"] if by_class is not None else None
        self.errors_5xx: Figure = by_class["5xx"] if by_class is not None else None
        self.errors = _plus(self.errors_4xx, self.errors_5xx)
        self.raw_fallback = change.part("fallback", "total")
        self.reasons = change.reasons()
        self.own_effective = change.part("effective_fallback", "total")
        self.degraded = self._without_misses()
        self.effective = self._effective()
        self.cache_hits = change.part("cache", "hits")
        self.cache_misses = change.part("cache", "misses")

    @property
    def cache_attempts(self) -> Figure:
        """Cache get attempts; hits plus misses where the service does not count them."""
        own = self.change.part("cache_get_attempts", "total")
        return _plus(self.cache_hits, self.cache_misses) if own is None else own

    def reason_sum(self, reasons: Iterable[str]) -> Figure:
        """Return the fallbacks of some reasons; None when reasons are not shown."""
        known = self.reasons
        return None if known is None else sum(known.get(reason, 0.0) for reason in reasons)

    def unknown_reasons(self) -> list[str]:
        """Return reasons outside the taxonomy."""
        return sorted(set(self.reasons or ()) - set(REASONS))

    def _without_misses(self) -> Figure:
        if self.raw_fallback is None or self.reasons is None:
            return self.own_effective
        return max(0.0, self.raw_fallback - self.reasons.get(CACHE_MISS, 0.0))

    def _effective(self) -> Figure:
        if self.reasons is None:
            return self.own_effective
        return self.raw_fallback if self._count_cache_miss else self.degraded


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles of a change and where they come from."""

    source: str
    quantiles: Mapping[str, Quantile]


def latency(reading: Reading, earlier: Snapshot | None, later: Snapshot) -> Latency:
    """Return the request latency: of the interval's buckets, else of a lifetime summary, else nothing."""
    change = reading.since(earlier, later).change
    buckets = change.buckets("latency")
    if buckets is not None:
        return Latency(
            FROM_HISTOGRAM, {name: bucket_quantile(q, buckets.cumulative) for name, q in _PERCENTILES.items()}
        )
    source = later.source_of(reading.profile, "latency_summary")
    exposed = {key.part: value for key, value in later.raw.items() if key[:2] == ("latency_summary", source)}
    found = {name: Quantile(exposed[q], exposed[q], exposed[q]) for name, q in _PERCENTILES.items() if q in exposed}
    has_histogram = later.source_of(reading.profile, "latency") is not None
    if has_histogram or not any(quantile.known for quantile in found.values()):
        return Latency("", {})
    return Latency(FROM_SUMMARY, {name: quantile for name, quantile in found.items() if quantile.known})


def make_row(
    reading: Reading, start: Snapshot, earlier: Snapshot, later: Snapshot, timestamp: str, sample_num: int
) -> dict[str, str]:
    """Return the row for the interval from `earlier` to `later`; `start` is sample 0."""
    figures = reading.since(earlier, later)
    row: dict[str, Figure] = {
        **_ratios(figures),
        **_latencies(latency(reading, earlier, later)),
        **_resources(reading, figures, later),
        **_cumulative(reading.since(None, later)),
        **_since_start(reading.since(start, later)),
    }
    texts = {name: _text(row[name]) for name in COLUMNS if name not in (TIMESTAMP, SAMPLE_NUM)}
    return {TIMESTAMP: timestamp, **texts, SAMPLE_NUM: str(sample_num)}


def _ratios(figures: Figures) -> dict[str, Figure]:
    requests, change = figures.requests, figures.change
    return {
        "http_success_rate": _ratio(figures.success, requests),
        "raw_fallback_ratio": _ratio(figures.raw_fallback, requests),
        "effective_fallback_ratio": _ratio(figures.effective, requests),
        "error_rate": _ratio(figures.errors, requests),
        "error_rate_4xx": _ratio(figures.errors_4xx, requests),
        "error_rate_5xx": _ratio(figures.errors_5xx, requests),
        "request_rate": _ratio(requests, change.elapsed_s),
        "fb_http_ratio": _ratio(figures.reason_sum(_HTTP_REASONS), change.part("http_adapter_ops", "total")),
        "fb_message_ratio": _ratio(
            figures.reason_sum(_MESSAGE_REASONS), change.part("message_bus_rpc_attempts", "total")
        ),
        "fb_cache_ratio": _ratio(figures.reason_sum((CACHE_MISS,)), figures.cache_attempts),
        "cache_hit_rate": _ratio(figures.cache_hits, _plus(figures.cache_hits, figures.cache_misses)),
    }


def _latencies(found: Latency) -> dict[str, Figure]:
    return {
        f"{name}_latency": found.quantiles[name].value if name in found.quantiles else None for name in _PERCENTILES
    }


def _resources(reading: Reading, figures: Figures, later: Snapshot) -> dict[str, Figure]:
    cpu = _ratio(figures.change.part("cpu", "total"), figures.change.elapsed_s)
    return {"cpu_percent": None if cpu is None else cpu * 100, "rss_mb": rss_mb(reading, later)}


def rss_mb(reading: Reading, snapshot: Snapshot) -> Figure:
    """Return the resident memory in MiB, of the largest endpoint."""
    value = Change(None, snapshot, reading.profile).part("memory", "value")
    return None if value is None or value <= 0 else value / _MIB


def last_redis_failure_s(reading: Reading, snapshot: Snapshot) -> Figure:
    """Return when Redis last failed, in Unix time; 0 is never, None is not shown."""
    return Change(None, snapshot, reading.profile).part("redis_last_failure", "value")


def _cumulative(figures: Figures) -> dict[str, Figure]:
    change = figures.change
    return {
        "raw_fallback_total": figures.raw_fallback,
        "effective_fallback_total": figures.effective,
        "fallback_http": figures.reason_sum(_HTTP_REASONS),
        "fallback_message": figures.reason_sum(_MESSAGE_REASONS),
        "fallback_cache": figures.reason_sum((CACHE_MISS,)),
        "http_adapter_ops": change.part("http_adapter_ops", "total"),
        "message_bus_rpc_attempts": change.part("message_bus_rpc_attempts", "total"),
        "cache_get_attempts": figures.cache_attempts,
        "cache_hits_raw": figures.cache_hits,
        "cache_misses_raw": figures.cache_misses,
        **{f"{name}_{part}": change.part(name, part) for name in _OPERATIONS for part in ("success", "failure")},
    }


_OPERATIONS = ("plugin_reload", "snapshot_create", "snapshot_restore")


def _since_start(figures: Figures) -> dict[str, Figure]:
    change = figures.change
    reloads = change.part("plugin_reload", "success"), change.part("plugin_reload", "failure")
    good = _known_sum(change.part(name, "success") for name in ("snapshot_create", "snapshot_restore"))
    bad = _known_sum(change.part(name, "failure") for name in ("snapshot_create", "snapshot_restore"))
    return {
        "plugin_reload_p95": _duration(change, "plugin_reload_duration", 0.95),
        "plugin_reload_p99": _duration(change, "plugin_reload_duration", 0.99),
        "plugin_reload_success_rate": _ratio(reloads[0], _plus(*reloads)),
        "snapshot_operation_p95": _duration(change, "snapshot_duration", 0.95),
        "snapshot_operation_p99": _duration(change, "snapshot_duration", 0.99),
        "snapshot_success_rate": _ratio(good, _plus(good, bad)),
    }


def _duration(change: Change, logical: str, q: float) -> Figure:
    buckets = change.buckets(logical)
    return None if buckets is None else bucket_quantile(q, buckets.cumulative).value


def _ratio(part: Figure, whole: Figure) -> Figure:
    return None if part is None or whole is None or whole <= 0 else part / whole


def _plus(*figures: Figure) -> Figure:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None


def _known_sum(figures: Iterable[Figure]) -> Figure:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if known else None


def _text(value: Figure) -> str:
    """Write a figure: whole numbers exactly, others with six significant digits or three decimals, no exponent.

    NaN and infinities are NA.
    """
    if value is None or not isfinite(value):
        return NA
    if value == int(value):
        return str(int(value))
    return f"{value:.3f}" if abs(value) >= 1000 else format(Decimal(f"{value:.6g}"), "f")


def make_window(reading: Reading, start: Snapshot, later: Snapshot) -> dict[str, Any]:
    """Return the reset-safe account since sample 0, as it travels in messages and stands in metadata.json."""
    figures = reading.since(start, later)
    change = figures.change
    found = latency(reading, start, later)
    buckets = change.buckets("latency")
    return {
        "elapsed_s": change.elapsed_s,
        **counts(figures),
        "rss_mb_last": rss_mb(reading, later),
        "latency_buckets": [] if buckets is None else _bucket_list(buckets.cumulative),
        "latency_count": None if buckets is None else buckets.count,
        "latency_sum": None if buckets is None else buckets.total,
        "latency_source": found.source,
        "percentiles": {name: _bounds(quantile) for name, quantile in found.quantiles.items() if quantile.known},
        "operations": [as_body(place, parts) for place, parts in change.details()],
        "redis_recovery_success": change.part("redis_recovery", "success"),
        "redis_recovery_failure": change.part("redis_recovery", "failure"),
        "redis_timeouts": change.part("redis_timeouts", "total"),
        "redis_last_failure_s": last_redis_failure_s(reading, later),
        "own_effective_fallback": figures.own_effective,
        "resets": later.resets - start.resets,
        "restarts": later.restarts - start.restarts,
        "sources": source_names(reading.profile, later),
    }


def counts(figures: Figures) -> dict[str, Any]:
    """Return the counts of a change by the names that messages and metadata use; unknown is None."""
    change = figures.change
    return {
        "requests": figures.requests,
        "success": figures.success,
        "errors_4xx": figures.errors_4xx,
        "errors_5xx": figures.errors_5xx,
        "raw_fallback": figures.raw_fallback,
        "effective_fallback": figures.effective,
        "degraded": figures.degraded,
        "fallback": figures.reasons or {},
        "cache_hits": figures.cache_hits,
        "cache_misses": figures.cache_misses,
        "http_adapter_ops": change.part("http_adapter_ops", "total"),
        "message_bus_rpc_attempts": change.part("message_bus_rpc_attempts", "total"),
        "cache_get_attempts": figures.cache_attempts,
        **{f"{name}_{part}": change.part(name, part) for name in _OPERATIONS for part in ("success", "failure")},
        "cpu_s": change.part("cpu", "total"),
    }


def source_names(profile: Profile, snapshot: Snapshot) -> dict[str, str]:
    """Return which source feeds each logical metric of the profile; empty where none does."""
    return {
        logical: "" if (index := snapshot.source_of(profile, logical)) is None else sources[index].name
        for logical, sources in profile.metrics.items()
    }


def _bucket_list(cumulative: Mapping[float, float]) -> list[list[float | str]]:
    return [[bound if isfinite(bound) else "+Inf", cumulative[bound]] for bound in sorted(cumulative)]


def bounds_of_buckets(cumulative: Mapping[float, float]) -> dict[str, dict[str, float | bool | None]]:
    """Return the percentiles of a histogram as they stand in a window."""
    found = {name: bucket_quantile(q, cumulative) for name, q in _PERCENTILES.items()}
    return {name: _bounds(quantile) for name, quantile in found.items() if quantile.known}


def _bounds(quantile: Quantile) -> dict[str, float | bool | None]:
    return {
        "value": quantile.value,
        "lower": quantile.lower if isfinite(quantile.lower) else None,
        "upper": quantile.upper if isfinite(quantile.upper) else None,
        "saturated": quantile.saturated,
    }
