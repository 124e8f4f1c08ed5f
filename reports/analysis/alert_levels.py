"""Alert thresholds from a baseline, and what they would have done during the run they come from.

Laws: a threshold is its multiplier times the observed figure and never below its floor; an alert fires where a window's
figure is strictly above it (below it for a lower bound); a source that has no figures says so and is no silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.quantity import Unit, duration, limit, plural, show
from reports.analysis.recommend import Observed, lenient, worse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reports.analysis.assessment import Assessment
    from reports.analysis.recommend import Recommendation

_ERROR_LEVELS = (("warning", 5.0, 0.1), ("critical", 25.0, 0.5))
_LATENCY_LEVELS = (("warning", 1.5, 0.010), ("critical", 3.0, 0.020))
CACHE_TRIGGER_PCT = 80.0


@dataclass(frozen=True, slots=True)
class AlertLevel:
    """One threshold: alert when the metric is beyond `threshold` (above it where `upper`)."""

    key: str
    title: str
    severity: str
    unit: Unit
    upper: bool
    threshold: float
    rationale: str

    @property
    def bound(self) -> str:
        return f"{'>' if self.upper else '<'} {limit(self.threshold, self.unit)}"

    def beyond(self, value: float) -> bool:
        return value > self.threshold if self.upper else value < self.threshold


@dataclass(frozen=True, slots=True)
class Point:
    """One evaluated window: it ended `at_s` after t0."""

    at_s: float
    value: float


@dataclass(frozen=True, slots=True)
class Firing:
    """One stretch in which the alert was up: from the first to the last window beyond the threshold, and the worst."""

    start_s: float
    end_s: float
    worst: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One threshold tried on one source; `windows` 0 means that the source has no figures."""

    level: AlertLevel
    source: str
    windows: int
    firings: tuple[Firing, ...]

    @property
    def sentence(self) -> str:
        """What would have happened, in words."""
        if not self.windows:
            return "NA: no such figures on record"
        if not self.firings:
            return f"would not have fired ({plural(self.windows, 'window')})"
        unit, bound = self.level.unit, self.level.threshold
        told = [
            f"at {duration(firing.start_s)} for {duration(firing.end_s - firing.start_s)}, "
            f"worst {show(firing.worst, unit, beside=bound)}"
            for firing in self.firings[:_TOLD]
        ]
        more = len(self.firings) - _TOLD
        return f"would have fired {'; '.join(told)}" + (f"; and {plural(more, 'time')} more" if more > 0 else "")


_TOLD = 3


def alert_levels(assessment: Assessment) -> tuple[AlertLevel, ...]:
    """Return the thresholds by multiplier: errors 5 and 25 times, P95 1.5 and 3 times what was observed."""
    seen = {check.key: check.value for check in assessment.slo}
    error = worse(Observed(seen["error"]), Observed(seen["error_client"]), upper=True).value
    return (
        *_levels("error", "Error rate", Unit.PERCENT, error, _ERROR_LEVELS),
        *_levels("p95", "P95 latency", Unit.SECONDS, seen["p95_client"], _LATENCY_LEVELS),
    )


def _levels(
    key: str, title: str, unit: Unit, observed: float | None, steps: Iterable[tuple[str, float, float]]
) -> Iterable[AlertLevel]:
    if observed is None:
        return
    for severity, factor, least in steps:
        why = f"{factor:g} × {show(observed, unit)}, at least {limit(least, unit)}"
        threshold = lenient(max(factor * observed, least), unit, upper=True)
        yield AlertLevel(key, title, severity, unit, True, threshold, why)


def scaling_triggers(rows: Sequence[Recommendation]) -> tuple[AlertLevel, ...]:
    """Return when to scale: cache hits below 80 %, CPU and memory beyond what is recommended."""
    by_key: Mapping[str, Recommendation] = {row.key: row for row in rows}
    found = []
    if by_key["cache_hit"].target is not None:
        why = "look-ups that miss go to the origin: grow the cache"
        level = AlertLevel("cache_hit", "Cache hit rate", "scaling", Unit.PERCENT, False, CACHE_TRIGGER_PCT, why)
        found.append(level)
    for key, why in (("cpu", "add processes or processors"), ("rss", "add memory, or look for a leak")):
        row = by_key[key]
        if row.target is not None:
            title = f"beyond its recommended target: {why}"
            found.append(AlertLevel(key, row.title, "scaling", row.unit, True, row.target, title))
    return tuple(found)


def try_out(level: AlertLevel, source: str, points: Sequence[Point]) -> Trial:
    """Return what a threshold would have done over the windows of a source, in time order."""
    firings: list[Firing] = []
    previous_up = False
    for point in points:
        up = level.beyond(point.value)
        if up and previous_up:
            last = firings[-1]
            worst = max(last.worst, point.value) if level.upper else min(last.worst, point.value)
            firings[-1] = Firing(last.start_s, point.at_s, worst)
        elif up:
            firings.append(Firing(point.at_s, point.at_s, point.value))
        previous_up = up
    return Trial(level, source, len(points), tuple(firings))
