"""Percentiles of Prometheus histograms, with the bounds that the bucket layout leaves.

Laws: interpolation is PromQL's; a percentile in the +Inf bucket is the highest finite bound and says so; a bucket
list that is empty, not cumulative or without observations has no percentile.
"""

from __future__ import annotations

import itertools
from math import isfinite, isinf
from typing import TYPE_CHECKING

from reports.model.server import Bounds

if TYPE_CHECKING:
    from collections.abc import Sequence

Buckets = tuple[tuple[float, float], ...]
"""(upper bound, cumulative count) in ascending order; the last bound is infinite."""


def bounds_of(buckets: Sequence[tuple[float, float]], percentile: float) -> Bounds | None:
    """Return the percentile (0 to 100) of cumulative buckets, with the bucket it lies in.

    The first bucket's lower bound is 0 when its upper bound is positive, as in PromQL.
    """
    if not well_formed(buckets):
        return None
    rank = percentile / 100 * buckets[-1][1]
    index = next(at for at, (_, cumulative) in enumerate(buckets) if cumulative >= rank)
    upper, cumulative = buckets[index]
    lower, before = buckets[index - 1] if index else (min(0.0, upper), 0.0)
    if isinf(upper):
        return Bounds(lower, lower, upper)
    inside = cumulative - before
    value = lower + (upper - lower) * ((rank - before) / inside) if inside > 0 else upper
    return Bounds(value, lower, upper)


def well_formed(buckets: Sequence[tuple[float, float]]) -> bool:
    """Say whether buckets ascend, are cumulative, end in +Inf after a finite bound, and hold observations."""
    if len(buckets) < 2 or not isinf(buckets[-1][0]) or buckets[-1][1] <= 0:
        return False
    ascending = all(low[0] < high[0] and low[1] <= high[1] for low, high in itertools.pairwise(buckets))
    return ascending and buckets[0][1] >= 0 and all(isfinite(cumulative) for _, cumulative in buckets)
