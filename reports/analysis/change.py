"""One compared figure: its effect, the interval around it, and the word for both.

REGRESSED: the effect is worse than the smallest one that matters, and the whole interval is on the worse side of no
change. IMPROVED: the same on the other side. EQUIVALENT: the interval lies inside the smallest effect. Else
UNDERPOWERED: the runs cannot tell. docs/REGRESSION.md has the arithmetic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

History = tuple[tuple[str, float], ...]


class Change(StrEnum):
    """What became of one figure; NOT_COMPARED when a side has none or the runs are not comparable.

    TOLERATED is the word for a whole validation JSON, which has no latencies to compare: its tolerances are kept.
    """

    REGRESSED = "REGRESSED"
    IMPROVED = "IMPROVED"
    EQUIVALENT = "EQUIVALENT"
    UNDERPOWERED = "UNDERPOWERED"
    NOT_COMPARED = "NOT COMPARED"
    TOLERATED = "WITHIN TOLERANCES"


class Scale(StrEnum):
    """How a difference is told: relative to the reference, or in percentage points."""

    RELATIVE = "%"
    POINTS = "pp"


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure that runs are compared by.

    `unit` is that of the values. The smallest effect that matters is the larger of `share` of the reference and
    `floor` in the values' unit. `needed` figures decide the exit code when they are underpowered; the others can only
    regress.
    """

    key: str
    title: str
    unit: str
    more_is_worse: bool
    share: float = 0.05
    floor: float = 0.0
    scale: Scale = Scale.RELATIVE
    needed: bool = False

    def smallest(self, reference: float) -> float:
        """Return the smallest effect that matters: a share of the reference, or points."""
        if self.scale is Scale.POINTS:
            return self.floor
        return max(self.share, self.floor / reference) if reference > 0 else math.inf


@dataclass(frozen=True, slots=True)
class Interval:
    """An effect with its interval, and how far each source of doubt alone reaches."""

    effect: float
    low: float
    high: float
    own: float = 0.0
    between: float = 0.0


@dataclass(frozen=True, slots=True)
class Finding:
    """A compared figure. `history` holds the reference runs' values by name; `doubt` says why it cannot be told."""

    gauge: Gauge
    change: Change
    reference: float | None = None
    current: float | None = None
    interval: Interval | None = None
    smallest: float | None = None
    history: History = ()
    doubt: str = ""


def absent(gauge: Gauge, doubt: str, reference: float | None = None, current: float | None = None) -> Finding:
    """Return a figure that was not compared, and why."""
    return Finding(gauge, Change.NOT_COMPARED, reference, current, doubt=doubt)


def decide(gauge: Gauge, interval: Interval, smallest: float) -> Change:
    """Return the word for an effect and its interval.

    >>> slower = Interval(0.08, 0.01, 0.15)
    >>> str(decide(Gauge("p95", "p95", "ms", more_is_worse=True), slower, 0.05))
    'REGRESSED'
    """
    if interval.effect > smallest and interval.low > 0:
        return Change.REGRESSED if gauge.more_is_worse else Change.IMPROVED
    # a fall is as large as the rise that undoes it: -4.8 % is the counterpart of +5 %
    fallen = smallest if gauge.scale is Scale.POINTS else 1 - 1 / (1 + smallest)
    if interval.effect < -fallen and interval.high < 0:
        return Change.IMPROVED if gauge.more_is_worse else Change.REGRESSED
    if -fallen < interval.low and interval.high < smallest:
        return Change.EQUIVALENT
    return Change.UNDERPOWERED


def judged(gauge: Gauge, values: tuple[float, float], interval: Interval, history: History, doubt: str = "") -> Finding:
    """Return the finding of (reference, current) with an interval; a doubt makes it UNDERPOWERED whatever it says."""
    smallest = gauge.smallest(values[0])
    change = Change.UNDERPOWERED if doubt else decide(gauge, interval, smallest)
    return Finding(gauge, change, values[0], values[1], interval, smallest, history, doubt)


def combine(effect: float, own: tuple[float, float], between: float) -> tuple[float, float]:
    """Return the interval of an effect from the interval `own` that the runs' noise gives and the reach between runs.

    The distances add as squares, on each side by itself, so that a skewed interval stays skewed.
    """
    low, high = max(0.0, effect - own[0]), max(0.0, own[1] - effect)
    return effect - math.hypot(low, between), effect + math.hypot(high, between)


def relative(effect_log: float, own_log: tuple[float, float], between_log: float) -> Interval:
    """Return an interval of logarithms as one of relative differences."""
    low, high = combine(effect_log, own_log, between_log)
    own = max(effect_log - own_log[0], own_log[1] - effect_log, 0.0)
    return Interval(math.expm1(effect_log), math.expm1(low), _grown(high), _grown(own), _grown(between_log))


def _grown(logarithm: float) -> float:
    return math.expm1(logarithm) if logarithm < 700 else math.inf
