"""Operations one by one: the histograms of plugin reloads, snapshots and Redis by their labels. Pure.

Requests are left out: their histogram has a series per route, is judged as a whole, and may be large.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from observer.binding import COUNT, SUM, SourceKey
from observer.profile import LOGICAL, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from observer.binding import Membership
    from observer.exposition import Series
    from observer.profile import Profile

MOST = 100
"""So many labelled histograms are told apart; a service with more of them has no such figures."""

_SUFFIXES = ("_bucket", "_count", "_sum")
Bound = float | str
"""A bucket's upper bound in seconds, `count` or `sum`."""


class Place(NamedTuple):
    """One labelled histogram: the source that reads it, the metric's name, the labels that the profile names."""

    source: SourceKey
    metric: str
    labels: tuple[tuple[str, str], ...]


Details = dict[Place, dict[Bound, float]]


class Split:
    """Which series are parts of which labelled histogram; `profile` says by which labels they are told apart."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._parts: list[tuple[int, Place, Bound, float]] = []
        self._places: set[Place] = set()

    def learn(self, slot: int, series: Series, members: Iterable[Membership]) -> None:
        """Take note of a series that is new in the slot table."""
        for member in members:
            if LOGICAL[member.key.logical] is Kind.HISTOGRAM and member.key.logical != "latency":
                source = self._profile.metrics[member.key.logical][member.key.source]
                kept = sorted((name, series.labels[name]) for name in source.labels if name in series.labels)
                place = Place(member.source, _base(series.name), tuple(kept))
                self._places.add(place)
                self._parts.append((slot, place, member.key.part, member.factor))

    def state(self, totals: Sequence[float]) -> Details:
        """Return how far each labelled histogram has come, by the increases of all series."""
        found: Details = {}
        if len(self._places) <= MOST:
            for slot, place, part, factor in self._parts:
                parts = found.setdefault(place, {})
                parts[part] = parts.get(part, 0.0) + totals[slot] * factor
        return found


def add(all_details: Iterable[Mapping[Place, Mapping[Bound, float]]]) -> Details:
    """Sum the labelled histograms of several endpoints."""
    summed: Details = {}
    for details in all_details:
        for place, parts in details.items():
            into = summed.setdefault(place, {})
            for bound, value in parts.items():
                into[bound] = into.get(bound, 0.0) + value
    return summed


def between(
    earlier: Mapping[Place, Mapping[Bound, float]], later: Mapping[Place, Mapping[Bound, float]]
) -> Iterator[tuple[Place, dict[Bound, float]]]:
    """Yield what each labelled histogram gained; one that is new had nothing before."""
    for place, parts in later.items():
        before = earlier.get(place, {})
        yield place, {bound: value - before.get(bound, 0.0) for bound, value in parts.items()}


def as_body(place: Place, parts: Mapping[Bound, float]) -> dict[str, Any]:
    """Return a labelled histogram as it travels and stands in metadata.json."""
    bounds = sorted(bound for bound in parts if not isinstance(bound, str))
    return {
        "metric": place.metric,
        "labels": dict(place.labels),
        "buckets": [["+Inf" if bound == inf else bound, parts[bound]] for bound in bounds],
        "count": parts.get(COUNT),
        "sum": parts.get(SUM),
    }


def _base(name: str) -> str:
    suffix = next((suffix for suffix in _SUFFIXES if name.endswith(suffix)), "")
    return name.removesuffix(suffix)
