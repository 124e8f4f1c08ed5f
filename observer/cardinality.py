"""Labels that have too many values: the guard against a label such as a key or an address that grows without end. Pure.

Laws: values are counted and never shown, since they may be anyone's data; each crowded label is told once, and again
when it has doubled; bounds of buckets, quantiles and Prometheus's own labels are not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observer.exposition import Series, SeriesCache

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DEFAULT_LIMIT = 50
_OWN = frozenset({"le", "quantile", "job", "instance"})
_SUFFIXES = ("_bucket", "_count", "_sum")


@dataclass(frozen=True, slots=True)
class Crowd:
    """A label of a family with more distinct values than the limit."""

    family: str
    label: str
    values: int

    def __str__(self) -> str:
        return f"{self.family}: the label {self.label} has {self.values} values"


@dataclass(frozen=True, slots=True)
class SeriesValue:
    """One series of one endpoint and its value."""

    endpoint: str
    series: Series
    value: float


def read_all(pages: Iterable[tuple[str, str]]) -> Iterator[SeriesValue]:
    """Yield every series of (endpoint, text) pages, whatever the profile wants; lines that are none are passed over."""
    for endpoint, text in pages:
        cache = SeriesCache(lambda _: True)
        page = cache.parse(text)
        for series, value in zip(cache.series[1:], page.values[1:], strict=False):
            if value is not None:
                yield SeriesValue(endpoint, series, value)


def crowds(series: Iterable[Series], limit: int = DEFAULT_LIMIT) -> tuple[Crowd, ...]:
    """Return the labels with more than `limit` distinct values, the most crowded first."""
    values: dict[tuple[str, str], set[str]] = {}
    for one in series:
        family = family_of(one.name)
        for label, value in one.labels.items():
            if label not in _OWN:
                values.setdefault((family, label), set()).add(value)
    found = [Crowd(family, label, len(seen)) for (family, label), seen in values.items() if len(seen) > limit]
    return tuple(sorted(found, key=lambda crowd: (-crowd.values, crowd.family, crowd.label)))


def family_of(name: str) -> str:
    """Return the family of a series: a histogram's parts belong to one.

    >>> family_of("x_seconds_bucket")
    'x_seconds'
    """
    return next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)


class CardinalityGuard:
    """Remembers the series it has seen, so that only new ones cost time, and which crowded labels have been told."""

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        self._limit = limit
        self._told: dict[tuple[str, str], int] = {}
        self._caches: dict[str, SeriesCache] = {}
        self._known = 0

    def __repr__(self) -> str:
        return f"<CardinalityGuard {self._limit}, told {len(self._told)}>"

    def notes(self, pages: Iterable[tuple[str, str]]) -> list[str]:
        """Return a sentence for each label that is crowded anew, or twice as crowded as when it was told."""
        for endpoint, text in pages:
            self._caches.setdefault(endpoint, SeriesCache(lambda _: True)).parse(text)
        seen = sum(len(cache.series) for cache in self._caches.values())
        if seen == self._known:
            return []
        self._known = seen
        lines = []
        for crowd in crowds((one for cache in self._caches.values() for one in cache.series[1:]), self._limit):
            place = (crowd.family, crowd.label)
            if crowd.values >= 2 * self._told.get(place, 0):
                self._told[place] = crowd.values
                lines.append(f"{crowd}, more than {self._limit}: keep labels low-cardinality, cap them to “other”")
        return lines
