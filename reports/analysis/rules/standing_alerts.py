"""Alerts that need no threshold of ours: is it there, does it move, and the pages and tickets on errors and latency."""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from reports.analysis.rules.draft import Draft
from reports.analysis.rules.instances import of_service, shown, untold
from reports.analysis.rules.promql import INSTANCE, JOB, both, either, share, slower_than, summed
from reports.model.rule import Alert, Family, Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.analysis.rules.terms import Terms

ERROR_PAGE, ERROR_TICKET = 0.005, 0.001
LATENCY_PAGE_S, LATENCY_TICKET_S = 0.5, 0.2
EFFECTIVE_CRITICAL = 0.08
RATE_LIMITED = 0.01
REDIS_TIMEOUTS = 0.01
_SHARE = "{{ $value | humanizePercentage }}"


def standing_alerts(prefix: str) -> list[Draft]:
    """Return the drafts; `prefix` is that of the recorded names they read."""
    page, ticket = Severity.CRITICAL, Severity.WARNING
    return [
        Draft("ServiceDown", (), _down, hopeless=untold),
        Draft("ServiceRestarted", ("start_time",), _restarted, hopeless=untold),
        Draft("MetricsMissing", ("requests",), _missing),
        Draft("MetricsStalled", ("cpu",), _stalled, hopeless=untold),
        Draft("HttpErrorRatePage", ("requests by status",), _errors("HttpErrorRatePage", ERROR_PAGE, "5m", page)),
        Draft(
            "HttpErrorRateTicket", ("requests by status",), _errors("HttpErrorRateTicket", ERROR_TICKET, "15m", ticket)
        ),
        Draft("HttpLatencyP95Page", ("latency",), _latency("HttpLatencyP95Page", LATENCY_PAGE_S, "5m", page)),
        Draft("HttpLatencyP95Ticket", ("latency",), _latency("HttpLatencyP95Ticket", LATENCY_TICKET_S, "30m", ticket)),
        Draft("HttpRateLimited", ("requests by status",), _rate_limited),
        Draft(
            "EffectiveFallbackRateHigh",
            ("fallback by reason", "requests"),
            _effective(prefix),
            ("effective_fallback_rate",),
        ),
        Draft("EffectiveFallbackRateCritical", ("fallback by reason", "requests"), _effective_critical(prefix)),
        Draft("RedisTimeoutRatioHigh", ("redis_timeouts", "redis_operation"), _redis_timeouts(prefix)),
    ]


def _down(terms: Terms) -> Alert:
    return Alert(
        "ServiceDown",
        of_service(f"up{{{terms.job}}} == 0" if terms.job else "up == 0", terms),
        "1m",
        Severity.CRITICAL,
        Family.SERVICE,
        "TARGET_RESTART",
        "{{ $labels.instance }} of {{ $labels.job }} cannot be scraped",
        "Prometheus has had no answer from its metrics endpoint for a minute.",
    )


def _restarted(terms: Terms) -> Alert:
    (start,) = terms.series("start_time", "value")
    return Alert(
        "ServiceRestarted",
        of_service(f"changes({start}[15m]) > 0", terms),
        "0m",
        Severity.INFO,
        Family.SERVICE,
        "TARGET_RESTART",
        "{{ $labels.instance }} of {{ $labels.job }} has restarted",
        "Its start time changed {{ $value }} times in 15 minutes; its counters began again.",
    )


def _missing(terms: Terms) -> Alert:
    counters = [str(selector) for selector in shown(terms)]
    return Alert(
        "MetricsMissing",
        f"absent({counters[0]})" if len(counters) == 1 else f"absent(\n{indent(either(*counters), '  ')}\n)",
        "15m",
        Severity.CRITICAL,
        Family.METRICS,
        "METRICS_STALLED",
        "No service shows its metrics",
        "No series of its requests has been there for 15 minutes: every other alert is blind.",
    )


