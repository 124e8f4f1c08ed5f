"""Which thresholds the last nights would allow to tighten.

Laws: the median of the nights decides and needs five of them; latencies get the multiplier once, here and nowhere else;
a suggestion is always tighter than what is in force, never 0 and never beyond its floor.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import floor, log10
from statistics import median
from typing import TYPE_CHECKING

from reports.analysis.nightly_figures import latency_of
from reports.analysis.quantity import plural
from reports.model.suggestion import Rules, Suggestion, Suggestions, Unsuggested
from reports.model.thresholds import Kind, Side

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reports.model.history import Nightly
    from reports.model.thresholds import Threshold, Thresholds

LEAST_NIGHTS = 5
WORTH_PCT = 90.0
RATE_MARGIN = 0.995
_DIGITS = 3


@dataclass(frozen=True, slots=True)
class Samples:
    """The figures of the nights that have one; `coarse` of them are bounds of a bucket."""

    values: tuple[float, ...]
    coarse: int = 0


def suggest(
    nights: Sequence[Nightly], window_days: int, thresholds: Thresholds, rules: Rules, at: datetime
) -> Suggestions:
    """Return the suggestions of the nights of the newest `window_days` days."""
    inside = within(nights, window_days)
    found = [_consider(threshold, inside, rules) for threshold in thresholds.asserted if _tightens(threshold, rules)]
    return Suggestions(
        generated_at=at,
        window_days=window_days,
        file_count=len(inside),
        thresholds_file=thresholds.source,
        rules=rules,
        suggestions=tuple(item for item in found if isinstance(item, Suggestion)),
        unsuggested=tuple(item for item in found if isinstance(item, Unsuggested)),
    )


def within(nights: Sequence[Nightly], days: int) -> tuple[Nightly, ...]:
    """Return the nights of the newest `days` days, counted back from the newest night."""
    if not nights:
        return ()
    first = nights[-1].day - timedelta(days=days - 1)
    return tuple(night for night in nights if night.day >= first)


def _tightens(threshold: Threshold, rules: Rules) -> bool:
    if threshold.kind is Kind.LATENCY:
        return threshold.side is Side.UPPER and threshold.percentile is not None
    return rules.floor_of(threshold.metric) is not None


def _consider(threshold: Threshold, nights: Sequence[Nightly], rules: Rules) -> Suggestion | Unsuggested:
    samples = _samples(threshold, nights)
    if len(samples.values) < LEAST_NIGHTS:
        seen = f"{plural(len(samples.values), 'night')} with a figure, {LEAST_NIGHTS} are needed"
        return Unsuggested(threshold.metric, seen)
    middle = median(samples.values)
    suggested = _suggested(threshold, middle, rules)
    if suggested is None:
        return Unsuggested(threshold.metric, f"the median {middle:g} leaves no room below {threshold.threshold:g}")
    note = ""
    if samples.coarse:
        note = f"{samples.coarse} of {len(samples.values)} figures are a bucket's bound: finer buckets would say more"
    return Suggestion(threshold.metric, threshold.threshold, middle, suggested, len(samples.values), note)


def _suggested(threshold: Threshold, middle: float, rules: Rules) -> float | None:
    least = rules.floor_of(threshold.metric)
    if least is not None:
        value = round(max(least, middle * RATE_MARGIN), 2)
        return value if value > threshold.threshold else None
    if middle >= threshold.threshold * WORTH_PCT / 100:
        return None
    value = significant(middle * rules.multiplier_latency)
    return value if 0 < value < threshold.threshold else None


def significant(value: float, digits: int = _DIGITS) -> float:
    """Round to significant digits: 0.0008 × 1.15 is 0.00092 and not 0.00.

    >>> significant(0.00092)
    0.00092
    >>> significant(1.23456)
    1.23
    """
    return value if not value else round(value, digits - 1 - floor(log10(abs(value))))


def _samples(threshold: Threshold, nights: Sequence[Nightly]) -> Samples:
    if threshold.kind is not Kind.LATENCY:
        actual = [night.validation.find(threshold.metric) for night in nights if night.validation is not None]
        return Samples(tuple(item.actual for item in actual if item is not None and item.actual))
    name = f"p{threshold.percentile:g}"
    found = [
        latency
        for night in nights
        if night.validation is not None
        for metric in threshold.prometheus_metrics
        if (latency := latency_of(night.validation, metric, dict(threshold.labels), name, assertion=threshold.metric))
    ]
    return Samples(tuple(item.seconds for item in found), sum(item.coarse for item in found))
