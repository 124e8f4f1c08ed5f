"""All endpoints at one moment, summed: what rows, windows and probes are differences of. Pure.

Laws: counters are summed after each endpoint's own account; memory is the largest endpoint's, because its limit is per
process; a histogram whose endpoints have different buckets is not summed; where one endpoint's counter is broken, the
sum of the others would lie, so there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from observer.binding import Key, SourceKey
from observer.detail import Details, add
from observer.profile import LOGICAL, Kind, Profile
from observer.series import HistogramState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from observer.series import EndpointState


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`at_ns` is the time of the data: monotonic, or the newest sample's own time in Prometheus mode.

    `generation` changes when no difference holds between this and an earlier snapshot; `several` says why, where
    several processes answer behind one URL. `broken` are the sources with a counter below 0: they have no figure.
    """

    at_ns: int
    totals: Mapping[Key, float]
    raw: Mapping[Key, float]
    histograms: Mapping[SourceKey, HistogramState]
    details: Details
    declared: frozenset[tuple[SourceKey, str]]
    start_times: tuple[float | None, ...]
    generation: int
    resets: int
    restarts: int
    several: str
    broken: frozenset[SourceKey]
    notes: tuple[str, ...]

    def source_of(self, profile: Profile, logical: str) -> int | None:
        """Return the index of the source that feeds a logical metric here, or None.

        The first source with all its parts declared, else the first with any; one that asks for it is passed over
        while its total is 0, unless all are.
        """
        sources = profile.metrics.get(logical, ())
        full = [i for i in range(len(sources)) if self._parts(logical, i) == len(sources[i].parts)]
        usable = full or [i for i in range(len(sources)) if self._parts(logical, i)]
        for index in usable:
            if not sources[index].next_when_zero or self.raw_sum(logical, index):
                return index
        return usable[0] if usable else None

    def raw_sum(self, logical: str, source: int) -> float:
        """Return the sum over all parts of a source as scraped."""
        return sum(value for key, value in self.raw.items() if key[:2] == (logical, source))

    def has(self, logical: str, source: int, part: str) -> bool:
        """Say whether a part of a source is declared or has samples."""
        return (SourceKey(logical, source), part) in self.declared

    def is_broken(self, logical: str, source: int) -> bool:
        """Say whether a source has a counter below 0."""
        return SourceKey(logical, source) in self.broken

    def _parts(self, logical: str, source: int) -> int:
        return sum(self.has(logical, source, part) for part in LOGICAL[logical].value)


def combine(states: Sequence[EndpointState], at_ns: int) -> Snapshot:
    """Sum the states of all endpoints, taken at `at_ns`."""
    raw: dict[Key, float] = {}
    totals: dict[Key, float] = {}
    for state in states:
        for key, value in state.totals.items():
            totals[key] = totals.get(key, 0.0) + value
        for key, value in state.raw.items():
            if LOGICAL[key.logical] in (Kind.GAUGE, Kind.SUMMARY):
                raw[key] = max(raw.get(key, -inf), value)
            else:
                raw[key] = raw.get(key, 0.0) + value
    return Snapshot(
        at_ns=at_ns,
        totals=totals,
        raw=raw,
        histograms=_histograms(states),
        details=add(state.details for state in states),
        declared=frozenset().union(*(state.declared for state in states)),
        start_times=tuple(state.start_time for state in states),
        generation=sum(state.generation for state in states),
        resets=sum(state.resets for state in states),
        restarts=sum(state.restarts for state in states),
        several="; ".join(dict.fromkeys(state.several for state in states if state.several)),
        broken=frozenset().union(*(state.broken for state in states)),
        notes=tuple(note for state in states for note in state.notes),
    )


def _histograms(states: Sequence[EndpointState]) -> dict[SourceKey, HistogramState]:
    combined: dict[SourceKey, HistogramState] = {}
    for state in states:
        for source, histogram in state.histograms.items():
            before = combined.get(source)
            combined[source] = histogram if before is None else _sum(before, histogram)
    return combined


def _sum(one: HistogramState, other: HistogramState) -> HistogramState:
    same = one.counts.keys() == other.counts.keys()
    return HistogramState(
        epoch=one.epoch + other.epoch,
        counts={bound: one.counts.get(bound, 0.0) + other.counts.get(bound, 0.0) for bound in one.counts},
        count=one.count + other.count,
        total=one.total + other.total,
        mixed=one.mixed or other.mixed or not same,
    )
