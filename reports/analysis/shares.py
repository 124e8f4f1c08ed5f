"""The difference of two shares: an interval that is honest for few events and for events that come in bursts."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from reports.analysis.between import ASSUMED, CONFIDENCE, between_runs
from reports.analysis.change import Interval, combine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Counted = tuple[float, float]
"""Events, and of how many."""


def share_interval(
    counted: tuple[Counted, Counted],
    drawn: NDArray[np.float64] | None,
    runs: tuple[Sequence[float], Sequence[float]],
) -> tuple[Interval, tuple[float, float]]:
    """Return the interval of current - reference in percentage points, and (reference, current) in percent.

    `counted` are current and reference; `drawn` are replicates of the difference; `runs` the shares of single runs.
    Newcombe's interval treats requests as independent, the replicates know of bursts but not of rare events, so on
    each side the wider one counts.
    """
    current, reference = (events / total if total else 0.0 for events, total in counted)
    effect = current - reference
    low, high = newcombe(counted[0], counted[1])
    if drawn is not None:
        drawn_low, drawn_high = np.quantile(drawn, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
        low, high = min(low, float(drawn_low)), max(high, float(drawn_high))
    assumed = ASSUMED * min(reference, 1 - reference)
    between = between_runs(runs, [], assumed).reach(len(runs[0]), len(runs[1]))
    own = max(effect - low, high - effect)
    bounds = combine(effect, (low, high), between)
    points = [100 * value for value in (effect, *bounds, own, between)]
    return Interval(*points), (100 * reference, 100 * current)


def newcombe(one: Counted, other: Counted) -> tuple[float, float]:
    """Return the interval of the difference of two shares from their Wilson intervals (Newcombe 1998, method 10).

    >>> low, high = newcombe((56, 70), (48, 80))
    >>> round(low, 4), round(high, 4)
    (0.0524, 0.3339)
    """
    (share, (low, high)), (other_share, (other_low, other_high)) = _wilson(one), _wilson(other)
    difference = share - other_share
    return (
        difference - math.hypot(share - low, other_high - other_share),
        difference + math.hypot(high - share, other_share - other_low),
    )


def _wilson(counted: Counted) -> tuple[float, tuple[float, float]]:
    events, total = counted
    if total <= 0:
        return 0.0, (0.0, 1.0)
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    share = events / total
    middle = (share + z**2 / (2 * total)) / (1 + z**2 / total)
    reach = z / (1 + z**2 / total) * math.sqrt(share * (1 - share) / total + (z / (2 * total)) ** 2)
    return share, (max(0.0, middle - reach), min(1.0, middle + reach))
