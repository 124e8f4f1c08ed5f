"""Quantiles of Prometheus histograms, as PromQL's `histogram_quantile` computes them.

Laws: pure; a quantile that does not exist is NaN, never 0; one that falls beyond the last finite bound is that bound
and says so (`saturated`).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf, isnan, nan
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOLERANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile and the bucket it lies in: the true value is above `lower` and at most `upper`.

    `saturated`: it lies in the +Inf bucket, `value` is the highest finite bound and the truth is at least that.
    """

    value: float
    lower: float = nan
    upper: float = nan
    saturated: bool = False

    @property
    def known(self) -> bool:
        return not isnan(self.value)


def bucket_quantile(q: float, cumulative: Mapping[float, float]) -> Quantile:
    """Return the q-quantile of a histogram given as upper bound -> cumulative count.

    Observations are taken to be spread evenly inside a bucket. In order:

    - q is NaN: NaN. q < 0: -Inf. q > 1: +Inf.
    - no +Inf bucket, no finite bucket, or no observations: NaN.
    - counts that fall with a rising bound are raised to the one before; relative differences below 1e-12 are ignored.
    - in the +Inf bucket: the highest finite bound, saturated.
    - in the first bucket when its bound is not above 0: that bound.
    - else with rank r = q x observations in the bucket (a, b] that holds n of them, k lying below:
      a + (b - a) x (r - k) / n, where a = 0 for the first bucket.
    """
    if isnan(q):
        return Quantile(nan)
    if not 0 <= q <= 1:
        return Quantile(-inf if q < 0 else inf)
    bounds = sorted(cumulative)
    if len(bounds) < 2 or not isinf(bounds[-1]) or bounds[-1] < 0:
        return Quantile(nan)
    counts = _monotonic([cumulative[bound] for bound in bounds])
    observations = counts[-1]
    if observations == 0 or isnan(observations):
        return Quantile(nan)
    rank = q * observations
    index = next((i for i, count in enumerate(counts[:-1]) if count >= rank), len(bounds) - 1)
    if index == len(bounds) - 1:
        return Quantile(bounds[-2], bounds[-2], inf, saturated=True)
    end = bounds[index]
    if index == 0 and end <= 0:
        return Quantile(end, -inf, end)
    start, below = (bounds[index - 1], counts[index - 1]) if index else (0.0, 0.0)
    inside = counts[index] - below
    value = start + (end - start) * ((rank - below) / inside) if inside else nan
    return Quantile(value, start, end)


def _monotonic(counts: list[float]) -> list[float]:
    """Return the counts with falls, and rises within the rounding of floats, levelled to the count before."""
    level = counts[0]
    levelled = [level]
    for count in counts[1:]:
        if count > level and count - level > _TOLERANCE * count:
            level = count
        levelled.append(level)
    return levelled
