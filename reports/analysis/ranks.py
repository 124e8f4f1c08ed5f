"""The rank test of Mann and Whitney: what others judge rows with, here for comparison only.

It takes rows for independent and runs for alike. Neither holds, so it finds a difference between most runs of one and
the same service (docs/REGRESSION.md has the share). No verdict rests on it.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rank_test(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the two-sided p value that both samples are from one distribution; 1 where a side is empty.

    Normal approximation with the correction for ties, good from about eight values a side on.

    >>> round(rank_test(np.arange(10.0), np.arange(10.0) + 100), 5)
    0.00016
    """
    first, second = len(one), len(other)
    if not first or not second:
        return 1.0
    values = np.concatenate((one, other))
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks = (ends - (counts - 1) / 2)[inverse]
    u = float(ranks[:first].sum()) - first * (first + 1) / 2
    total = first + second
    ties = float((counts**3 - counts).sum()) / (total * (total - 1)) if total > 1 else 0.0
    deviation = math.sqrt(first * second / 12 * max(0.0, total + 1 - ties))
    if not deviation:
        return 1.0
    return 2 * (1 - NormalDist().cdf(abs(u - first * second / 2) / deviation))
