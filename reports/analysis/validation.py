"""Judge evidence by thresholds: the content of validation.json.

Laws: a figure is judged exactly and written rounded towards its failing side, so a figure that is shown within its
threshold is within it; NA is never a pass; an obstacle, or no passed assertion at all, is never a pass.
"""

from __future__ import annotations

from dataclasses import replace
from math import isinf
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode, worst_exit
from reports.analysis.figure import FEW, JUDGED_BY_CLIENT, LOW_COUNT, Figure, figure_of
from reports.analysis.measured import counters_of, oddities_of, percentiles_of, round_away, taxonomy_of
from reports.analysis.quantity import plural
from reports.model.thresholds import Kind, Side, Threshold, Thresholds, Unit
from reports.model.validation import (
    SOURCE_INCOMPLETE,
    Assertion,
    Caution,
    Configuration,
    NaPolicy,
    Outcome,
    Summary,
    Validation,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.analysis.evidence import Evidence, Obstacle

_DECIMALS = {Unit.PERCENT: 2, Unit.MEGABYTES: 2, Unit.RATIO: 4, Unit.SECONDS: 6}
_JUDGED = {
    "cache_hit_rate": "cache_hit",
    "memory_rss": "memory",
    "http_success_rate": "success",
    "error_rate": "error",
    "raw_fallback_rate": "raw_fallback",
    "effective_fallback_rate": "effective_fallback",
    "fallback_effective_ratio": "effective_fallback",
    "cpu": "cpu",
}


def validate(evidence: Evidence, thresholds: Thresholds, configuration: Configuration) -> Validation:
    """Assert every threshold; the configuration says how, and is part of the result."""
    counters = counters_of(evidence)
    cautions = [Caution(item.metric, SOURCE_INCOMPLETE, item.text) for item in evidence.obstacles]
    assertions = []
    for threshold in thresholds.entries:
        lacking = _lacking(threshold, evidence)
        if lacking and (evidence.lifetime or evidence.seen_by_client(threshold) is None):
            cautions.append(Caution(threshold.metric, "not_applicable", lacking))
            continue
        assertion, told = _assert(threshold, evidence, lacking)
        cautions.extend(told)
        if threshold.informative:
            cautions.extend(_informed(assertion))
        else:
            assertions.append(assertion)
    valid, unknown = taxonomy_of(evidence, thresholds.valid_reasons)
    cautions.extend((*unknown, *oddities_of(evidence)))
    neutral = configuration.na_policy is NaPolicy.NEUTRAL
    excused = {item.metric for item in assertions if item.status is Outcome.NA and (neutral or _idle(item, evidence))}
    return Validation(
        timestamp=evidence.at,
        metrics_url=evidence.metrics_url,
        configuration=configuration,
        percentiles=percentiles_of(evidence),
        counters=counters,
        taxonomy_valid=valid,
        warnings=tuple(cautions),
        assertions=tuple(assertions),
        summary=summarize(assertions, evidence.obstacles, excused),
    )


def summarize(assertions: Sequence[Assertion], obstacles: Sequence[Obstacle], excused: set[str]) -> Summary:
    """Count the assertions; `excused` names those whose missing figure is neutral."""
    counted = {status: sum(item.status is status for item in assertions) for status in Outcome}
    blocked = [item for item in assertions if item.status is Outcome.NA and item.metric not in excused]
    good = counted[Outcome.PASS] and not counted[Outcome.FAIL] and not blocked and not obstacles
    return Summary(
        total_checks=len(assertions),
        passed=counted[Outcome.PASS],
        failed=counted[Outcome.FAIL],
        na=counted[Outcome.NA],
        overall_status=Outcome.PASS if good else Outcome.FAIL,
    )


def exit_code(validation: Validation, obstacles: Sequence[Obstacle] = ()) -> ExitCode:
    """Return 0 for a pass, 1 as soon as an assertion failed, 3 where only figures are missing, or an obstacle's."""
    codes = [obstacle.code for obstacle in obstacles]
    if validation.summary.failed:
        codes.append(ExitCode.NO_GO)
    if not validation.passed:
        codes.append(ExitCode.INCOMPLETE)
    return worst_exit(codes)


def _assert(threshold: Threshold, evidence: Evidence, lacking: str) -> tuple[Assertion, list[Caution]]:
    """Judge one threshold; of what the metric profile is `lacking`, the client's figure alone is judged."""
    client = evidence.seen_by_client(threshold)
    figure = Figure(client, issue=JUDGED_BY_CLIENT, reason=lacking) if lacking else figure_of(threshold, evidence)
    status = _status(threshold, figure)
    if status is None:
        figure = _by_client(threshold, figure, client)
        status = _status(threshold, figure) or Outcome.NA
    if client is not None and not evidence.lifetime:
        status, figure = _both(threshold, (status, figure), client)
    actual = None if status is Outcome.NA or figure.value is None else rounded(figure.value, threshold)
    assertion = Assertion(threshold.metric, actual, threshold.threshold, threshold.unit, threshold.side, status)
    return assertion, list(_told(threshold, figure))


def _both(threshold: Threshold, service: tuple[Outcome, Figure], client: float) -> tuple[Outcome, Figure]:
    """Return the worse of what the service and the client of a run say, since both must hold.

    Where the service has no figure there is no answer, but for a failure that the client saw.
    """
    status, figure = service
    worse = client
    if figure.value is not None and status is not Outcome.NA:
        worse = (max if threshold.side is Side.UPPER else min)(figure.value, client)
    if threshold.met_by(client):
        return status, figure if status is Outcome.NA else replace(figure, value=worse)
    if status is Outcome.PASS:
        reason = f"{figure.value:.4g} {threshold.unit} by the service would pass; the client's figure is judged"
        figure = replace(figure, issue=JUDGED_BY_CLIENT, reason=reason)
    elif status is Outcome.NA:
        figure = replace(figure, reason=f"{figure.reason}; the client's figure is judged" if figure.reason else "")
    return Outcome.FAIL, replace(figure, value=worse)


def _status(threshold: Threshold, figure: Figure) -> Outcome | None:
    """Return the answer, None where the bucket is too coarse to give one; too few observations never pass."""
    if figure.value is None:
        return Outcome.NA
    if figure.lower is None or figure.upper is None or threshold.side is Side.LOWER:
        return _by_value(threshold, figure.value)
    within, beyond = figure.upper <= threshold.threshold, figure.lower >= threshold.threshold
    if beyond and not within:
        return Outcome.FAIL
    if figure.count is not None and figure.count < FEW:
        return Outcome.NA
    return Outcome.PASS if within else None


def _by_value(threshold: Threshold, value: float) -> Outcome:
    return Outcome.PASS if threshold.met_by(value) else Outcome.FAIL


def _by_client(threshold: Threshold, figure: Figure, client: float | None) -> Figure:
    """Return the client's figure where the service's bucket straddles the threshold; else none, saying so."""
    upper = "∞" if figure.upper is None or isinf(figure.upper) else f"{figure.upper:g} s"
    reason = f"the bucket {figure.lower:g} s to {upper} is too coarse for {threshold.threshold:g} s"
    if client is None:
        return Figure(None, issue="bucket_too_coarse", reason=reason, count=figure.count)
    return Figure(client, issue="bucket_too_coarse", reason=f"{reason}; the client's figure is judged")


def _told(threshold: Threshold, figure: Figure) -> Iterator[Caution]:
    if figure.issue:
        yield Caution(threshold.metric, figure.issue, figure.reason, 0.0 if figure.value is None else figure.count)
    if figure.count is not None and 0 < figure.count < FEW:
        message = f"{plural(round(figure.count), 'observation')}: fewer than {FEW} are too few for a percentile to pass"
        yield Caution(threshold.metric, LOW_COUNT, message, figure.count)


def _informed(assertion: Assertion) -> Iterator[Caution]:
    if assertion.status is Outcome.FAIL and assertion.actual is not None:
        message = f"{assertion.actual:g} {assertion.unit}, not {assertion.side.comparison} {assertion.threshold:g}"
        yield Caution(assertion.metric, "informative_threshold_missed", f"{message}; shown for information")


def _lacking(threshold: Threshold, evidence: Evidence) -> str:
    """Say that the metric profile has no such metric; empty where it has, or is not known."""
    name = _JUDGED.get(threshold.metric) or _operation(threshold.metric)
    if threshold.kind is Kind.LATENCY and threshold.metric.startswith("http_"):
        name = "p95" if {"p95", "p99"} <= set(evidence.not_applicable) else ""
    if name in evidence.not_applicable:
        return "the metric profile does not have it (not applicable)"
    return ""


def _operation(metric: str) -> str:
    if metric.startswith("plugin_reload"):
        return "plugin_reload"
    return "snapshot" if metric.startswith("snapshot") else ""


def _idle(assertion: Assertion, evidence: Evidence) -> bool:
    """Say whether a run has no figure because nobody asked it to do such operations."""
    return any(assertion.metric.startswith(name) for name in evidence.idle)


def rounded(value: float, threshold: Threshold) -> float:
    """Round a figure towards the failing side of its threshold, so that it never reads better than it is.

    Where the threshold has more digits than that, the figure has as many as it needs to stand on its own side.
    """
    for decimals in range(_DECIMALS[threshold.unit], 12):
        found = round_away(value, decimals, up=threshold.side is Side.UPPER)
        if threshold.met_by(found) == threshold.met_by(value):
            return found
    return value
