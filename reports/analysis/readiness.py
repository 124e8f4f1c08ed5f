"""Readiness: six technical points from runs, four operational ones from people and drills, a grade and a decision.

Laws: a point without evidence is no point and says so; a run that is INVALID, tripped or a NO-GO keeps the whole from
being a GO, and so does a metric that nobody measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode
from loadgen.core.outcome import EXPECT_PREFIX, Outcome
from reports.analysis.assessment import Verdict
from reports.analysis.client import percentile_s
from reports.analysis.conduct import tripped
from reports.analysis.coverage import in_production
from reports.analysis.operational import operational
from reports.analysis.point import Point
from reports.analysis.quantity import Unit, plural, show
from reports.analysis.sustained import longest_violation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loadgen.core.histogram import Histogram
    from reports.analysis.assessment import Assessment
    from reports.analysis.drills import Held
    from reports.model.checklist import Checklist

MOST = 10
_SUCCESS_SHARE = 0.95
_ERROR_P95_PCT = 1.0
_P95_S = 0.5
_LAG_S = 0.5
_FALLBACK_REASONS = frozenset(
    {"http_timeout", "http_error", "message_timeout", "message_error", "cache_miss", "circuit_breaker",
     "upstream_error"}
)  # fmt: skip


class Decision(StrEnum):
    """What follows from the score."""

    GO = "GO"
    CONDITIONAL = "GO WITH CONDITIONS"
    NO_GO = "NO-GO"

    @property
    def exit_code(self) -> ExitCode:
        return {Decision.GO: ExitCode.OK, Decision.CONDITIONAL: ExitCode.INCOMPLETE}.get(self, ExitCode.NO_GO)


@dataclass(frozen=True, slots=True)
class Readiness:
    """The score and what follows from it: `stops` make it a NO-GO, `conditions` must be met before going."""

    technical: tuple[Point, ...]
    operational: tuple[Point, ...]
    grade: str
    when: str
    decision: Decision
    stops: tuple[str, ...]
    conditions: tuple[str, ...]

    @property
    def score(self) -> int:
        return sum(point.value for point in (*self.technical, *self.operational))


_GRADES = ((9, "A+", "now"), (7, "A", "within 24 h"), (5, "B", "later: mend first"), (0, "F", "not at all"))
_ENOUGH = 7
_WITHOUT_CONDITIONS = 9


def readiness_of(assessments: Sequence[Assessment], checklist: Checklist, held: Sequence[Held] = ()) -> Readiness:
    """Score what was observed and answered, and the drills that were `held`."""
    technical = _technical(assessments)
    answered = operational(checklist, held)
    score = sum(point.value for point in (*technical, *answered))
    grade, when = next((grade, when) for least, grade, when in _GRADES if score >= least)
    stops = tuple(_stops(assessments, (*technical, *answered)))
    conditions = tuple(_conditions(assessments, (*technical, *answered)))
    if stops or score < _ENOUGH:
        decision = Decision.NO_GO
    elif score < _WITHOUT_CONDITIONS or not all(_counts_in_production(item) for item in assessments):
        decision = Decision.CONDITIONAL
    else:
        decision = Decision.GO
    return Readiness(technical, answered, grade, when, decision, stops, conditions)


def _counts_in_production(item: Assessment) -> bool:
    return item.verdict is Verdict.GO and in_production(item.run)


def _technical(assessments: Sequence[Assessment]) -> tuple[Point, ...]:
    return (
        _runs_succeed(assessments),
        _errors_are_few(assessments),
        _latency(assessments, "p95", "response", 95.0, _P95_S, "Latency P95 below 500 ms (client response, all runs)"),
        _nothing_sustained(assessments),
        _latency(assessments, "lag", "lag", 99.0, _LAG_S, "Generator lag P99 below 500 ms"),
        _classes_are_known(assessments),
    )


def _runs_succeed(assessments: Sequence[Assessment]) -> Point:
    title = "Runs and scrapes succeed (above 95 %)"
    ended = sum(item.run.status == "completed" for item in assessments)
    asked = sum(item.coverage.asked or item.coverage.rows for item in assessments)
    got = sum(min(item.coverage.samples, item.coverage.asked or item.coverage.samples) for item in assessments)
    if not asked:
        return Point("runs", title, None, "no sample was asked for or recorded")
    reason = f"{ended} of {plural(len(assessments), 'run')} completed, {got} of {plural(asked, 'sample')} scraped"
    return Point("runs", title, ended / len(assessments) > _SUCCESS_SHARE and got / asked > _SUCCESS_SHARE, reason)


def _errors_are_few(assessments: Sequence[Assessment]) -> Point:
    title = "Error rate P95 over samples below 1 %"
    rates = sorted(
        rate * 100 for item in assessments for row in item.run.rows if (rate := row.get("error_rate")) is not None
    )
    if not rates:
        return Point("errors", title, None, "no sample has an error rate")
    p95 = rates[ceil(0.95 * len(rates)) - 1]
    shown = f"{show(p95, Unit.PERCENT, beside=_ERROR_P95_PCT)} over {plural(len(rates), 'sample')}"
    return Point("errors", title, p95 < _ERROR_P95_PCT, shown)


def _latency(
    assessments: Sequence[Assessment], key: str, clock: str, quantile: float, bound_s: float, title: str
) -> Point:
    merged = merged_clock(assessments, clock)
    if merged is None or not merged.total:
        return Point(key, title, None, "no run recorded it")
    beyond = sum(item.run.client.out_of_range.get(clock, 0) for item in assessments)
    missing = [item.run.name for item in assessments if clock not in item.run.client.clocks]
    value_s = percentile_s(merged, quantile, beyond)
    reason = show(value_s, Unit.SECONDS, beside=bound_s) + (f"; without {', '.join(missing)}" if missing else "")
    return Point(key, title, None if missing else value_s < bound_s, reason)


def merged_clock(assessments: Sequence[Assessment], clock: str) -> Histogram | None:
    """Return one clock's values of all runs, None where no run has it: percentiles come of this, never of averages."""
    found = [item.run.client.clocks[clock] for item in assessments if clock in item.run.client.clocks]
    widest = max(found, key=lambda histogram: len(histogram.counts), default=None)
    if widest is None:
        return None
    merged = widest.copy()
    for histogram in found:
        if histogram is not widest:
            merged.add(histogram)
    return merged


