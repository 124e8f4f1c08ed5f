"""The figures of one nightly validation, by name: for trends and for suggestions.

Laws: no figure is None, never 0; a latency without enough samples is no figure; a percentile that was only interpolated
inside the first bucket is replaced by that bucket's upper bound, which is all that is known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reports.model.validation import Percentiles, Validation

PLUGIN = "metasheet_plugin_reload_duration_seconds"
SNAPSHOT = "metasheet_snapshot_operation_duration_seconds"
REDIS = "redis_operation_duration_seconds"
HTTP = "http_server_requests_seconds"
_FEW = ("no_samples", "low_sample_count")
_KEY = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})?")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="([^"]*)"')
_SAME = 1e-6
_LEAST_SAMPLES = 5


@dataclass(frozen=True, slots=True)
class Latency:
    """One percentile in s; `coarse` when it is the upper bound of the only bucket that has values."""

    seconds: float
    coarse: bool = False


def latency_of(
    validation: Validation, metric: str, labels: Mapping[str, str], percentile: str, *, assertion: str = ""
) -> Latency | None:
    """Return a histogram's percentile (p50 to p99) with the labels; None without five samples of it.

    `assertion` is the metric by which warnings and assertions call it. Of HTTP requests the asserted figure is taken:
    where the service's buckets are too coarse, that is the client's.
    """
    asserted = validation.find(assertion) if metric == HTTP and assertion else None
    if asserted is not None:
        return Latency(asserted.actual) if asserted.actual else None
    if any(item.metric in (metric, assertion) and item.issue in _FEW for item in validation.warnings):
        return None
    found = _percentiles(validation, metric, labels)
    if found is None or found.count < _LEAST_SAMPLES:
        return None
    value: float | None = getattr(found, percentile, None)
    if not value:
        return None
    bound = _only_bucket(found)
    return Latency(value) if bound is None else Latency(bound, coarse=True)


def _percentiles(validation: Validation, metric: str, labels: Mapping[str, str]) -> Percentiles | None:
    """Return the entry of a metric that has the labels and the fewest others."""
    matching = []
    for key, value in validation.percentiles.items():
        parts = _KEY.fullmatch(key)
        if parts is None or parts["name"] != metric:
            continue
        own = dict(_LABEL.findall(parts["labels"] or ""))
        if labels.items() <= own.items():
            matching.append((len(own), key, value))
    return min(matching, key=lambda item: item[:2])[2] if matching else None


def _only_bucket(found: Percentiles) -> float | None:
    """Return the first bucket's upper bound when the percentiles are interpolated in it alone: p50 : p95 = 50 : 95."""
    if not found.p50 or not found.p95:
        return None
    bound, other = found.p50 / 0.50, found.p95 / 0.95
    return bound if abs(bound - other) <= _SAME * bound else None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the trend: `unit` is percent, seconds, megabytes or count; higher is better where `up`."""

    key: str
    title: str
    unit: str
    up: bool
    threshold: str = ""


COLUMNS = (
    Column("cache_hit_rate", "Cache hit", "percent", True, "cache_hit_rate"),
    Column("http_success_rate", "HTTP success", "percent", True, "http_success_rate"),
    Column("snapshot_create_p95", "Create p95", "seconds", False, "snapshot_create_latency_p95"),
    Column("snapshot_restore_p95", "Restore p95", "seconds", False, "snapshot_restore_latency_p95"),
    Column("plugin_reload_p95", "Plugin p95", "seconds", False, "plugin_reload_latency_p95"),
    Column("redis_get_p95", "Redis GET p95", "seconds", False),
    Column("redis_set_p95", "Redis SET p95", "seconds", False),
    Column("redis_recent_failures", "RedisFail (15m)", "count", False),
    Column("memory_rss_mb", "Memory", "megabytes", False, "memory_rss"),
    Column("http_p95", "HTTP p95", "seconds", False, "http_latency_p95"),
    Column("error_rate", "Errors", "percent", False, "error_rate"),
)
"""The published columns of the weekly trend in their order, then HTTP latency and errors."""

_HISTOGRAMS: dict[str, tuple[str, dict[str, str]]] = {
    "snapshot_create_p95": (SNAPSHOT, {"operation": "create"}),
    "snapshot_restore_p95": (SNAPSHOT, {"operation": "restore"}),
    "plugin_reload_p95": (PLUGIN, {}),
    "redis_get_p95": (REDIS, {"op": "get"}),
    "redis_set_p95": (REDIS, {"op": "set"}),
    "http_p95": (HTTP, {}),
}


def figure(validation: Validation | None, column: Column) -> float | None:
    """Return a column's figure of one night, None where there is none."""
    if validation is None:
        return None
    if column.key in _HISTOGRAMS:
        metric, labels = _HISTOGRAMS[column.key]
        found = latency_of(validation, metric, labels, "p95", assertion=column.threshold)
        return None if found is None else found.seconds
    value: float | None = getattr(validation.counters, column.key)
    return value
