"""What a step shows of itself: seconds of the client, blocks of seconds with what the service says. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loadgen.core.histogram import Histogram

LEAST_BLOCK_S = 5
"""A block is at least so long: shorter ones say more about chance than about the service."""


@dataclass(frozen=True, slots=True)
class Second:
    """One second: requests due and sent in it, endings in it, and what was open (in flight or waiting) at its end.

    `failures` failed or were dropped and are held against the target; `own_faults` are ours. `response` has the times
    of everything that ended, None when nothing did; `mean_ns` is their mean, None likewise.
    """

    scheduled: int
    sent: int
    done: int
    failures: int
    open: int
    own_faults: int = 0
    response: Histogram | None = None
    mean_ns: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.response is not None and self.response.total:
            object.__setattr__(self, "mean_ns", self.response.mean_ns)

    @property
    def ended(self) -> int:
        """Requests that ended well or were held against the target."""
        return self.done + self.failures


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive seconds, and columns of metrics.csv over the same time; a column that was NA is left out."""

    seconds: tuple[Second, ...]
    server: Mapping[str, float] = field(default_factory=dict)


def merged(seconds: Sequence[Second]) -> Histogram | None:
    """Return the response times of all seconds in one histogram; None when nothing ended."""
    histograms = [second.response for second in seconds if second.response is not None]
    if not histograms:
        return None
    total = max(histograms, key=lambda histogram: len(histogram.counts)).copy()
    total.clear()
    for histogram in histograms:
        total.add(histogram)
    return total
