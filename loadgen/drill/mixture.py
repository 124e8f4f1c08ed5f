"""Events of several kinds in exact shares, and durations that fall into given steps.

Laws: after n events every kind has a whole number of them, none ever falls as n grows, and together they are n; after
every hundred the shares are exact. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Mixture:
    """So many of each kind among a hundred events, spread evenly."""

    per_hundred: tuple[int, ...]

    def __post_init__(self) -> None:
        if sum(self.per_hundred) != HUNDRED or min(self.per_hundred) < 0:
            raise ValueError(f"the kinds of a mixture must add up to {HUNDRED}: {self.per_hundred}")

    def counts(self, events: int) -> tuple[int, ...]:
        """Return how many of each kind there are among the first `events`.

        >>> Mixture((98, 2)).counts(50), Mixture((98, 2)).counts(1_000)
        ((49, 1), (980, 20))
        """
        whole, rest = divmod(events, HUNDRED)
        begun = _order(self.per_hundred)[:rest]
        return tuple(whole * share + begun.count(kind) for kind, share in enumerate(self.per_hundred))


@cache
def _order(per_hundred: tuple[int, ...]) -> tuple[int, ...]:
    """Return the kind of each of a hundred events: the k-th of a kind stands in the middle of its k-th equal part."""
    places = sorted(((2 * k + 1) / (2 * share), kind) for kind, share in enumerate(per_hundred) for k in range(share))
    return tuple(kind for _, kind in places)


@dataclass(frozen=True, slots=True)
class Spread:
    """Durations: `steps` are (seconds, how many of a hundred), rising; `bounds` are a histogram's finite bounds."""

    bounds: tuple[float, ...]
    steps: tuple[tuple[float, int], ...]

    def cumulative(self, events: int) -> tuple[tuple[float, int], ...]:
        """Return (upper bound, count at or below it) after so many events; +Inf is `events` itself."""
        counts = self._counts(events)
        return tuple(
            (bound, sum(count for (seconds, _), count in zip(self.steps, counts, strict=True) if seconds <= bound))
            for bound in self.bounds
        )

    def total_s(self, events: int) -> float:
        """Return the sum of the durations in seconds."""
        counts = self._counts(events)
        return sum(seconds * count for (seconds, _), count in zip(self.steps, counts, strict=True))

    def percentile_s(self, percent: int) -> float:
        """Return the smallest duration with at least that share at or below it, in seconds."""
        reached = 0
        for seconds, share in self.steps:
            reached += share
            if reached >= percent:
                return seconds
        raise ValueError(f"no {percent}th percentile")

    def _counts(self, events: int) -> tuple[int, ...]:
        return Mixture(tuple(share for _, share in self.steps)).counts(events)