def _nothing_sustained(assessments: Sequence[Assessment]) -> Point:
    title = "No objective violated in two samples running"
    worst = [(longest_violation(item), item.run.name) for item in assessments]
    known = [(violation, name) for violation, name in worst if violation is not None]
    if not known or len(known) < len(assessments):
        return Point("sustained", title, None, "not every run has samples to look at")
    violation, name = max(known, key=lambda pair: pair[0].samples)
    if violation.samples == 0:
        return Point("sustained", title, True, "no sample violated an objective")
    reason = f"{violation.title}: {plural(violation.samples, 'sample')} running in {name}"
    return Point("sustained", title, violation.samples < 2, reason)


def _classes_are_known(assessments: Sequence[Assessment]) -> Point:
    title = "No unknown error class"
    if any(item.run.client.account is None for item in assessments):
        return Point("classes", title, None, "not every run has an account of its requests")
    known = {outcome.label for outcome in Outcome}
    unknown = {
        label
        for item in assessments
        for label, number in (item.run.client.account.outcomes if item.run.client.account else {}).items()
        if number and label not in known and not label.startswith(EXPECT_PREFIX)
    }
    unknown |= {
        f"fallback {reason}"
        for item in assessments
        for reason, number in (item.window.fallback_by_reason if item.window else {}).items()
        if number and reason not in _FALLBACK_REASONS
    }
    return Point("classes", title, not unknown, ", ".join(sorted(unknown)) or "every ending and fallback has a name")


def _stops(assessments: Sequence[Assessment], points: tuple[Point, ...]) -> Iterator[str]:
    by_key = {point.key: point for point in points}
    if by_key["runs"].earned is False:
        yield f"runs or scrapes fail: {by_key['runs'].reason}"
    if by_key["sustained"].earned is False:
        yield f"an objective is violated for longer than a sample: {by_key['sustained'].reason}"
    for item in assessments:
        name = item.run.name
        if tripped(item.run):
            yield f"the circuit breaker tripped in {name}"
        elif item.verdict in (Verdict.NO_GO, Verdict.INVALID):
            yield f"{name} is {item.verdict}: {'; '.join(item.reasons[:2])}"
        metrics = [check.title for check in item.slo if check.missing]
        if metrics:
            yield f"metrics are missing in {name}: {', '.join(metrics)}"
        if item.run.synthetic:
            yield f"{name} is synthetic: nothing of it was measured"
    if by_key["alert_routing"].earned is False:
        yield "alert routing is broken"
    if by_key["runbooks"].earned is False:
        yield "the runbooks are incomplete"


def _conditions(assessments: Sequence[Assessment], points: tuple[Point, ...]) -> Iterator[str]:
    for point in points:
        if not point.earned:
            yield f"{point.title}: {point.reason}"
    for item in assessments:
        if item.verdict is Verdict.INCOMPLETE:
            yield f"{item.run.name} is INCOMPLETE: {'; '.join(item.reasons[:2])}"
        if not in_production(item.run):
            label = item.run.parameters.environment or item.run.parameters.profile
            yield f"{item.run.name} was made in “{label}”: repeat it in production"
