"""The recording rules of a service: 17 figures under their known names, and the age of the last Redis failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.rules.draft import Draft
from reports.analysis.rules.promql import INSTANCE, grouped, quantile, share, summed, times
from reports.model.rule import Recording

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.analysis.rules.terms import Terms
    from reports.model.metric_facts import Selector

PERCENTILES = (95, 99)
AGE_BUCKETS_S = (300, 1800, 3600)
"""Bounds of the age of the last Redis failure: fresh, then older, then old."""


def recordings(prefix: str) -> list[Draft]:
    """Return the drafts, under names that begin with the prefix."""

    def draft(name: str, needs: tuple[str, ...], write: Callable[[Terms], str]) -> Draft:
        record = f"{prefix}:{name}"
        return Draft(record, needs, lambda terms: Recording(record, write(terms)))

    return [
        draft("http_success_rate:5m", ("requests by status",), _success),
        draft("cache_hit_rate:10m", ("cache",), _cache_hits),
        draft("fallback_effective_ratio:10m", ("fallback by reason",), _effective_ratio),
        draft("fallback_reason_rate:5m", ("fallback",), _reasons),
        draft("redis_fail_rate:5m", ("redis_recovery",), _redis_failures),
        *(
            draft(f"plugin_reload_p{p}:5m", ("plugin_reload_duration",), _duration("plugin_reload_duration", p))
            for p in PERCENTILES
        ),
        *(
            draft(f"snapshot_op_p{p}:5m", ("snapshot_duration",), _duration("snapshot_duration", p))
            for p in PERCENTILES
        ),
        *(
            draft(f"redis_{op}_p{p}:{window}", ("redis_operation",), _redis(op, p, window))
            for op in ("get", "set")
            for p in PERCENTILES
            for window in ("5m", "30m")
        ),
        draft("effective_fallback_rate:5m", ("fallback by reason", "requests"), _effective_rate),
        *(draft(f"http_p{p}:5m", ("latency",), _latency(p)) for p in PERCENTILES),
        draft("redis_timeout_ratio:5m", ("redis_timeouts", "redis_operation"), _redis_timeouts),
        draft("redis_last_failure_age:seconds", ("redis_last_failure",), _redis_age),
    ]


def age_buckets(prefix: str) -> list[Draft]:
    """Return one draft for each bucket of the age of the last Redis failure: 1 in the bucket that it is in."""
    age = f"{prefix}:redis_last_failure_age:seconds"
    edges = (0, *AGE_BUCKETS_S)
    found = []
    for low, high in zip(edges, (*AGE_BUCKETS_S, None), strict=True):
        bucket = f"under_{high}s" if not low else f"over_{low}s" if high is None else f"{low}s_to_{high}s"
        above = f"{age} >= {low}" if low else age
        expr = f"({above}{f' < {high}' if high else ''}) ^ 0" if (low or high) else age
        found.append(_bucket(f"{prefix}:redis_last_failure_age:bucket", expr, bucket))
    return found


def _bucket(record: str, expr: str, bucket: str) -> Draft:
    name = f"{record}{{bucket={bucket}}}"
    return Draft(name, ("redis_last_failure",), lambda _: Recording(record, expr, {"bucket": bucket}))


def _success(terms: Terms) -> str:
    return share(terms.answered(("2xx", "3xx"), "5m"), terms.requests("5m"))


def _cache_hits(terms: Terms) -> str:
    hits, misses = terms.series("cache", "hits"), terms.series("cache", "misses")
    return share(summed(hits, "10m"), summed([*hits, *misses], "10m"))


def effective(terms: Terms, window: str) -> str:
    """Return the rate of true degradations: every fallback but cache misses, whichever label tells the reason.

    The service's own count of them is not used where the reason is known.
    """
    labels = terms.source("fallback").by
    selectors = []
    for at, label in enumerate(labels):
        absent = [f'{earlier}=""' for earlier in labels[:at]]
        selectors += terms.series("fallback", "total", *absent, f'{label}!~"cache_miss|"')
    return summed(selectors, window)


def _effective_ratio(terms: Terms) -> str:
    raw = summed(terms.series("fallback", "total"), "10m")
    return f"{grouped(share(effective(terms, '10m'), raw))}\nor\n0 * {raw}"


def _effective_rate(terms: Terms) -> str:
    return share(effective(terms, "5m"), terms.requests("5m"))


def _reasons(terms: Terms) -> str:
    return summed(terms.series("fallback", "total"), "5m", ("job", *terms.source("fallback").by))


def _redis_failures(terms: Terms) -> str:
    return summed([terms.signal("redis_recovery", 'result="error"')], "5m", INSTANCE)


def _duration(logical: str, percentile: int) -> Callable[[Terms], str]:
    def write(terms: Terms) -> str:
        by = ("job", *(operation_labels(terms) if logical == "snapshot_duration" else terms.source(logical).by))
        scale = terms.source(logical).scale
        return times(quantile(percentile / 100, terms.histogram(logical), "5m", by), scale)

    return write


def operation_labels(terms: Terms) -> tuple[str, ...]:
    """Return the labels that tell the operations on snapshots apart, as their alerts need; the first has their kind."""
    return terms.source("snapshot_duration").by or ("operation",)


def _redis(op: str, percentile: int, window: str) -> Callable[[Terms], str]:
    def write(terms: Terms) -> str:
        scale = terms.source("redis_operation").scale
        return times(quantile(percentile / 100, redis_operation(terms, op), window), scale)

    return write


def redis_operation(terms: Terms, op: str) -> Selector:
    """Return the selector of one operation's histogram, without its suffix."""
    labels = terms.source("redis_operation").by
    return terms.histogram("redis_operation", f'{labels[0] if labels else "op"}="{op}"')


def _latency(percentile: int) -> Callable[[Terms], str]:
    def write(terms: Terms) -> str:
        return times(quantile(percentile / 100, terms.histogram("latency"), "5m"), terms.source("latency").scale)

    return write


def _redis_timeouts(terms: Terms) -> str:
    source = terms.source("redis_operation")
    by = ("job", *source.by)
    tried = summed([terms.histogram("redis_operation").suffixed("_count")], "5m", by)
    return share(summed([terms.signal("redis_timeouts")], "5m", by), tried)


def _redis_age(terms: Terms) -> str:
    (last,) = terms.series("redis_last_failure", "value")
    return f"time() - (max by ({', '.join(INSTANCE)}) ({last}) > 0)"
