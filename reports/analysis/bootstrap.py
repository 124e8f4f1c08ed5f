"""Moving-block bootstrap of merged histograms and of sums: what a run's own noise does to its figures.

Neighbouring seconds resemble one another, so what is drawn again is a stretch of time, not a request or a row: a
replicate of a run is made of stretches of at least 10 s, laid end to end until it is as long as the run. Histograms of
a replicate are merged, and its percentiles are those of the merged one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loadgen.core.histogram import highest_in_slot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reports.model.measurement import Measurement

SHORTEST_BLOCK_S = 10.0
LONGEST_BLOCK_S = 120.0
FEWEST_BLOCKS = 6
_BLOCKS_IN_A_RUN = 30
_COMMON_SHARE = 1 / 1_000
_TAIL_FROM = 0.9
_TAIL_SHARE = 1 / 10_000


def block_length_s(duration_s: float) -> float:
    """Return how long the stretches of a run are: a thirtieth of it, at least 10 s and at most 2 min.

    With rho = 0.8 a second, stretches of 10 s see 60 % of the true variance of a mean, of 20 s 78 %, of 60 s 93 %.
    """
    return min(LONGEST_BLOCK_S, max(SHORTEST_BLOCK_S, duration_s / _BLOCKS_IN_A_RUN))


def block_units(count: int, unit_s: float) -> int:
    """Return how many units of `unit_s` a stretch of a run of `count` units has."""
    return max(1, math.ceil(block_length_s(count * unit_s) / unit_s - 1e-9))


def draw_weights(count: int, block: int, draws: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Return how often each of `count` units stands in each replicate: rows are replicates.

    A last stretch that would make a replicate longer than the run is cut, so that each has exactly `count` units.

    >>> draw_weights(4, 2, 3, np.random.default_rng(1)).sum(axis=1).tolist()
    [4.0, 4.0, 4.0]
    """
    block = min(block, count)
    stretches = math.ceil(count / block)
    starts = generator.integers(0, count - block + 1, (draws, stretches))
    units = (starts[:, :, None] + np.arange(block)).reshape(draws, -1)[:, :count]
    flat = np.bincount((units + np.arange(draws)[:, None] * count).ravel(), minlength=draws * count)
    return flat.reshape(draws, count).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Replicates:
    """The replicates of a set of runs: `weights` of the units of each run, one array a run."""

    runs: tuple[Measurement, ...]
    weights: tuple[NDArray[np.float32], ...]

    def sums(self, per_unit: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return each replicate's sum, over all runs, of a figure that every unit has."""
        parts = [
            (weights @ values.astype(np.float32)).astype(np.float64)
            for weights, values in zip(self.weights, per_unit, strict=True)
        ]
        summed: NDArray[np.float64] = np.sum(parts, axis=0)
        return summed

    def percentiles(self, grid: Grid, quantiles: Sequence[float]) -> Percentiles:
        """Return percentiles (0 to 100), in ns, of each replicate: of all runs merged, and of each run alone."""
        each = [weights @ grid.cumulative(run) for run, weights in zip(self.runs, self.weights, strict=True)]
        merged = each[0] if len(each) == 1 else np.sum(each, axis=0)
        return Percentiles(
            np.stack([grid.values_ns[_at_rank(merged, quantile)] for quantile in quantiles]),
            np.stack([[grid.values_ns[_at_rank(one, quantile)] for quantile in quantiles] for one in each]),
        )


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Percentiles of replicates: `merged` by quantile and replicate, `alone` by run, quantile and replicate."""

    merged: NDArray[np.float64]
    alone: NDArray[np.float64]


def _at_rank(merged: NDArray[np.float32], quantile: float) -> NDArray[np.int64]:
    ranks = np.maximum(1.0, np.ceil(quantile / 100 * merged[:, -1]))
    below: NDArray[np.int64] = (merged < ranks[:, None]).sum(axis=1)
    found: NDArray[np.int64] = np.minimum(below, merged.shape[1] - 1)
    return found


def replicate(runs: Sequence[Measurement], draws: int, generator: np.random.Generator) -> Replicates:
    """Draw replicates of runs, each from its own stretches."""
    weights = [
        draw_weights(len(run.blocks), block_units(len(run.blocks), run.unit_s), draws, generator) for run in runs
    ]
    return Replicates(tuple(runs), tuple(weights))


@dataclass(frozen=True, slots=True)
class Grid:
    """Slots gathered into groups of little mass, so that all replicates fit into memory at once.

    A group holds at most a thousandth of all requests, a ten-thousandth beyond the 90th percentile, unless one slot
    alone holds more. `group_of` maps a slot to its group, `values_ns` gives the highest value of each group.
    """

    group_of: NDArray[np.int64]
    values_ns: NDArray[np.float64]

    def cumulative(self, run: Measurement) -> NDArray[np.float32]:
        """Return for each unit of a run how many requests lie in each group or below."""
        counts = np.zeros((len(run.blocks), len(self.values_ns)))
        for at, block in enumerate(run.blocks):
            counts[at] = np.bincount(self.group_of[block.slots], block.counts, len(self.values_ns))
        return np.cumsum(counts, axis=1).astype(np.float32)


def grid_of(runs: Sequence[Measurement]) -> Grid:
    """Return the grid of all runs that are compared with one another."""
    merged = merge(runs)
    used = np.flatnonzero(merged)
    shares = np.cumsum(merged[used]) / max(1, merged.sum())
    keys = np.where(shares < _TAIL_FROM, shares // _COMMON_SHARE, (shares - _TAIL_FROM) // _TAIL_SHARE + 1e6)
    groups = np.cumsum(np.concatenate(([0], np.diff(keys) > 0)))
    last = used[np.flatnonzero(np.concatenate((np.diff(groups) > 0, [True])))]
    group_of = np.zeros(len(merged), np.int64)
    group_of[used] = groups
    return Grid(group_of, np.array([highest_in_slot(slot) for slot in last.tolist()], np.float64))


def merge(runs: Sequence[Measurement]) -> NDArray[np.int64]:
    """Return the counts of all blocks of all runs, by slot."""
    slots = max((int(block.slots[-1]) for run in runs for block in run.blocks if len(block.slots)), default=0) + 1
    merged = np.zeros(slots, np.int64)
    for run in runs:
        for block in run.blocks:
            merged[block.slots] += block.counts
    return merged


def percentile_ns(merged: NDArray[np.int64], quantile: float) -> int:
    """Return a percentile of merged counts, by the rule of the histogram: the highest value at the ceiling rank."""
    rank = max(1, math.ceil(math.nextafter(quantile, -math.inf) * int(merged.sum()) / 100))
    return highest_in_slot(int(np.searchsorted(np.cumsum(merged), rank)))
