"""Which endpoint arrival i goes to, and how many before it used a feeder: functions of the seed and i alone.

So the sequence is the same for any number of workers and can be computed again from metadata. The number is the
SplitMix64 finaliser of seed and i, taken modulo the sum of the weights; the bias of the modulo is below 1e-12 for
sums of weights up to a million.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)
_AT_ONCE = 65_536


class Mix:
    """Chooses among endpoints 0..n-1 in proportion to their weights."""

    def __init__(self, weights: Sequence[int], seed: int) -> None:
        if not weights or min(weights) < 0 or sum(weights) == 0:
            raise ValueError(f"weights must be 0 or more and not all 0: {list(weights)}")
        self._bounds = np.cumsum(np.array(weights, np.int64))
        self._seed = np.uint64(seed % (1 << 64))
        self.endpoints = len(weights)

    def choose(self, first: int, step: int, count: int) -> list[int]:
        """Return the endpoint numbers of arrivals first, first + step, ... (`count` of them)."""
        if self.endpoints == 1:
            return [0] * count
        arrivals = np.arange(first, first + step * count, step, dtype=np.uint64)[:count]
        with np.errstate(over="ignore"):
            mixed = (arrivals + self._seed * _SECOND + np.uint64(1)) * _GOLDEN
            mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
            mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
            mixed ^= mixed >> np.uint64(31)
        part = (mixed % np.uint64(self._bounds[-1])).astype(np.int64)
        chosen: list[int] = np.searchsorted(self._bounds, part, side="right").tolist()
        return chosen


class Uses:
    """Counts, arrival by arrival, how many before it went to one of some endpoints; `offset` came before the first."""

    def __init__(self, mix: Mix, endpoints: Collection[int], offset: int = 0) -> None:
        self._mix = mix
        self._endpoints = frozenset(endpoints)
        self._offset = offset
        self._at = self._count = 0

    def before(self, numbers: Sequence[int]) -> list[int]:
        """Return the count before each arrival; arrivals come in rising order, also from call to call."""
        if self._endpoints.issuperset(range(self._mix.endpoints)):
            return [self._offset + number for number in numbers]
        return [self._offset + self._until(number) for number in numbers]

    def _until(self, number: int) -> int:
        while self._at < number:
            part = min(number - self._at, _AT_ONCE)
            self._count += sum(map(self._endpoints.__contains__, self._mix.choose(self._at, 1, part)))
            self._at += part
        return self._count
