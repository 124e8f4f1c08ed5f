"""Alerts on a service's own figures under their known names, thresholds from the thresholds file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.rules.draft import Draft
from reports.analysis.rules.instances import of_service, untold
from reports.analysis.rules.promql import JOB, both, either, summed
from reports.analysis.rules.recording import operation_labels, redis_operation
from reports.model.rule import Alert, Family, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.analysis.rules.terms import Terms

REDIS_P95_S, REDIS_P95_LONG_S = 0.05, 0.04
REDIS_RECENT_S = 300
MIB = 1024 * 1024
_RATIO = "fallback_effective_ratio"
_SHARE, _SECONDS = "{{ $value | humanizePercentage }}", "{{ $value | humanizeDuration }}"


def service_alerts(prefix: str) -> list[Draft]:
    """Return the 13 drafts; `prefix` is that of the recorded names they read."""
    return [
        Draft("HttpSuccessRateLow", ("requests by status",), _success(prefix), ("http_success_rate",)),
        Draft("CacheHitRateLow", ("cache",), _cache(prefix), ("cache_hit_rate",)),
        Draft("FallbackEffectiveHigh", ("fallback by reason",), _fallback(prefix), (_RATIO,), _no_ratio),
        _slow("PluginReloadLatencyP95High", f"{prefix}:plugin_reload_p95:5m", "plugin_reload", 95),
        _slow("PluginReloadLatencyP99High", f"{prefix}:plugin_reload_p99:5m", "plugin_reload", 99),
        *(
            _slow(f"Snapshot{op.title()}LatencyP95High", f"{prefix}:snapshot_op_p95:5m", f"snapshot_{op}", 95)
            for op in ("create", "restore")
        ),
        Draft("MemoryRssHigh", ("memory",), _memory, ("memory_rss",), untold),
        *(_redis(op, prefix, long=long) for long in (False, True) for op in ("get", "set")),
        Draft("RedisFailuresRecent", ("redis_recovery", "redis_last_failure"), _redis_failures(prefix)),
    ]  # fmt: skip


def _success(prefix: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        limit = terms.limit("http_success_rate") / 100
        return Alert(
            "HttpSuccessRateLow",
            both(f"{prefix}:http_success_rate:5m < {limit:g}", terms.guard("5m")),
            "5m",
            Severity.WARNING,
            Family.ERRORS,
            "ERROR_RATE",
            "Too many requests of {{ $labels.job }} fail",
            f"{_SHARE} of the requests of 5 minutes were answered with 2xx or 3xx; the objective is {limit:.2%}.",
        )

    return write


def _cache(prefix: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        limit = terms.limit("cache_hit_rate") / 100
        looked = [*terms.series("cache", "hits"), *terms.series("cache", "misses")]
        guard = f"{summed(looked, '10m', JOB, 'increase')} >= {terms.policy.min_requests}"
        return Alert(
            "CacheHitRateLow",
            both(f"{prefix}:cache_hit_rate:10m < {limit:g}", guard),
            "10m",
            Severity.WARNING,
            Family.CACHE,
            "CACHE",
            "The cache of {{ $labels.job }} misses too often",
            f"{_SHARE} of the look-ups of the last 10 minutes found something; the objective is {limit:.2%}.",
        )

    return write


def _no_ratio(terms: Terms) -> str:
    limit = terms.limit(_RATIO)
    return "" if limit < 1 else f"the limit is {limit:g}, and no ratio is above 1: it could never fire"


def _fallback(prefix: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        limit = terms.limit(_RATIO)
        taken = summed(terms.series("fallback", "total"), "10m", JOB, "increase")
        return Alert(
            "FallbackEffectiveHigh",
            both(f"{prefix}:fallback_effective_ratio:10m > {limit:g}", f"{taken} >= {terms.policy.min_requests}"),
            "10m",
            Severity.WARNING,
            Family.FALLBACK,
            "FALLBACK",
            "Most fallbacks of {{ $labels.job }} are true degradations",
            f"{_SHARE} of the fallbacks of the last 10 minutes were no cache misses; the limit is {limit:.2%}.",
        )

    return write


def _slow(name: str, recorded: str, metric: str, percentile: int) -> Draft:
    plugin = metric == "plugin_reload"
    operation = metric.removeprefix("snapshot_")
    what = "Plugin reloads" if plugin else f"Snapshot {operation}s"
    threshold = f"{metric}_latency_p{percentile}"

    def write(terms: Terms) -> Alert:
        limit = terms.limit(threshold)
        chosen = "" if plugin else f'{{{operation_labels(terms)[0]}="{operation}"}}'
        return Alert(
            name,
            f"{recorded}{chosen} > {limit:g}",
            "5m",
            Severity.WARNING,
            Family.PLUGINS if plugin else Family.SNAPSHOTS,
            "PLUGINS_SNAPSHOTS",
            f"{what} of {{{{ $labels.job }}}} are slow",
            f"P{percentile} of the last 5 minutes is {_SECONDS}; the limit is {limit:g} s.",
        )

    return Draft(name, ("plugin_reload_duration" if plugin else "snapshot_duration",), write, (threshold,))


def _memory(terms: Terms) -> Alert:
    limit = terms.limit("memory_rss")
    source = terms.source("memory")
    (resident,) = terms.series("memory", "value")
    return Alert(
        "MemoryRssHigh",
        of_service(f"{resident} > {limit * MIB / source.scale:.0f}", terms),
        "10m",
        Severity.WARNING,
        Family.MEMORY,
        "MEMORY",
        "{{ $labels.instance }} of {{ $labels.job }} uses much memory",
        f"Resident memory is {{{{ $value | humanize1024 }}}}B; the limit is {limit:g} MiB.",
    )


def _redis(op: str, prefix: str, *, long: bool) -> Draft:
    name = f"Redis{op.title()}LatencyP95High{'Long' if long else ''}"
    window, limit = ("30m", REDIS_P95_LONG_S) if long else ("5m", REDIS_P95_S)

    def write(terms: Terms) -> Alert:
        taken = summed([redis_operation(terms, op).suffixed("_count")], window, JOB, "increase")
        return Alert(
            name,
            both(f"{prefix}:redis_{op}_p95:{window} > {limit:g}", f"{taken} >= {terms.policy.min_requests}"),
            "0m" if long else "5m",
            Severity.WARNING,
            Family.REDIS,
            "REDIS",
            f"Redis {op.upper()}s of {{{{ $labels.job }}}} are slow" + (", and have been for long" if long else ""),
            f"P95 of the last {window.removesuffix('m')} minutes is {_SECONDS}; the limit is {limit * 1000:g} ms.",
        )

    return Draft(name, ("redis_operation",), write)


def _redis_failures(prefix: str) -> Callable[[Terms], Alert]:
    recent = f"{prefix}:redis_last_failure_age:seconds < {REDIS_RECENT_S}"

    def write(_: Terms) -> Alert:
        return Alert(
            "RedisFailuresRecent",
            either(f"{prefix}:redis_fail_rate:5m > 0", recent),
            "5m",
            Severity.WARNING,
            Family.REDIS,
            "REDIS",
            "{{ $labels.instance }} of {{ $labels.job }} keeps losing Redis",
            "Operations or reconnections have failed again and again for at least 5 minutes.",
        )

    return write
