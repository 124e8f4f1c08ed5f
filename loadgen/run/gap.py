"""The variation of the gaps between requests, from what each worker accounts for itself. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Gaps:
    """`count` gaps and the sum of the squares of their errors, each over the ideal gap of its worker's share.

    A gap error is how much longer or shorter the time between two requests was than the schedule asked for.
    """

    squares: float = 0.0
    count: int = 0

    @property
    def cv(self) -> float | None:
        """The root mean square: 0 is a metronome, 1 as uneven as chance; None without a gap."""
        return round(math.sqrt(self.squares / self.count), 6) if self.count else None

    @classmethod
    def of(cls, hosts: Sequence[Mapping[str, Any]]) -> Gaps:
        """Add up the workers' own accounts (messages.Final.host).

        Each worker's errors are divided by the mean gap of its own share, so the variation does not depend on their
        number.
        """
        total = cls()
        for host in hosts:
            ideal_ns = host.get("gap_ideal_ns") or 0
            if ideal_ns > 0:
                total += cls((host.get("gap_squares") or 0.0) / ideal_ns**2, host.get("gaps") or 0)
        return total

    @classmethod
    def again(cls, cv: float | None, count: int) -> Gaps:
        """Return what had this variation."""
        return cls((cv or 0.0) ** 2 * count, count)

    def __add__(self, other: Gaps) -> Gaps:
        return Gaps(self.squares + other.squares, self.count + other.count)