def _stalled(terms: Terms) -> Alert:
    used = summed(terms.series("cpu", "total"), "10m", INSTANCE, "changes")
    up = f"max by ({', '.join(INSTANCE)}) (min_over_time(up{{{terms.job}}}[10m]))".replace("{}", "")
    return Alert(
        "MetricsStalled",
        of_service(both(f"{used} == 0", f"{up} == 1"), terms),
        "5m",
        Severity.CRITICAL,
        Family.METRICS,
        "METRICS_STALLED",
        "The metrics of {{ $labels.instance }} of {{ $labels.job }} stand still",
        "It answers scrapes, but its processor time has not changed for 10 minutes, as that of a live process does.",
    )


def _errors(name: str, limit: float, hold: str, severity: Severity) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        errors = share(terms.answered(("5xx",), "5m"), terms.requests("5m"))
        return Alert(
            name,
            both(f"{errors}\n> {limit:g}", terms.guard("5m")),
            hold,
            severity,
            Family.ERRORS,
            "ERROR_RATE",
            "{{ $labels.job }} answers with server errors",
            f"{_SHARE} of the requests of the last 5 minutes were answered with 5xx; the limit is {limit:.2%}.",
        )

    return write


def _latency(name: str, limit_s: float, hold: str, severity: Severity) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        return Alert(
            name,
            both(beyond_p95(terms, "latency", limit_s, "5m", JOB), terms.guard("5m")),
            hold,
            severity,
            Family.LATENCY,
            "LATENCY",
            "{{ $labels.job }} answers slowly",
            f"More than 5 % of the requests of the last 5 minutes took longer than {limit_s * 1000:g} ms.",
        )

    return write


def beyond_p95(terms: Terms, logical: str, limit_s: float, window: str, by: tuple[str, ...]) -> str:
    """Return the condition that P95 of a logical metric is above a limit in seconds."""
    histogram = terms.histogram(logical)
    limit = limit_s / terms.source(logical).scale
    return slower_than(histogram, limit, window, by)


def _rate_limited(terms: Terms) -> Alert:
    source = terms.source("requests")
    refused = [
        selector
        for at, label in enumerate(source.by)
        for selector in terms.series("requests", "total", *(f'{one}=""' for one in source.by[:at]), f'{label}="429"')
    ]
    return Alert(
        "HttpRateLimited",
        both(f"{share(summed(refused, '5m'), terms.requests('5m'))}\n> {RATE_LIMITED:g}", terms.guard("5m")),
        "5m",
        Severity.WARNING,
        Family.ERRORS,
        "RATE_LIMITED",
        "{{ $labels.job }} refuses requests: too many",
        f"{_SHARE} of the requests of the last 5 minutes were answered with 429; the limit is {RATE_LIMITED:.2%}.",
    )


def _effective(prefix: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        limit = terms.limit("effective_fallback_rate") / 100
        return _degraded("EffectiveFallbackRateHigh", prefix, limit, Severity.WARNING, terms)

    return write


def _effective_critical(prefix: str) -> Callable[[Terms], Alert]:
    return lambda terms: _degraded(
        "EffectiveFallbackRateCritical", prefix, EFFECTIVE_CRITICAL, Severity.CRITICAL, terms
    )


def _degraded(name: str, prefix: str, limit: float, severity: Severity, terms: Terms) -> Alert:
    return Alert(
        name,
        both(f"{prefix}:effective_fallback_rate:5m > {limit:g}", terms.guard("5m")),
        "5m",
        severity,
        Family.FALLBACK,
        "FALLBACK",
        "Requests of {{ $labels.job }} are served degraded",
        f"{_SHARE} true degradations per request in the last 5 minutes; the limit is {limit:.2%}.",
    )


def _redis_timeouts(prefix: str) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        by = ("job", *terms.source("redis_operation").by)
        tried = summed([terms.histogram("redis_operation").suffixed("_count")], "5m", by, "increase")
        return Alert(
            "RedisTimeoutRatioHigh",
            both(f"{prefix}:redis_timeout_ratio:5m > {REDIS_TIMEOUTS:g}", f"{tried} >= {terms.policy.min_requests}"),
            "5m",
            Severity.WARNING,
            Family.REDIS,
            "REDIS",
            "Redis operations of {{ $labels.job }} time out",
            f"{_SHARE} of the operations of 5 minutes had no answer in time; the limit is {REDIS_TIMEOUTS:.2%}.",
        )

    return write
