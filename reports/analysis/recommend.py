"""What objectives one run suggests: a formula for each, the figure it was applied to, and why.

Laws: a formula is applied to the window's own figure (sums and merged histograms; an average of rows is shown beside
it); without a figure there is no recommendation; a target is rounded to the lenient side, so that it never asks for
more than its formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isfinite
from typing import TYPE_CHECKING

from reports.analysis.quantity import Unit, limit, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.slo import SloTargets
    from reports.analysis.assessment import Assessment
    from reports.analysis.check import Check

LEAST_SUCCESS_PCT, SUCCESS_MARGIN = 98.0, 1.0
LEAST_P95_S, P95_OVER_MAX = 0.010, 1.25
LEAST_P99_S, MOST_P99_S = 0.5, 2.0
MOST_RAW_FALLBACK_PCT, MOST_EFFECTIVE_FALLBACK_PCT = 10.0, 5.0
MOST_ERROR_PCT, ERROR_PCT_WITHOUT_ERRORS = 2.0, 1.0
CPU_MARGIN, MOST_CPU_PCT = 30.0, 70.0
MEMORY_MARGIN, MOST_MEMORY_PCT = 30.0, 80.0
RSS_FACTOR = 1.3
CACHE_MARGIN, LEAST_CACHE_PCT = 5.0, 80.0

_STEP = {Unit.PERCENT: 0.01, Unit.SECONDS: 0.0001, Unit.MEGABYTES: 1.0}


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen of one metric: the window's figure, the rows' average and extremes, all None where unknown."""

    value: float | None
    average: float | None = None
    highest: float | None = None
    stddev: float | None = None

    @property
    def variation_pct(self) -> float | None:
        """The rows' standard deviation in percent of their average."""
        return None if self.stddev is None or not self.average else self.stddev / self.average * 100


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One row of the draft: `target` is None where nothing was seen, `in_force` the target the run was judged by."""

    key: str
    title: str
    unit: Unit
    upper: bool
    observed: Observed
    target: float | None
    in_force: float | None
    rationale: str

    @property
    def against(self) -> str:
        """How the target compares with the one in force: tighter, looser, same, or nothing to compare."""
        if self.target is None or self.in_force is None:
            return "NA"
        if self.target == self.in_force:
            return "same"
        return "tighter" if (self.target < self.in_force) is self.upper else "looser"

    @property
    def bound(self) -> str:
        """The target with its sign and unit, NA where there is none."""
        return "NA" if self.target is None else f"{'≤' if self.upper else '≥'} {limit(self.target, self.unit)}"


def recommend(assessment: Assessment, memory_limit_mb: float | None = None) -> tuple[Recommendation, ...]:
    """Return the draft's rows; `memory_limit_mb` is what the service may use, for the row of memory in percent."""
    targets = assessment.targets
    seen = _observations(assessment)
    return (
        _success(seen, targets),
        _p95(seen["p95_client"], targets),
        _p99(seen["p99_client"], targets),
        _fallback("raw_fallback", "Raw fallback rate", seen, MOST_RAW_FALLBACK_PCT, targets.raw_fallback_pct),
        _fallback(
            "effective_fallback", "Effective fallback rate", seen, MOST_EFFECTIVE_FALLBACK_PCT,
            targets.effective_fallback_pct,
        ),
        _error(seen, targets),
        _cpu(seen["cpu"], targets),
        _memory_pct(seen["memory"], memory_limit_mb),
        _rss(seen["memory"], targets),
        _cache(seen["cache_hit"], targets),
    )  # fmt: skip


def _observations(assessment: Assessment) -> Mapping[str, Observed]:
    return {check.key: _observed(check) for check in assessment.slo}


def _observed(check: Check) -> Observed:
    value = check.value if check.value is not None and isfinite(check.value) else None
    rows = check.rows
    return Observed(value) if rows is None else Observed(value, rows.average, rows.maximum, rows.stddev)


def worse(one: Observed, other: Observed, *, upper: bool) -> Observed:
    """Return the worse of two views of one metric, the first where they agree, or the one that exists."""
    if one.value is None or other.value is None:
        return other if one.value is None else one
    return other if one.value != other.value and (other.value > one.value) is upper else one


def _row(
    key: str, title: str, goal: tuple[Unit, bool], seen: Observed, target: float | None, texts: tuple[float | None, str]
) -> Recommendation:
    unit, upper = goal
    in_force, rationale = texts
    if seen.value is None or target is None:
        return Recommendation(key, title, unit, upper, seen, None, in_force, "not seen in this run: no recommendation")
    return Recommendation(key, title, unit, upper, seen, lenient(target, unit, upper=upper), in_force, rationale)


def lenient(value: float, unit: Unit, *, upper: bool) -> float:
    """Round to the unit's step, up for an upper bound and down for a lower one; noise of floats is ignored."""
    step = _STEP[unit]
    steps = round(value / step, 6)
    return round((ceil(steps) if upper else floor(steps)) * step, 6)


