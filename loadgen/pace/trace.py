"""The schedule of a replayed trace: due times that were recorded, kept as one array.

Laws: due times never decrease; gaps are those of the plan, which divided them by the speed.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Int64s = NDArray[np.int64]


def unpack_numbers(packed: bytes) -> Int64s:
    """Return the numbers whose differences were packed as compressed little-endian integers of 64 bits."""
    numbers: Int64s = np.cumsum(np.frombuffer(zlib.decompress(packed), dtype="<i8"), dtype=np.int64)
    return numbers


class TraceSchedule:
    """Arrivals at given offsets from t0, sorted."""

    first = 0

    def __init__(self, dues: Int64s, duration_ns: int) -> None:
        if len(dues) and (dues[0] < 0 or dues[-1] >= duration_ns or np.any(np.diff(dues) < 0)):
            raise ValueError("the due times of a trace must be in order and within its duration")
        self._dues = dues
        self.duration_ns = duration_ns
        self.total = len(dues)

    def due_ns(self, i: int) -> int:
        """Return when arrival i is due; raise IndexError outside 0 <= i < total."""
        if not 0 <= i < self.total:
            raise IndexError(f"arrival {i} of {self.total}")
        return int(self._dues[i])

    def arrived_by(self, offset_ns: int) -> int:
        """Return how many arrivals are due at or before an offset from t0."""
        return int(np.searchsorted(self._dues, offset_ns, side="right"))

    def block(self, first: int, step: int, count: int) -> list[int]:
        """Return the due times of arrivals first, first + step, ...: at most `count`, fewer at the end."""
        dues: list[int] = self._dues[first : first + step * count : step].tolist()
        return dues

    def rate_per_s(self, offset_ns: int) -> float:
        """Return how many arrivals are due in the second around an offset; 0 before and after the schedule."""
        if not 0 <= offset_ns < self.duration_ns:
            return 0.0
        return float(self.arrived_by(offset_ns + NS_PER_S // 2) - self.arrived_by(offset_ns - NS_PER_S // 2))
