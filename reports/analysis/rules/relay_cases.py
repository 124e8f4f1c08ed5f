"""Cases of the relay's alerts: the courses of the synthetic scenarios, and what must not set their alerts off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.rules.relay import (
    ERROR_CRIT,
    ERROR_WARN,
    MIME_S,
    P95_CRIT_S,
    P95_WARN_S,
    SANITIZED_PER_S,
    VALIDATION,
)
from reports.analysis.rules.standing_cases import UP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reports.analysis.rules.scene import Scene
    from reports.analysis.rules.service_cases import Play
    from reports.analysis.rules.terms import Terms
    from reports.model.rule_case import SampledSeries

BY_JOB = frozenset({"RelayControllerStalled", "RelayMimeSlow", "RelaySanitizationSpike"})
"""Alerts of a whole job; the others tell provider and action apart."""


def relay_plays(terms: Terms, alert: str) -> Iterator[Play]:
    """Yield the courses of events of an alert; nothing for an alert of another set."""
    plays = _PLAYS.get(alert)
    if plays is not None:
        yield from plays(terms)


def _failed(terms: Terms, share: float, per_min: float = 300) -> Callable[[Scene], tuple[SampledSeries, ...]]:
    errors = terms.signal("action_errors")
    return lambda scene: (
        *scene.requests(per_min, s500=share),
        *(scene.counter(errors, per_min * share, reason="timeout") if share else ()),
    )


def _errors(limit: float, at_min: int, idle_per_min: float = 0.5) -> Callable[[Terms], Iterator[Play]]:
    def plays(terms: Terms) -> Iterator[Play]:
        yield "errors above the limit", True, at_min, _failed(terms, limit * 1.2)
        yield "errors below the limit", False, at_min, _failed(terms, limit * 0.8)
        yield "an idle relay, whose few executions fail", False, at_min, _failed(terms, 1.0, idle_per_min)
        yield "six executions a minute, as many fail as may be", False, at_min, _failed(terms, limit * 0.99, 6)

    return plays


def _burn(young_min: int, old_min: int) -> Callable[[Terms], Iterator[Play]]:
    def plays(terms: Terms) -> Iterator[Play]:
        yield from _errors(ERROR_WARN, old_min, 0.1)(terms)
        yield "an action younger than its longer window", False, young_min, _failed(terms, ERROR_WARN * 2)

    return plays


def _latency(limit_s: float) -> Callable[[Terms], Iterator[Play]]:
    def plays(terms: Terms) -> Iterator[Play]:
        limit, histogram = limit_s / terms.source("latency").scale, terms.histogram("latency")
        bucket, count = histogram.suffixed("_bucket"), histogram.suffixed("_count")

        def slow(share: float) -> Callable[[Scene], tuple[SampledSeries, ...]]:
            return lambda scene: (*scene.requests(300), *scene.histogram(histogram, limit, share))

        def above_the_highest(scene: Scene) -> tuple[SampledSeries, ...]:
            counted = {f"{limit:g}": 30, "+Inf": 300}
            return (
                *scene.requests(300),
                *(series for le, n in counted.items() for series in scene.counter(bucket, n, le=le)),
                *scene.counter(count, 300),
            )

        yield "a tenth is slow", True, 30, slow(0.1)
        yield "slow beyond the highest bucket, which is the limit", True, 30, above_the_highest
        yield "one in fifty is slow", False, 30, slow(0.02)

    return plays


def _stalled(terms: Terms) -> Iterator[Play]:
    every = terms.signal("controller_decisions")

    def decided(values: str, result: str = "ok") -> Callable[[Scene], tuple[SampledSeries, ...]]:
        return lambda scene: (scene.course(every, values, result=result),)

    yield "its last good decision is an hour old", True, 90, decided("0 1 2x100")
    yield "it comes to bad decisions only", True, 20, decided("0+1x100", "error")
    yield "a good decision every half hour", False, 90, decided("1x30 2x30 3x60")
    yield "its first good decision is fresh", False, 20, decided("1x30")


def _validation(terms: Terms) -> Iterator[Play]:
    invalid = terms.signal("structured_errors")

    def rejected(share: float, per_min: float = 600) -> Callable[[Scene], tuple[SampledSeries, ...]]:
        return lambda scene: (*scene.requests(per_min), *scene.counter(invalid, per_min * share, code="invalid"))

    yield "15 of 100 are invalid", True, 30, rejected(0.15)
    yield "many errors a second, of many more executions", False, 30, rejected(VALIDATION * 0.8, 60_000)
    yield "few executions", False, 30, rejected(1.0, 0.5)


def _mime(terms: Terms) -> Iterator[Play]:
    built = terms.signal("mime_build")
    yield "a tenth is slow", True, 30, lambda scene: scene.histogram(built, MIME_S, 0.1)
    yield "one in fifty is slow", False, 30, lambda scene: scene.histogram(built, MIME_S, 0.02)


def _sanitization(terms: Terms) -> Iterator[Play]:
    changed, per_min = terms.signal("sanitization"), SANITIZED_PER_S * 60
    yield "sixty changes a second", True, 20, lambda scene: scene.counter(changed, per_min * 1.2, kind="tag")
    yield "forty changes a second", False, 20, lambda scene: scene.counter(changed, per_min * 0.8, kind="tag")


def _missing(_: Terms) -> Iterator[Play]:
    yield "nothing is shown", True, 20, lambda scene: scene.gauge(UP, 1)
    yield "executions are shown", False, 20, lambda scene: scene.requests()


_PLAYS: dict[str, Callable[[Terms], Iterator[Play]]] = {
    "RelayErrorRateWarn": _errors(ERROR_WARN, 30),
    "RelayErrorRateCrit": _errors(ERROR_CRIT, 30),
    "RelayErrorBudgetBurnFast": _burn(20, 90),
    "RelayErrorBudgetBurnSlow": _burn(45, 420),
    "RelayLatencyP95Warn": _latency(P95_WARN_S),
    "RelayLatencyP95Crit": _latency(P95_CRIT_S),
    "RelayControllerStalled": _stalled,
    "RelayValidationSpike": _validation,
    "RelayMimeSlow": _mime,
    "RelaySanitizationSpike": _sanitization,
    "RelayMetricsMissing": _missing,
}
