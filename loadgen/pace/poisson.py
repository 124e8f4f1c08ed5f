"""Arrivals as a Poisson process that can be entered anywhere: the same seed gives the same due times to everybody.

In operational time, where the integral of the rate is the clock, the process has rate 1 whatever the profile. Its
span [0, M) is halved again and again: how many arrivals the whole has is drawn from Poisson(M), how many of a part's n
fall into its left half from Binomial(n, 1/2), and inside a leaf of about 500 they are n sorted uniform numbers. Each
draw belongs to one node of that tree and comes from a counter-based generator set to (seed, node), so arrival i is
found in log2(M / 500) draws and nothing is kept but the leaf in use.
Laws: due times never decrease; the draws depend on the seed, the profile and numpy's version alone.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from math import ceil, log2
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from loadgen.pace.schedule import Profile

    Int64s = NDArray[np.int64]
    Float64s = NDArray[np.float64]

_LEAF = 512
_SALT = 0x706F6973736F6E  # keeps these draws apart from others that use the same seed
_TOTAL, _SPLIT, _PLACES = 0, 1, 2


class PoissonSchedule:
    """Arrivals of a Poisson process whose rate follows a profile; `total` fixes their number instead of drawing it."""

    first = 0

    def __init__(self, profile: Profile, seed: int, total: int | None = None) -> None:
        self._profile = profile
        self._levels = np.array([float(level) for level in profile.levels])
        self._mass = float(self._levels[-1])
        self.duration_ns = profile.duration_ns
        self._depth = max(0, ceil(log2(self._mass / _LEAF))) if self._mass else 0
        self._width = self._mass / (1 << self._depth)
        self._bits = np.random.Philox(key=[seed % (1 << 64), _SALT])
        self._generator = np.random.Generator(self._bits)
        self._fresh = self._bits.state
        self.total = int(self._draw(_TOTAL, 0, 0).poisson(self._mass)) if total is None else total
        # bounded: a way from the root to a leaf, and the leaves that dispatching and counting are in
        self._left = lru_cache(maxsize=128)(self._draw_left)
        self._leaf = lru_cache(maxsize=4)(self._draw_leaf)

    def due_ns(self, i: int) -> int:
        """Return when arrival i is due; raise IndexError outside 0 <= i < total."""
        if not 0 <= i < self.total:
            raise IndexError(f"arrival {i} of {self.total}")
        return self.block(i, 1, 1)[0]

    def arrived_by(self, offset_ns: int) -> int:
        """Return how many arrivals are due at or before an offset from t0."""
        number = bisect_right(range(1 << self._depth), offset_ns, key=self._edge_ns) - 1
        if number < 0:
            return 0
        before, inside = 0, self.total
        for level in range(self._depth):
            node = number >> (self._depth - level)
            left = self._left(level, node, inside)
            if (number >> (self._depth - level - 1)) & 1:
                before, inside = before + left, inside - left
            else:
                inside = left
        return before + int(np.searchsorted(self._leaf(number, inside), offset_ns, side="right"))

    def block(self, first: int, step: int, count: int) -> list[int]:
        """Return the due times of arrivals first, first + step, ...: at most `count`, fewer at the end."""
        dues: list[int] = []
        i = first
        while i < self.total and len(dues) < count:
            before, leaf = self._leaf_with(i)
            dues += leaf[i - before :: step][: count - len(dues)].tolist()
            i = first + step * len(dues)
        return dues

    def rate_per_s(self, offset_ns: int) -> float:
        """Return the rate asked for at an offset from t0; 0 before and after the schedule."""
        return self._profile.rate_per_s(offset_ns)

    def _leaf_with(self, i: int) -> tuple[int, Int64s]:
        """Return how many arrivals come before the leaf that holds arrival i, and its due times."""
        node, before, inside = 0, 0, self.total
        for level in range(self._depth):
            left = self._left(level, node, inside)
            node *= 2
            if i < before + left:
                inside = left
            else:
                node, before, inside = node + 1, before + left, inside - left
        return before, self._leaf(node, inside)

    def _draw(self, kind: int, level: int, node: int) -> np.random.Generator:
        """Return the generator, set to a node's own stream."""
        state = self._fresh
        state["state"]["counter"] = np.array([0, node, level, kind], np.uint64)
        self._bits.state = state
        return self._generator

    def _draw_left(self, level: int, node: int, inside: int) -> int:
        return int(self._draw(_SPLIT, level, node).binomial(inside, 0.5))

    def _draw_leaf(self, number: int, inside: int) -> Int64s:
        places = self._draw(_PLACES, self._depth, number).random(inside)
        places.sort()
        dues = self._instants_ns((places + number) * self._width)
        # rounding must not carry an arrival over the edge of its leaf, where counting would not look for it
        last = min(self._edge_ns(number + 1), self.duration_ns - 1)
        return np.clip(np.maximum.accumulate(dues), self._edge_ns(number), last) if inside else dues

    def _edge_ns(self, number: int) -> int:
        return int(self._instants_ns(np.array([number * self._width]))[0])

    def _instants_ns(self, amounts: Float64s) -> Int64s:
        """Return when the integral of the rate reaches some amounts, which are sorted."""
        profile, dues = self._profile, np.empty(len(amounts), np.int64)
        pieces = len(profile.pieces)
        bounds = np.append(np.searchsorted(amounts, self._levels[1:pieces], side="left"), len(amounts))
        begin = 0
        for number, bound in enumerate(bounds.tolist()):
            if bound > begin:
                piece = profile.pieces[number]
                inside = piece.times(np.maximum(amounts[begin:bound] - self._levels[number], 0.0))
                offsets = np.minimum(inside, piece.duration_ns).astype(np.int64)
                dues[begin:bound] = profile.begins[number] + offsets
                begin = bound
        return dues
