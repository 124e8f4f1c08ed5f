"""What happened between two snapshots: counts, or None where the service does not show them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from observer.binding import Key, SourceKey
from observer.detail import Bound, Place, between
from observer.profile import OTHER_STATUS, STATUS_CLASSES

if TYPE_CHECKING:
    from observer.profile import Profile
    from observer.snapshot import Snapshot

REASONS = (
    "http_timeout", "http_error", "message_timeout", "message_error", "cache_miss", "circuit_breaker",
    "upstream_error", "unknown",
)  # fmt: skip
"""The reasons a fallback can have; any other is reported."""

CACHE_MISS = "cache_miss"
NO_REASON = ""


@dataclass(frozen=True, slots=True)
class Buckets:
    """The observations of a histogram between two snapshots: upper bound -> cumulative count."""

    cumulative: dict[float, float]
    count: float
    total: float


class Change:
    """The difference from an earlier snapshot to a later one, read through a profile.

    With `earlier` None the figures are the later snapshot's, as scraped. The source of each metric is chosen at the
    later one, and the difference is taken of the same source.
    """

    def __init__(self, earlier: Snapshot | None, later: Snapshot, profile: Profile) -> None:
        self._earlier = earlier
        self._later = later
        self._profile = profile

    @property
    def elapsed_s(self) -> float | None:
        """Real seconds between the two."""
        return None if self._earlier is None else (self._later.at_ns - self._earlier.at_ns) / 1e9

    def part(self, logical: str, part: str) -> float | None:
        """Return one declared part (hits, success, total, ...) of a metric."""
        source = self._later.source_of(self._profile, logical)
        if source is None or not self._later.has(logical, source, part) or self._broken(logical, source):
            return None
        if part == "total":
            return sum(self._by_part(logical).values())
        return self._by_part(logical).get(part, 0.0)

    def status(self) -> dict[str, float] | None:
        """Return requests by status class; None when there is no such metric."""
        if self.part("requests", "total") is None:
            return None
        by_class = self._by_part("requests")
        return {name: by_class.get(name, 0.0) for name in (*STATUS_CLASSES, OTHER_STATUS)}

    @property
    def has_status(self) -> bool:
        """Whether the requests tell their status: some series has a recognised class, or there is no series yet."""
        source = self._later.source_of(self._profile, "requests")
        if source is None:
            return False
        classes = {key.part for key in self._later.raw if key[:2] == ("requests", source)}
        return not classes or classes != {OTHER_STATUS}

    def reasons(self) -> dict[str, float] | None:
        """Return fallbacks by reason; None when there is no such metric or it does not tell the reason."""
        if self.part("fallback", "total") is None:
            return None
        by_reason = self._by_part("fallback")
        return None if NO_REASON in by_reason else by_reason

    def buckets(self, logical: str) -> Buckets | None:
        """Return a histogram's observations; None when there is none, or its buckets do not match."""
        source = self._later.source_of(self._profile, logical)
        later = None if source is None else self._later.histograms.get(SourceKey(logical, source))
        if source is None or later is None or later.mixed or inf not in later.counts:
            return None
        if self._broken(logical, source):
            return None
        earlier = None if self._earlier is None else self._earlier.histograms.get(SourceKey(logical, source))
        if earlier is None:
            return Buckets(dict(later.counts), later.count, later.total)
        if earlier.epoch != later.epoch:
            return None
        counts = {bound: count - earlier.counts.get(bound, 0.0) for bound, count in later.counts.items()}
        return Buckets(counts, later.count - earlier.count, later.total - earlier.total)

    def details(self) -> list[tuple[Place, dict[Bound, float]]]:
        """Return what each labelled histogram of the chosen sources gained, by metric and labels."""
        earlier = {} if self._earlier is None else self._earlier.details
        found = between(earlier, self._later.details)
        return sorted((place, parts) for place, parts in found if self._chosen(place.source))

    def _broken(self, logical: str, source: int) -> bool:
        """Say whether a counter of the source is below 0 at either end."""
        earlier = self._earlier is not None and self._earlier.is_broken(logical, source)
        return earlier or self._later.is_broken(logical, source)

    def _chosen(self, source: SourceKey) -> bool:
        """Say whether a histogram's source feeds its metric, with the same buckets all the time."""
        return source.source == self._later.source_of(self._profile, source.logical) and (
            self.buckets(source.logical) is not None
        )

    def _by_part(self, logical: str) -> dict[str, float]:
        """Return the figures of a metric's chosen source by part."""
        source = self._later.source_of(self._profile, logical)
        figures = self._later.raw if self._earlier is None else self._later.totals
        before = {} if self._earlier is None else self._earlier.totals
        return {
            str(key.part): value - before.get(key, 0.0) for key, value in figures.items() if _is(key, logical, source)
        }


def _is(key: Key, logical: str, source: int | None) -> bool:
    return key.logical == logical and key.source == source
