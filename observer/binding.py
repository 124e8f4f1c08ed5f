"""What a series means under a profile: which sums of which logical metrics it belongs to. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import TYPE_CHECKING, NamedTuple

from loadgen.core.synthetic import is_synthetic
from observer.profile import LOGICAL, SPLIT_BY_REASON, SPLIT_BY_STATUS, Kind, Profile, Source, status_class

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from observer.exposition import Series

COUNT, SUM = "count", "sum"
_HISTOGRAM_SUFFIXES = ("_bucket", "_count", "_sum")
_FAMILY_SUFFIXES = (*_HISTOGRAM_SUFFIXES, "_total")


class Key(NamedTuple):
    """One sum: a logical metric, which of its sources, and a part of it.

    `part` is a status class for requests, a reason for fallback, a bound in seconds for a histogram's bucket (beside
    `count` and `sum`), a quantile for a summary, else a part name of the metric's kind.
    """

    logical: str
    source: int
    part: str | float

    @property
    def source_key(self) -> SourceKey:
        return SourceKey(self.logical, self.source)

    @property
    def declared_part(self) -> str:
        """The part of the profile's source that this sum belongs to."""
        parts = LOGICAL[self.logical].value
        return parts[0] if len(parts) == 1 else str(self.part)


class SourceKey(NamedTuple):
    """One source of a logical metric."""

    logical: str
    source: int


@dataclass(frozen=True, slots=True)
class Membership:
    """One series in one sum. `monotone`: its value only falls when its process restarts."""

    key: Key
    factor: float
    monotone: bool

    @property
    def source(self) -> SourceKey:
        return self.key.source_key

    @property
    def is_bucket(self) -> bool:
        return LOGICAL[self.key.logical] is Kind.HISTOGRAM and isinstance(self.key.part, float)


class Binding:
    """A profile, ready to be asked about series."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._sources = [
            (SourceKey(logical, index), source)
            for logical, sources in profile.metrics.items()
            for index, source in enumerate(sources)
        ]
        self._by_name: dict[str, list[tuple[SourceKey, Source]]] = {}
        for key, source in self._sources:
            for name in exposed_names(key.logical, source):
                self._by_name.setdefault(name, []).append((key, source))
        self._parts = [
            (key, part, frozenset(family for selector in selectors for family in _family_names(selector.name)))
            for key, source in self._sources
            for part, selectors in source.parts.items()
        ]

    def wants(self, name: str) -> bool:
        """Say whether a series of this metric name can matter."""
        return name in self._by_name

    def names(self) -> Iterable[str]:
        """Return every metric name that can matter."""
        return self._by_name

    def sources_of(self, name: str) -> Iterable[tuple[SourceKey, Source]]:
        """Return the sources that read a metric name."""
        return self._by_name.get(name, ())

    def memberships(self, series: Series) -> tuple[Membership, ...]:
        """Return every sum that a series belongs to; one that is made up belongs to none."""
        if is_synthetic(series.labels):
            return ()
        return tuple(
            membership
            for key, source in self._by_name.get(series.name, ())
            for membership in _memberships(key, source, series)
        )

    def declared(self, families: Mapping[str, str]) -> set[tuple[SourceKey, str]]:
        """Return the (source, part) pairs of which a family is declared, with or without samples."""
        return {(key, part) for key, part, names in self._parts if not names.isdisjoint(families)}


def exposed_names(logical: str, source: Source) -> tuple[str, ...]:
    """Return the names of the series that a source reads: a histogram's three, else the metric's own."""
    names = source.families
    if LOGICAL[logical] is Kind.HISTOGRAM:
        return tuple(name + suffix for name in names for suffix in _HISTOGRAM_SUFFIXES)
    return tuple(names)


def _family_names(name: str) -> Iterator[str]:
    """Yield the names under which the family of a metric may be declared (OpenMetrics leaves `_total` out)."""
    yield name
    for suffix in _FAMILY_SUFFIXES:
        if name.endswith(suffix):
            yield name.removesuffix(suffix)


def _memberships(key: SourceKey, source: Source, series: Series) -> Iterator[Membership]:
    kind = LOGICAL[key.logical]
    for part, selectors in source.parts.items():
        for selector in selectors:
            if not selector.holds(series.labels):
                continue
            if kind is Kind.HISTOGRAM:
                yield from _of_histogram(key, source, series, selector.name)
            elif selector.name == series.name:
                yield from _of_plain(key, source, series, part)


def _of_histogram(key: SourceKey, source: Source, series: Series, base: str) -> Iterator[Membership]:
    if series.name == f"{base}_count":
        yield Membership(Key(*key, COUNT), 1.0, monotone=True)
    elif series.name == f"{base}_sum":
        yield Membership(Key(*key, SUM), source.scale, monotone=False)
    elif series.name == f"{base}_bucket":
        bound = _number(series.labels.get("le"))
        if bound is not None:
            yield Membership(Key(*key, bound * source.scale), 1.0, monotone=True)


def _of_plain(key: SourceKey, source: Source, series: Series, part: str) -> Iterator[Membership]:
    kind = LOGICAL[key.logical]
    if kind is Kind.SUMMARY:
        quantile = _number(series.labels.get("quantile"))
        if quantile is not None:
            yield Membership(Key(*key, quantile), source.scale, monotone=False)
        return
    if key.logical in (SPLIT_BY_STATUS, SPLIT_BY_REASON):
        value = next((series.labels[label] for label in source.by if label in series.labels), "")
        part = status_class(value, source.words) if key.logical == SPLIT_BY_STATUS else value
    yield Membership(Key(*key, part), source.scale, monotone=kind is not Kind.GAUGE)


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return None if value is None or isnan(value) else value
