"""When each request is due: exact integer arithmetic over stages of constant rate.

Laws: arrival i of a stage is due floor(i x per_ns / count) ns after the stage begins, a stage has
floor(rate x duration) arrivals, and due times never decrease. All instants are offsets from t0. No clock, no loop.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class ConstantStage:
    """`count` arrivals every `per_ns`, for `duration_ns`."""

    count: int
    per_ns: int
    duration_ns: int

    @property
    def arrivals(self) -> int:
        """floor(rate x duration)."""
        return self.duration_ns * self.count // self.per_ns

    def due_ns(self, i: int) -> int:
        """Return when arrival i is due, from the stage's begin."""
        return i * self.per_ns // self.count

    def arrived_by(self, offset_ns: int) -> int:
        """Return how many arrivals are due at or before an offset from the stage's begin.

        i is due by x when floor(i x per / count) <= x, that is i < (x + 1) x count / per.
        """
        if offset_ns < 0:
            return 0
        return min(self.arrivals, -(-(offset_ns + 1) * self.count // self.per_ns))


class Schedule:
    """The due times of all arrivals of a run, numbered from 0 across its stages."""

    def __init__(self, stages: Sequence[ConstantStage]) -> None:
        if not stages:
            raise ValueError("a schedule needs at least one stage")
        self._stages = tuple(stages)
        self._begins = (0, *accumulate(stage.duration_ns for stage in stages))
        self._firsts = (0, *accumulate(stage.arrivals for stage in stages))
        self.duration_ns = self._begins[-1]
        self.total = self._firsts[-1]

    def due_ns(self, i: int) -> int:
        """Return when arrival i is due; raise IndexError outside 0 <= i < total."""
        if not 0 <= i < self.total:
            raise IndexError(f"arrival {i} of {self.total}")
        number = bisect_right(self._firsts, i) - 1
        return self._begins[number] + self._stages[number].due_ns(i - self._firsts[number])

    def arrived_by(self, offset_ns: int) -> int:
        """Return how many arrivals are due at or before an offset from t0."""
        count = 0
        for stage, begin_ns in zip(self._stages, self._begins, strict=False):
            count += stage.arrived_by(offset_ns - begin_ns)
        return count

    def block(self, first: int, step: int, count: int) -> list[int]:
        """Return the due times of arrivals first, first + step, ...: at most `count`, fewer at the end."""
        dues: list[int] = []
        i = first
        while i < self.total and len(dues) < count:
            number = bisect_right(self._firsts, i) - 1
            stage, begin_ns, offset = self._stages[number], self._begins[number], self._firsts[number]
            per_ns, per_count = stage.per_ns, stage.count
            end = min(self._firsts[number + 1], i + step * (count - len(dues)))
            dues += [begin_ns + k * per_ns // per_count for k in range(i - offset, end - offset, step)]
            i = first + step * len(dues)
        return dues


@dataclass(frozen=True, slots=True)
class Share:
    """What worker `index` of `count` takes of a schedule: arrivals index, index + count, index + 2 count, ..."""

    schedule: Schedule
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
        return self.index + position * self.count

    def block(self, position: int, count: int) -> list[int]:
        """Return the due times from a position of the share on: at most `count`, fewer at the end."""
        return self.schedule.block(self.number(position), self.count, count)

    def _taken_of(self, arrivals: int) -> int:
        return max(0, -((self.index - arrivals) // self.count))


def split_evenly(amount: int, index: int, count: int) -> int:
    """Return worker `index`'s part when `amount` is divided among `count`: the first ones get one more."""
    return amount // count + (1 if index < amount % count else 0)