def _success(seen: Mapping[str, Observed], targets: SloTargets) -> Recommendation:
    view = worse(seen["success"], seen["success_client"], upper=False)
    target = None if view.value is None else max(LEAST_SUCCESS_PCT, view.value - SUCCESS_MARGIN)
    why = f"the worse of client and service, {_text(view.value, Unit.PERCENT)}, less 1; at least 98 %"
    return _row("success", "Success rate", (Unit.PERCENT, False), view, target, (targets.success_pct, why))


def _p95(view: Observed, targets: SloTargets) -> Recommendation:
    if view.value is None:
        return _row("p95", "P95 latency", (Unit.SECONDS, True), view, None, (targets.p95_s, ""))
    least = max(P95_OVER_MAX * (view.highest or 0.0), LEAST_P95_S)
    why = (
        f"2 × {_text(view.value, Unit.SECONDS)}; at least 1.25 × the slowest sample "
        f"({_text(view.highest, Unit.SECONDS)}) and 10 ms"
    )
    return _row("p95", "P95 latency", (Unit.SECONDS, True), view, max(2 * view.value, least), (targets.p95_s, why))


def _p99(view: Observed, targets: SloTargets) -> Recommendation:
    target = None if view.value is None else min(max(2 * view.value, LEAST_P99_S), MOST_P99_S)
    why = f"2 × {_text(view.value, Unit.SECONDS)}, between 500 ms and 2 s"
    return _row("p99", "P99 latency", (Unit.SECONDS, True), view, target, (targets.p99_s, why))


def _fallback(key: str, title: str, seen: Mapping[str, Observed], most: float, in_force: float) -> Recommendation:
    view = seen[key]
    target = None if view.value is None else min(most, 2 * view.value)
    why = f"2 × {_text(view.value, Unit.PERCENT)}, at most {limit(most, Unit.PERCENT)}"
    if view.value == 0:
        why += "; none was seen, so this allows none: keep the target in force unless that is meant"
    return _row(key, title, (Unit.PERCENT, True), view, target, (in_force, why))


def _error(seen: Mapping[str, Observed], targets: SloTargets) -> Recommendation:
    view = worse(seen["error"], seen["error_client"], upper=True)
    if view.value is None:
        target = None
    else:
        target = min(MOST_ERROR_PCT, 2 * view.value) if view.value else ERROR_PCT_WITHOUT_ERRORS
    why = (
        f"2 × the worse of client and service, {_text(view.value, Unit.PERCENT)}, at most 2 %; 1 % where none was seen"
    )
    return _row("error", "Error rate", (Unit.PERCENT, True), view, target, (targets.error_pct, why))


def _cpu(view: Observed, targets: SloTargets) -> Recommendation:
    target = None if view.value is None else min(MOST_CPU_PCT, view.value + CPU_MARGIN)
    why = f"{_text(view.value, Unit.PERCENT)} and 30 points more, at most 70 % (100 % is one processor)"
    return _row("cpu", "CPU", (Unit.PERCENT, True), view, target, (targets.cpu_pct, why))


def _memory_pct(view: Observed, limit_mb: float | None) -> Recommendation:
    title, goal = "Memory, of its limit", (Unit.PERCENT, True)
    if limit_mb is None or view.value is None:
        reason = "the memory limit of the service is not known: give --memory-limit MB"
        return Recommendation("memory_pct", title, *goal, Observed(None), None, None, reason)
    used = Observed(view.value / limit_mb * 100, None if view.average is None else view.average / limit_mb * 100)
    target = min(MOST_MEMORY_PCT, (used.value or 0.0) + MEMORY_MARGIN)
    why = f"{_text(used.value, Unit.PERCENT)} of {limit(limit_mb, Unit.MEGABYTES)} and 30 points more, at most 80 %"
    return _row("memory_pct", title, goal, used, target, (None, why))


def _rss(view: Observed, targets: SloTargets) -> Recommendation:
    target = None if view.value is None else RSS_FACTOR * view.value
    why = f"1.3 × the average {_text(view.value, Unit.MEGABYTES)}"
    return _row("rss", "Memory (RSS), average", (Unit.MEGABYTES, True), view, target, (targets.rss_mb, why))


def _cache(view: Observed, targets: SloTargets) -> Recommendation:
    target = None if view.value is None else max(LEAST_CACHE_PCT, view.value - CACHE_MARGIN)
    why = f"{_text(view.value, Unit.PERCENT)} less 5 points, at least 80 %"
    return _row("cache_hit", "Cache hit rate", (Unit.PERCENT, False), view, target, (targets.cache_hit_pct, why))


def _text(value: float | None, unit: Unit) -> str:
    return show(value, unit)
