"""When a figure of many nights changed its level: ranks, the largest split, and a permutation test.

Method: the nights are ranked, so that one wild night counts no more than the worst rank. Of all places with at least
five nights on either side, the one is taken where the mean ranks differ most, in units of their deviation (the CUSUM
of ranks). How large that is by chance is found by shuffling the nights 999 times. If fewer than the bound are as large,
it is a change point, and both parts are searched in the same way. A series without a change is split by mistake with at
most the bound's probability, because everything after the first split needs the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEWEST_NIGHTS = 5
FALSE_ALARMS = 0.01
SHUFFLES = 999
SMALLEST = 0.05
_SEED = 5


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """`at` is the first night of the new level; `before` and `after` are the medians around it; `p` is by chance."""

    at: int
    before: float
    after: float
    p: float

    @property
    def effect(self) -> float:
        """The relative change; infinite from a level of 0."""
        if not self.before:
            return float("inf") if self.after else 0.0
        return self.after / self.before - 1


def change_points(values: Sequence[float], false_alarms: float = FALSE_ALARMS) -> tuple[ChangePoint, ...]:
    """Return the change points of a series in order, those of less than 5 % left out.

    `false_alarms` bounds the probability of finding any where there is none; with several series give each its part.
    More shuffles are made where the bound is too small for 999. Fewer than ten values have no change point.
    """
    series = np.asarray(values, np.float64)
    shuffles = max(SHUFFLES, int(np.ceil(2 / false_alarms)))
    splits = sorted(_search(series, 0, len(series), false_alarms, np.random.default_rng(_SEED), shuffles))
    edges = [0, *(at for at, _ in splits), len(series)]
    found = [
        ChangePoint(at, float(np.median(series[start:at])), float(np.median(series[at:end])), p)
        for (at, p), start, end in zip(splits, edges, edges[2:], strict=False)
    ]
    return tuple(point for point in found if abs(point.effect) >= SMALLEST)


def _search(
    series: NDArray[np.float64], start: int, end: int, bound: float, generator: np.random.Generator, shuffles: int
) -> list[tuple[int, float]]:
    inside = series[start:end]
    if len(inside) < 2 * FEWEST_NIGHTS:
        return []
    ranks = _ranks(inside)
    at, size = _largest(ranks[None, :])
    shuffled = generator.permuted(np.broadcast_to(ranks, (shuffles, len(ranks))), axis=1)
    p = (1 + int((_largest(shuffled)[1] >= size[0] - 1e-12).sum())) / (shuffles + 1)
    if p > bound:
        return []
    middle = start + int(at[0])
    return [
        *_search(series, start, middle, bound, generator, shuffles),
        (middle, p),
        *_search(series, middle, end, bound, generator, shuffles),
    ]


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ranks less their mean; equal values share one."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: NDArray[np.float64] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    centred: NDArray[np.float64] = ranks - ranks.mean()
    return centred


def _largest(rows: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for each row the split with the largest difference of mean ranks, and that difference."""
    length = rows.shape[1]
    places = np.arange(FEWEST_NIGHTS, length - FEWEST_NIGHTS + 1)
    sums = np.cumsum(rows, axis=1)[:, places - 1]
    sizes = np.abs(sums) / np.sqrt(places * (length - places) / length)
    best = sizes.argmax(axis=1)
    return places[best], sizes[np.arange(len(rows)), best]
