"""The statistics of a step: confidence bounds of shares and means, and whether a series of seconds rises. Pure.

A step is looked at after each of K planned blocks. The probability of being wrong, alpha, is spent evenly over the
looks (Bonferroni): each look decides at z = Phi^-1(1 - alpha / K), whatever the looks before it saw, so the chance
that any of them decides wrongly is at most alpha.

Requests of a queueing system come in clumps: one slow second makes many slow requests. A share of n requests is
therefore treated as one of n / D independent ones, D being the index of dispersion of its counts by second,

    D = sum((x_i - n_i p)^2) / (m - 1) / (n/m p (1 - p)),   at least 1,

which is 1 for independent requests. Its bounds are Wilson's; for the lower one, which makes a rate fail for good, D
is raised by `caution`, since a few seconds tell D only roughly. A mean is bounded by Student's t over its block values.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sqrt
from statistics import NormalDist, fmean, stdev
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its lower and upper bound."""

    estimate: float
    low: float
    high: float


def z_of_look(alpha: float, looks: int) -> float:
    """Return the quantile at which each of `looks` planned looks decides.

    >>> round(z_of_look(0.05, 6), 3)
    2.394
    """
    return _NORMAL.inv_cdf(1 - alpha / max(1, looks))


def wilson(events: float, trials: float, z: float) -> Interval:
    """Return a share with its Wilson bounds; `events` of `trials`, which may be fractions; 0..1 without trials.

    >>> wilson(0, 1000, 2.0).high < 0.004
    True
    """
    if trials <= 0:
        return Interval(0.0, 0.0, 1.0)
    share = min(1.0, events / trials)
    square = z * z / trials
    middle = (share + square / 2) / (1 + square)
    reach = z * sqrt(share * (1 - share) / trials + square / trials / 4) / (1 + square)
    return Interval(share, max(0.0, middle - reach), min(1.0, middle + reach))


def dispersion(events: Sequence[int], trials: Sequence[int]) -> float:
    """Return D, at least 1: how much more the counts of the seconds vary than those of independent requests would."""
    total, seconds = sum(trials), [pair for pair in zip(events, trials, strict=True) if pair[1] > 0]
    if len(seconds) < 2 or not total:
        return 1.0
    share = sum(events) / total
    expected = total / len(seconds) * share * (1 - share)
    if expected <= 0:
        return 1.0
    squares = sum((count - trial * share) ** 2 for count, trial in seconds)
    return max(1.0, squares / (len(seconds) - 1) / expected)


def caution(seconds: int) -> float:
    """Return by how much D may be too low when it comes from so many seconds: (m - 1) / chi-square(m - 1; 10 %).

    >>> [round(caution(seconds), 1) for seconds in (5, 10, 30)]
    [3.8, 2.2, 1.5]
    """
    degrees = max(1, seconds - 1)
    third = 2 / (9 * degrees)
    return 1 / (1 - third - 1.2816 * sqrt(third)) ** 3 if degrees > 1 else 60.0


def share_interval(events: float, trials: float, clumps: float, seconds: int, z: float) -> Interval:
    """Return a share of clumped requests with its bounds, the lower one cautious."""
    upper = wilson(events / clumps, trials / clumps, z)
    careful = clumps * caution(seconds)
    return Interval(upper.estimate, wilson(events / careful, trials / careful, z).low, upper.high)


def mean_interval(values: Sequence[float], z: float) -> Interval:
    """Return the mean of block values with Student's bounds at the confidence of `z`; unbounded for fewer than two."""
    middle = fmean(values)
    if len(values) < 2:
        return Interval(middle, float("-inf"), float("inf"))
    reach = student(z, len(values) - 1) * stdev(values) / sqrt(len(values))
    return Interval(middle, middle - reach, middle + reach)


def student(z: float, degrees: int) -> float:
    """Return Student's t at the one-sided confidence of a normal quantile `z`; exact for 1 and 2 degrees of freedom.

    Beyond that the expansion of Cornish and Fisher is right within 1 % up to z = 2.6.

    >>> round(student(1.6448536, 10), 2)
    1.81
    """
    tail = 1 - _NORMAL.cdf(z)
    if degrees == 1:
        return cos(pi * tail) / max(1e-12, sqrt(1 - cos(pi * tail) ** 2))
    if degrees == 2:
        return (1 - 2 * tail) / sqrt(2 * tail * (1 - tail))
    d = float(degrees)
    return (
        z
        + (z**3 + z) / (4 * d)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * d**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * d**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * d**4)
    )


@dataclass(frozen=True, slots=True)
class Trend:
    """How a series rises: `slope` by second (Sen's median of all pairs), and Mann and Kendall's `z`."""

    slope: float
    z: float


def trend(values: Sequence[float]) -> Trend:
    """Return the trend of values a second apart; flat for fewer than three.

    S counts the pairs that rise less those that fall; z = (S - sign S) / sqrt(n (n - 1)(2n + 5) / 18).
    """
    count = len(values)
    if count < 3:
        return Trend(0.0, 0.0)
    pairs = [(values[b] - values[a], b - a) for a in range(count) for b in range(a + 1, count)]
    slopes = sorted(rise / run for rise, run in pairs)
    half = len(slopes) // 2
    median = slopes[half] if len(slopes) % 2 else (slopes[half - 1] + slopes[half]) / 2
    score = sum((rise > 0) - (rise < 0) for rise, _ in pairs)
    sign = (score > 0) - (score < 0)
    return Trend(median, (score - sign) / sqrt(count * (count - 1) * (2 * count + 5) / 18))
