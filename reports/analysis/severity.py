"""How bad a failed validation is: the bands of operations, P0 to P3.

Law: the worst band that applies wins; what has no figure makes no violation and no band.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.model.validation import Validation

_NEAR = 0.05
_MANY = 4
_P0 = (("http_success_rate", 95.0, True), ("error_rate", 3.0, False), ("memory_rss", 750.0, False))
_P1 = (("plugin_reload_latency_p99", 8.0, False), ("cache_hit_rate", 60.0, True))


class Band(StrEnum):
    """P0: act now. P1: today. P2: one objective missed. P3: one missed by at most 5 %. NONE: nothing missed."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Severity:
    """A band and the sentence behind it."""

    band: Band
    reason: str

    def __str__(self) -> str:
        return f"{self.band}: {self.reason}" if self.band is not Band.NONE else "none: no objective was missed"


def severity_of(validation: Validation) -> Severity:
    """Return the band of a validation.

    P0: success below 95 %, errors above 3 %, memory above 750 MB, or four and more violations. P1: plugin reload p99
    above 8 s, cache hit rate below 60 %, or two or three violations. P2: one violation; P3: one that misses its
    threshold by at most 5 % of it.
    """
    missed = validation.violations
    if not missed:
        return Severity(Band.NONE, "no objective was missed")
    urgent = _beyond(validation, _P0)
    if urgent or len(missed) >= _MANY:
        return Severity(Band.P0, urgent or f"{len(missed)} objectives were missed")
    serious = _beyond(validation, _P1)
    if serious or len(missed) > 1:
        return Severity(Band.P1, serious or f"{len(missed)} objectives were missed")
    only = missed[0]
    near = only.actual is not None and abs(only.actual - only.threshold) <= _NEAR * only.threshold
    how = "by at most 5 %" if near else "by more than 5 %"
    return Severity(Band.P3 if near else Band.P2, f"{only.metric} alone was missed, {how}")


def _beyond(validation: Validation, limits: tuple[tuple[str, float, bool], ...]) -> str:
    """Return the first limit of a band that a failed assertion is beyond, as a sentence; empty for none."""
    figures = {item.metric: item.actual for item in validation.violations if item.actual is not None}
    for metric, bound, below in limits:
        value = figures.get(metric)
        if value is not None and (value < bound if below else value > bound):
            return f"{metric} is {value:g}, {'below' if below else 'above'} {bound:g}"
    return ""
