"""How much runs of the same thing differ from one another, and what that does to an interval.

No two runs of an unchanged service agree within their own noise: caches, neighbours and placement differ. Inside one
run that cannot be seen, so it is estimated from the history of runs, in the unit of the compared figure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist, fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ASSUMED = 0.03
"""The standard deviation between runs, relative, that is taken where there is no history."""
ASSUMED_WEIGHT = 3
"""As how many differences between runs the assumption counts; the history outweighs it soon."""
CONFIDENCE = 0.95
_MOST_RUNS = 20


@dataclass(frozen=True, slots=True)
class Between:
    """The deviation between runs, and the degrees of freedom of its estimate; `runs` were looked at for it."""

    deviation: float
    freedom: int
    runs: int

    def reach(self, current: int, reference: int) -> float:
        """Return how far the difference of so many runs from so many others may lie off, either way."""
        if not current or not reference:
            return float("inf")
        return student_t((1 + CONFIDENCE) / 2, self.freedom) * self.deviation * math.sqrt(1 / current + 1 / reference)

    def runs_to_tell(self, effect: float, reference: int) -> int | None:
        """Return how many runs under test would see an effect of this size; None when twenty would not."""
        return next((runs for runs in range(1, _MOST_RUNS + 1) if self.reach(runs, reference) <= effect), None)


def between_runs(groups: Sequence[Sequence[float]], own_variances: Sequence[float], assumed: float) -> Between:
    """Estimate the deviation between runs.

    `groups` are figures of runs that should agree within their group: the history, and the runs under test where
    there are several. `own_variances` are those of the runs' own noise, which is taken off. `assumed` joins the
    estimate with the weight of three differences, so that two runs that agree by chance prove nothing.
    """
    squares = sum(sum((value - fmean(group)) ** 2 for value in group) for group in groups if len(group) > 1)
    degrees = sum(len(group) - 1 for group in groups if group)
    own = fmean(own_variances) * degrees if own_variances else 0.0
    freedom = degrees + ASSUMED_WEIGHT
    variance = (max(0.0, squares - own) + ASSUMED_WEIGHT * assumed**2) / freedom
    return Between(variance**0.5, freedom, sum(len(group) for group in groups))


def student_t(probability: float, freedom: int) -> float:
    """Return a quantile of Student's t, right to 1 % from three degrees of freedom on.

    The expansion of Cornish and Fisher in 1 / degrees (Abramowitz and Stegun 26.7.5).

    >>> round(student_t(0.975, 10), 2), round(student_t(0.95, 5), 2)
    (2.23, 2.01)
    """
    z = NormalDist().inv_cdf(probability)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92_160
    return z + first / freedom + second / freedom**2 + third / freedom**3 + fourth / freedom**4
