"""When each request is due: exact integer arithmetic over stages of constant or linearly changing rate.

Laws: arrival i is due at the instant, rounded down to the ns, when the integral of the rate since t0 reaches i, so a
fraction of an arrival that a stage leaves over is carried into the next one; a schedule has floor(whole integral)
arrivals; due times never decrease. All instants are offsets from t0. No clock, no loop.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import ceil, floor
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.pace.stage import Piece


class Arrivals(Protocol):
    """The due times of all arrivals of a run, numbered from `first` to `total`; what every kind of schedule can say."""

    @property
    def duration_ns(self) -> int: ...

    @property
    def first(self) -> int: ...

    @property
    def total(self) -> int: ...

    def due_ns(self, i: int) -> int:
        """Return when arrival i is due; raise IndexError outside first <= i < total."""

    def arrived_by(self, offset_ns: int) -> int:
        """Return the number of the first arrival that is due after an offset from t0."""

    def block(self, first: int, step: int, count: int) -> list[int]:
        """Return the due times of arrivals first, first + step, ...: at most `count`, fewer at the end."""

    def rate_per_s(self, offset_ns: int) -> float:
        """Return the rate asked for at an offset from t0; 0 before and after the schedule."""


class Profile:
    """A rate over time: pieces one after another, with the integral at the begin of each."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        if not pieces:
            raise ValueError("a schedule needs at least one stage")
        self.pieces = tuple(pieces)
        self.begins = (0, *accumulate(piece.duration_ns for piece in pieces))
        amounts = (piece.amount(piece.duration_ns) for piece in pieces)
        self.levels = (Fraction(0), *accumulate(amounts))
        self.duration_ns = self.begins[-1]

    def integral(self, offset_ns: int) -> Fraction:
        """Return the integral of the rate from t0 to an offset."""
        if not 0 < offset_ns < self.duration_ns:
            return self.levels[0] if offset_ns <= 0 else self.levels[-1]
        number = bisect_right(self.begins, offset_ns) - 1
        return self.levels[number] + self.pieces[number].amount(offset_ns - self.begins[number])

    def rate_per_s(self, offset_ns: int) -> float:
        """Return the rate at an offset; 0 before and after."""
        if not 0 <= offset_ns < self.duration_ns:
            return 0.0
        number = bisect_right(self.begins, offset_ns) - 1
        return self.pieces[number].rate_per_s(offset_ns - self.begins[number])


class Schedule:
    """Arrivals that follow a profile exactly; `most` ends them early."""

    first = 0

    def __init__(self, pieces: Sequence[Piece], most: int | None = None) -> None:
        self._profile = profile = Profile(pieces)
        # the first arrival at or after each level: empty pieces share it with the one that follows
        self._firsts = tuple(ceil(level) for level in profile.levels)
        self.duration_ns = profile.duration_ns
        whole = floor(profile.levels[-1])
        self.total = whole if most is None else min(whole, most)

    def due_ns(self, i: int) -> int:
        """Return when arrival i is due; raise IndexError outside 0 <= i < total."""
        if not 0 <= i < self.total:
            raise IndexError(f"arrival {i} of {self.total}")
        return self.block(i, 1, 1)[0]

    def arrived_by(self, offset_ns: int) -> int:
        """Return how many arrivals are due at or before an offset from t0.

        i is due by x when the instant its integral is reached lies before x + 1, that is i < integral(x + 1).
        """
        return min(self.total, ceil(self._profile.integral(offset_ns + 1)))

    def block(self, first: int, step: int, count: int) -> list[int]:
        """Return the due times of arrivals first, first + step, ...: at most `count`, fewer at the end."""
        profile, firsts = self._profile, self._firsts
        dues: list[int] = []
        i = first
        while i < self.total and len(dues) < count:
            number = bisect_right(firsts, i) - 1
            end = min(firsts[number + 1], self.total, i + step * (count - len(dues)))
            dues += profile.pieces[number].dues(range(i, end, step), profile.levels[number], profile.begins[number])
            i = first + step * len(dues)
        return dues

    def rate_per_s(self, offset_ns: int) -> float:
        """Return the rate asked for at an offset from t0; 0 before and after the schedule."""
        return self._profile.rate_per_s(offset_ns)


class Remainder:
    """What a schedule holds from an offset on, which becomes t0; arrivals keep their numbers."""

    def __init__(self, whole: Arrivals, skip_ns: int) -> None:
        if not 0 <= skip_ns <= whole.duration_ns:
            raise ValueError(f"a schedule of {whole.duration_ns} ns cannot be entered at {skip_ns} ns")
        self._whole = whole
        self._skip_ns = skip_ns
        self.duration_ns = whole.duration_ns - skip_ns
        self.first = whole.arrived_by(skip_ns - 1)
        self.total = whole.total

    def due_ns(self, i: int) -> int:
        """Return when arrival i is due; raise IndexError outside first <= i < total."""
        if i < self.first:
            raise IndexError(f"arrival {i} comes before the first, {self.first}")
        return self._whole.due_ns(i) - self._skip_ns

    def arrived_by(self, offset_ns: int) -> int:
        """Return the number of the first arrival that is due after an offset from t0."""
        return max(self.first, self._whole.arrived_by(offset_ns + self._skip_ns))

    def block(self, first: int, step: int, count: int) -> list[int]:
        """Return the due times of arrivals first, first + step, ...: at most `count`, fewer at the end."""
        return [due_ns - self._skip_ns for due_ns in self._whole.block(first, step, count)]

    def rate_per_s(self, offset_ns: int) -> float:
        """Return the rate asked for at an offset from t0; 0 before and after the schedule."""
        return self._whole.rate_per_s(offset_ns + self._skip_ns) if offset_ns >= 0 else 0.0


@dataclass(frozen=True, slots=True)
class Share:
    """What worker `index` of `count` takes: arrivals index, index + count, index + 2 count, ... from the first one."""

    schedule: Arrivals
    index: int
    count: int

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise ValueError(f"worker {self.index} of {self.count}")

    @property
    def total(self) -> int:
        """How many arrivals the share has."""
        return self._taken_of(self.schedule.total)

    def arrived_by(self, offset_ns: int) -> int:
        """Return how many of the share's arrivals are due at or before an offset from t0."""
        return self._taken_of(self.schedule.arrived_by(offset_ns))

    def number(self, position: int) -> int:
        """Return the arrival's number in the whole schedule."""
        return self.schedule.first + self.index + position * self.count

    def block(self, position: int, count: int) -> list[int]:
        """Return the due times from a position of the share on: at most `count`, fewer at the end."""
        return self.schedule.block(self.number(position), self.count, count)

    def _taken_of(self, arrivals: int) -> int:
        return max(0, -((self.schedule.first + self.index - arrivals) // self.count))


def split_evenly(amount: int, index: int, count: int) -> int:
    """Return worker `index`'s part when `amount` is divided among `count`: the first ones get one more."""
    return amount // count + (1 if index < amount % count else 0)
