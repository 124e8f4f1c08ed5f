"""Stretches of a schedule whose rate is constant or changes along a straight line, in exact arithmetic.

With rate r(t) a stage has received A(t) = integral of r from 0 to t by offset t; arrival i of a run is due when the
run's sum of integrals reaches i. All offsets are integers of ns from the stage's begin, all sums are Fractions.
Law: a due time is the floor of the exact root, found with integers only, so due times never decrease.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, isqrt, lcm
from typing import TYPE_CHECKING, Protocol

import numpy as np

from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from loadgen.core.shape import Stage

    Float64s = NDArray[np.float64]


class Piece(Protocol):
    """What a schedule asks of a stage."""

    @property
    def duration_ns(self) -> int: ...

    def amount(self, offset_ns: int) -> Fraction:
        """Return A(offset): how many arrivals, fractions included, the stage has by an offset within it."""

    def dues(self, numbers: range, level: Fraction, begin_ns: int) -> list[int]:
        """Return when A reaches i - level for each arrival number i; `begin_ns` is added to each."""

    def times(self, amounts: Float64s) -> Float64s:
        """Return the offsets at which A reaches the amounts, as floats."""

    def rate_per_s(self, offset_ns: int) -> float:
        """Return the rate at an offset."""


@dataclass(frozen=True, slots=True)
class ConstantStage:
    """`count` arrivals every `per_ns`, for `duration_ns`; a count of 0 is a pause."""

    count: int
    per_ns: int
    duration_ns: int

    @property
    def arrivals(self) -> int:
        """floor(rate x duration)."""
        return self.duration_ns * self.count // self.per_ns

    def amount(self, offset_ns: int) -> Fraction:
        return Fraction(offset_ns * self.count, self.per_ns)

    def dues(self, numbers: range, level: Fraction, begin_ns: int) -> list[int]:
        # begin + floor((i - level) x per / count), as one product, one sum and one division for each
        factor = self.per_ns * level.denominator
        divisor = self.count * level.denominator
        shift = begin_ns * divisor - level.numerator * self.per_ns
        if factor % divisor == 0 and len(numbers):  # whole ns between arrivals: the floor moves in even steps
            gap = factor // divisor * numbers.step
            first = (numbers[0] * factor + shift) // divisor
            return list(range(first, first + gap * len(numbers), gap))
        return [(i * factor + shift) // divisor for i in numbers]

    def times(self, amounts: Float64s) -> Float64s:
        return amounts * (self.per_ns / self.count) if self.count else np.zeros_like(amounts)

    def rate_per_s(self, offset_ns: int) -> float:
        return self.count * NS_PER_S / self.per_ns


@dataclass(frozen=True, slots=True)
class RampStage:
    """From `first` to `last` arrivals every `per_ns`, along a straight line over `duration_ns`; they differ.

    A(t) = (2 Q t + P t^2) / (2 D per) with P = last - first, Q = first x D, D = the duration.
    """

    first: int
    last: int
    per_ns: int
    duration_ns: int

    def __post_init__(self) -> None:
        if self.first == self.last or self.duration_ns <= 0:
            raise ValueError("a ramp needs two rates and a duration")

    def amount(self, offset_ns: int) -> Fraction:
        numerator = 2 * self.first * self.duration_ns * offset_ns + (self.last - self.first) * offset_ns**2
        return Fraction(numerator, 2 * self.duration_ns * self.per_ns)

    def dues(self, numbers: range, level: Fraction, begin_ns: int) -> list[int]:
        # the largest t with P t^2 + 2 Q t <= R, R = floor(2 D per (i - level)); completing the square,
        # (P t + Q)^2 <= Q^2 + P R on the rising branch and >= on the falling one
        slope, start = self.last - self.first, self.first * self.duration_ns
        scale = 2 * self.duration_ns * self.per_ns
        shared = gcd(slope, start, scale)
        slope, start, scale = slope // shared, start // shared, scale // shared
        square, top, bottom = start * start, level.numerator, level.denominator
        if slope > 0:
            return [
                begin_ns + (isqrt(square + slope * ((i * bottom - top) * scale // bottom)) - start) // slope
                for i in numbers
            ]
        return [
            begin_ns + (start - _ceil_sqrt(square + slope * ((i * bottom - top) * scale // bottom))) // -slope
            for i in numbers
        ]

    def times(self, amounts: Float64s) -> Float64s:
        # 2 x / (a + sqrt(a^2 + 2 s x)) loses no digits where the slope s is small
        rate = self.first / self.per_ns
        slope = (self.last - self.first) / self.per_ns / self.duration_ns
        below = rate + np.sqrt(np.maximum(rate * rate + 2 * slope * amounts, 0.0))
        offsets: Float64s = np.divide(2 * amounts, below, out=np.zeros_like(amounts), where=below > 0)
        return offsets

    def rate_per_s(self, offset_ns: int) -> float:
        now = self.first + (self.last - self.first) * offset_ns / self.duration_ns
        return now * NS_PER_S / self.per_ns


def _ceil_sqrt(value: int) -> int:
    return isqrt(value - 1) + 1 if value > 0 else 0


def pieces_of(stages: Sequence[Stage]) -> tuple[Piece, ...]:
    """Return the pieces of a plan's stages."""
    return tuple(_piece(stage) for stage in stages)


def _piece(stage: Stage) -> Piece:
    rate, to = stage.rate, stage.to
    if to is None or to == rate or not stage.duration_ns:
        return ConstantStage(rate.count, rate.per_ns, stage.duration_ns)
    per_ns = lcm(rate.per_ns, to.per_ns)
    return RampStage(rate.count * (per_ns // rate.per_ns), to.count * (per_ns // to.per_ns), per_ns, stage.duration_ns)
