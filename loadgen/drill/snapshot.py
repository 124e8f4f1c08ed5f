"""What a service showed at one moment, and what changed between two of them. Pure.

Laws: a counter that fell was reset and counts from 0; what is not shown is None, never 0; times are seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan
from statistics import median
from typing import TYPE_CHECKING

from loadgen.core.quantile import bucket_quantile
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Key = tuple[str, frozenset[tuple[str, str]]]
"""A metric name and its label items."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one of our own requests ended: its status, 0 for none, and the time from its due time on."""

    status: int
    response_ns: int

    @property
    def good(self) -> bool:
        return 200 <= self.status < 400


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look.

    `counts` are the observer's logical counters, `series` the samples that were asked for by name; `answers` is how
    many of our own requests had ended, `wall_s` the Unix time.
    """

    at_ns: int
    wall_s: float
    counts: Mapping[str, float | None] = field(default_factory=dict)
    series: Mapping[Key, float] = field(default_factory=dict)
    answers: int = 0

    def values(self, name: str, labels: Mapping[str, str]) -> Iterator[tuple[Key, float]]:
        """Yield the samples of a metric that have these labels, others beside."""
        wanted = set(labels.items())
        for key, value in self.series.items():
            if key[0] == name and wanted <= key[1]:
                yield key, value


@dataclass(frozen=True, slots=True)
class Window:
    """The time from `start` to `end`; `answers` are those of our own requests that ended in it."""

    start: Snapshot
    end: Snapshot
    answers: tuple[Answer, ...] = ()

    @property
    def elapsed_s(self) -> float:
        return (self.end.at_ns - self.start.at_ns) / NS_PER_S

    def counted(self, logical: str) -> float | None:
        """Return by how much one of the observer's counters rose; None when it is not shown at either moment."""
        before, after = self.start.counts.get(logical), self.end.counts.get(logical)
        return None if before is None or after is None else _rise(before, after)

    def share(self, part: str, whole: str) -> float | None:
        """Return the ratio of two rises; None when one is not shown or the whole did not rise."""
        above, below = self.counted(part), self.counted(whole)
        return None if above is None or not below else above / below

    def increase(self, name: str, **labels: str) -> float:
        """Return by how much the matching series rose together; a series that appeared rose from 0.

        A labelled counter has no sample before its first event, so none at all is 0.
        """
        return sum(_rise(self.start.series.get(key, 0.0), value) for key, value in self.end.values(name, labels))

    def gauge(self, name: str, **labels: str) -> float | None:
        """Return the highest value of the matching series at the end; None without any."""
        return max((value for _, value in self.end.values(name, labels)), default=None)

    def quantile(self, q: float, name: str, **labels: str) -> float | None:
        """Return a quantile of a histogram over this time, as PromQL has it; None without observations."""
        cumulative: dict[float, float] = {}
        for key, value in self.end.values(f"{name}_bucket", labels):
            bound = float(dict(key[1])["le"])
            cumulative[bound] = cumulative.get(bound, 0.0) + _rise(self.start.series.get(key, 0.0), value)
        found = bucket_quantile(q, cumulative).value
        return None if isnan(found) else found

    def slower_than(self, bound_s: float, name: str) -> float | None:
        """Return how many observations of a histogram exceed one of its bounds; None when it has none."""
        total = self.increase(f"{name}_bucket", le="+Inf")
        bounds = {float(dict(key[1])["le"]) for key, _ in self.end.values(f"{name}_bucket", {})}
        if bound_s not in bounds:
            return None
        return total - sum(
            _rise(self.start.series.get(key, 0.0), value)
            for key, value in self.end.values(f"{name}_bucket", {})
            if float(dict(key[1])["le"]) == bound_s
        )

    @property
    def longest_s(self) -> float | None:
        """The longest response to one of our own requests."""
        return max(answer.response_ns for answer in self.answers) / NS_PER_S if self.answers else None

    @property
    def median_s(self) -> float | None:
        """The median response to our own requests."""
        return median(answer.response_ns for answer in self.answers) / NS_PER_S if self.answers else None

    @property
    def good_share(self) -> float | None:
        """The share of our own requests that were answered with success."""
        return sum(answer.good for answer in self.answers) / len(self.answers) if self.answers else None


def _rise(before: float, after: float) -> float:
    return after - before if after >= before else after
