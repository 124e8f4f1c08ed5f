"""From metadata.server_window to the model."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from reports.loader.fields import credible
from reports.model.server import Bounds, Operation, ServerWindow

if TYPE_CHECKING:
    from reports.loader.fields import Fields

ORIGIN = "metadata.json"
_FIGURES = (
    "elapsed_s", "requests", "success", "errors_4xx", "errors_5xx", "raw_fallback", "effective_fallback", "cache_hits",
    "cache_misses", "http_adapter_ops", "message_bus_rpc_attempts", "cache_get_attempts", "plugin_reload_success",
    "plugin_reload_failure", "snapshot_create_success", "snapshot_create_failure", "snapshot_restore_success",
    "snapshot_restore_failure", "cpu_s", "rss_mb_max", "latency_count", "availability_pct",
    "latency_sum", "rss_mb_last", "redis_last_failure_s", "own_effective_fallback",
    "redis_recovery_success", "redis_recovery_failure", "redis_timeouts",
)  # fmt: skip


def read_window(fields: Fields, key: str = "server_window", origin: str = ORIGIN) -> ServerWindow | None:
    """Return the window under a key, None when there is none or nothing of it is a figure."""
    inner = fields.below(key)
    figures = {name: inner.number(name) for name in _FIGURES}
    if all(value is None for value in figures.values()):
        return None
    if inner.flag("incomplete"):
        fields.complaints.append(f"{key} is incomplete: several processes answered behind one metrics URL")
    stated = inner.below("percentiles")
    percentiles = {name: bounds for name in stated.names() if (bounds := _bounds(stated.below(name))) is not None}
    return ServerWindow(
        origin=origin,
        fallback_by_reason=inner.numbers("fallback"),
        buckets=_buckets(inner, "latency_buckets"),
        percentiles=percentiles,
        latency_source=inner.text("latency_source"),
        resets=inner.whole("resets"),
        restarts=inner.whole("restarts"),
        scrapes=inner.whole("scrapes"),
        failed_scrapes=inner.whole("failed_scrapes"),
        operations=tuple(_operation(item) for item in inner.each("operations")),
        sources=inner.described("sources"),
        **figures,
    )


def _bounds(fields: Fields) -> Bounds | None:
    lower = fields.number("lower")
    if lower is None:
        return None
    saturated = bool(fields.flag("saturated"))
    upper = inf if saturated else fields.number("upper")
    return None if upper is None or upper < lower else Bounds(fields.number("value"), lower, upper)


def _operation(fields: Fields) -> Operation:
    return Operation(
        metric=fields.text("metric"),
        labels=fields.described("labels"),
        buckets=_buckets(fields, "buckets"),
        count=fields.number("count") or 0.0,
        sum=fields.number("sum") or 0.0,
    )


def _buckets(fields: Fields, key: str) -> tuple[tuple[float, float], ...]:
    """Return [[le, cumulative count], ...]; anything in it that is no such pair makes it empty, and a complaint."""
    found = []
    for pair in fields.items(key):
        bucket = _bucket(pair)
        if bucket is None:
            fields.complaints.append(f"{fields.place}{key} holds something that is no bucket")
            return ()
        found.append(bucket)
    return tuple(found)


def _bucket(pair: object) -> tuple[float, float] | None:
    if not isinstance(pair, list) or len(pair) != 2:
        return None
    bound, cumulative = pair
    upper = inf if bound in ("+Inf", "Inf", "inf") else _finite(bound)
    count = _finite(cumulative)
    return None if upper is None or count is None else (upper, count)


def _finite(value: object) -> float | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not credible(value):
        return None
    return float(value)
