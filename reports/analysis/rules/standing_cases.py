"""Cases of the alerts that stand by themselves, and of the burn tiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.rules.burn import AVAILABILITY, LATENCY_LIMIT, OBJECTIVES, minutes
from reports.analysis.rules.standing_alerts import (
    EFFECTIVE_CRITICAL,
    ERROR_PAGE,
    ERROR_TICKET,
    LATENCY_PAGE_S,
    LATENCY_TICKET_S,
    RATE_LIMITED,
    REDIS_TIMEOUTS,
)
from reports.model.metric_facts import Selector
from reports.model.rule_case import SampledSeries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reports.analysis.rules.burn import Objective, Tier
    from reports.analysis.rules.scene import Scene
    from reports.analysis.rules.service_cases import Play
    from reports.analysis.rules.terms import Terms

UP = Selector("up")
ALONE = frozenset({"MetricsMissing", "RelayMetricsMissing"})
"""Alerts on what nobody shows: no other course of events may be played with them."""


def standing_plays(terms: Terms, alert: str) -> Iterator[Play]:
    """Yield the courses of events of an alert; nothing for an alert of another set."""
    plays = _PLAYS.get(alert)
    if plays is not None:
        yield from plays(terms)


def burn_plays(terms: Terms, alert: str, tiers: Sequence[Tier]) -> Iterator[Play]:
    """Yield the courses of events of a burn alert; nothing for any other."""
    for objective in OBJECTIVES:
        for tier in tiers:
            if alert == objective.alert + tier.name:
                yield from _burn(terms, tier, objective)


def _burn(terms: Terms, tier: Tier, objective: Objective) -> Iterator[Play]:
    at_min, edge = minutes(tier.hold) + 15, tier.factor * objective.budget(terms)
    much = (1 + edge) / 2 if edge > 2 / 3 else edge * 1.5
    if objective is not AVAILABILITY:
        limit = terms.limit(LATENCY_LIMIT) / terms.source("latency").scale
        histogram = terms.histogram("latency")
        yield "too many are slow", True, at_min, lambda scene: scene.histogram(histogram, limit, much)
        yield "a fifth fewer are slow", False, at_min, lambda scene: scene.histogram(histogram, limit, edge * 0.8)
        return
    yield "both windows burn too fast", True, at_min, lambda scene: scene.requests(s500=much)
    yield "both windows burn a fifth slower", False, at_min, lambda scene: scene.requests(s500=edge * 0.8)
    if minutes(tier.long) <= 60:
        yield "the short window has recovered", False, 40, lambda scene: _recovered(scene.requests(s500=much))


def _recovered(requests: Sequence[SampledSeries]) -> tuple[SampledSeries, ...]:
    """Return requests whose errors, the first of the series, end after 30 minutes."""
    errors, *others = requests
    step = float(errors.values.removeprefix("0+").partition("x")[0])
    return (SampledSeries(errors.name, errors.labels, f"0+{step:g}x30 {step * 30:g}x60"), *others)


def _down(terms: Terms) -> Iterator[Play]:
    def fallen(scene: Scene) -> tuple[SampledSeries, ...]:
        return (scene.course(UP, "1x2 0x120"), *scene.known(2))

    yield "it cannot be scraped", True, 5, fallen
    yield "it has not been scraped for an hour", True, 60, fallen
    yield "one scrape failed", False, 5, lambda scene: (*scene.known(), scene.course(UP, "1 1 1 0 1 1x30"))
    if not terms.job:
        yield "what shows nothing of the service cannot be scraped", False, 5, lambda scene: scene.gauge(UP, 0)


def _restarted(terms: Terms) -> Iterator[Play]:
    (start, *_) = terms.series("start_time", "value")
    moved = "100x10 700x100"
    yield "its start time has moved", True, 20, lambda scene: (*scene.known(), scene.course(start, moved))
    yield "it has run for long", False, 20, lambda scene: (*scene.known(), *scene.gauge(start, 100))
    if not terms.job:
        yield "another process has restarted", False, 20, lambda scene: (scene.course(start, moved),)


def _missing(_: Terms) -> Iterator[Play]:
    yield "nothing is shown", True, 20, lambda scene: scene.gauge(UP, 1)
    yield "requests are shown", False, 20, lambda scene: scene.requests()


def _stalled(terms: Terms) -> Iterator[Play]:
    (used, *_) = terms.series("cpu", "total")

    def still(scene: Scene) -> tuple[SampledSeries, ...]:
        return (*scene.gauge(used, 5), *scene.gauge(UP, 1))

    yield "values stand still", True, 30, lambda scene: (*scene.known(), *still(scene))
    yield "values move", False, 30, lambda scene: (*scene.known(), *scene.counter(used, 1), *scene.gauge(UP, 1))
    yield "it cannot be scraped, which ServiceDown tells", False, 30, lambda scene: scene.gauge(UP, 0)
    if not terms.job:
        yield "another process uses no processor time", False, 30, still


def _errors(limit: float, at_min: int) -> Callable[[Terms], Iterator[Play]]:
    def plays(terms: Terms) -> Iterator[Play]:
        yield "server errors above the limit", True, at_min, lambda scene: scene.requests(s500=limit * 2)
        yield "nothing but server errors", True, at_min, lambda scene: scene.requests(s503=1.0)
        yield "server errors below the limit", False, at_min, lambda scene: scene.requests(s500=limit * 0.8)
        yield "client errors", False, at_min, lambda scene: scene.requests(s404=0.5)
        few = terms.policy.min_requests / 10
        yield "errors of too few requests", False, at_min, lambda scene: scene.requests(few, s500=1.0)

    return plays


def _latency(limit_s: float, at_min: int) -> Callable[[Terms], Iterator[Play]]:
    def plays(terms: Terms) -> Iterator[Play]:
        limit, histogram = limit_s / terms.source("latency").scale, terms.histogram("latency")

        def slow(share: float) -> Callable[[Scene], tuple[SampledSeries, ...]]:
            return lambda scene: (*scene.requests(), *scene.histogram(histogram, limit, share))

        yield "a tenth is slow", True, at_min, slow(0.1)
        yield "one in fifty is slow", False, at_min, slow(0.02)
        yield "slow ones of too few requests", False, at_min, lambda scene: scene.histogram(histogram, limit, 1.0)

    return plays


def _rate_limited(_: Terms) -> Iterator[Play]:
    yield "too many are refused", True, 20, lambda scene: scene.requests(s429=RATE_LIMITED * 2)
    yield "other client errors", False, 20, lambda scene: scene.requests(s404=RATE_LIMITED * 2)


def _degraded(critical: bool) -> Callable[[Terms], Iterator[Play]]:
    def plays(terms: Terms) -> Iterator[Play]:
        limit = EFFECTIVE_CRITICAL if critical else terms.limit("effective_fallback_rate") / 100
        (taken, *_) = terms.series("fallback", "total")
        label = (terms.source("fallback").by or ("reason",))[0]

        def fell(share: float, reason: str) -> Callable[[Scene], tuple[SampledSeries, ...]]:
            return lambda scene: (*scene.requests(), *scene.counter(taken, scene.busy * share, **{label: reason}))

        yield "degradations above the limit", True, 20, fell(limit * 1.2, "http_error")
        yield "degradations below the limit", False, 20, fell(limit * 0.8, "http_error")
        yield "cache misses", False, 20, fell(limit * 5, "cache_miss")

    return plays


def _redis_timeouts(terms: Terms) -> Iterator[Play]:
    label = (terms.source("redis_operation").by or ("op",))[0]
    tried = terms.histogram("redis_operation").suffixed("_count")
    late = terms.signal("redis_timeouts")

    def timed_out(share: float, per_min: float = 0) -> Callable[[Scene], tuple[SampledSeries, ...]]:
        return lambda scene: (
            *scene.counter(tried, per_min or scene.busy, **{label: "get"}),
            *scene.counter(late, (per_min or scene.busy) * share, **{label: "get"}),
        )

    yield "too many operations time out", True, 20, timed_out(REDIS_TIMEOUTS * 2)
    yield "some operations time out", False, 20, timed_out(REDIS_TIMEOUTS * 0.8)
    yield "timeouts of too few operations", False, 20, timed_out(1.0, terms.policy.min_requests / 10)


_PLAYS: dict[str, Callable[[Terms], Iterator[Play]]] = {
    "ServiceDown": _down,
    "ServiceRestarted": _restarted,
    "MetricsMissing": _missing,
    "MetricsStalled": _stalled,
    "HttpErrorRatePage": _errors(ERROR_PAGE, 20),
    "HttpErrorRateTicket": _errors(ERROR_TICKET, 30),
    "HttpLatencyP95Page": _latency(LATENCY_PAGE_S, 20),
    "HttpLatencyP95Ticket": _latency(LATENCY_TICKET_S, 45),
    "HttpRateLimited": _rate_limited,
    "EffectiveFallbackRateHigh": _degraded(critical=False),
    "EffectiveFallbackRateCritical": _degraded(critical=True),
    "RedisTimeoutRatioHigh": _redis_timeouts,
}
