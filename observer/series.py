"""The account of one endpoint: how far every counter has come since its first page, whatever restarts between.

Laws: differences are taken per series; a restart makes every series of the endpoint begin again, so that its new value
is the increase; a series that is new after the first whole page began at 0; a counter below 0 is broken, so its metric
has no figure while it is; when several processes answer in turn nothing is accounted, and what was wrongly added before
they were recognised is taken back. Pure.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from typing import TYPE_CHECKING

from observer.binding import COUNT, SUM, Binding, Key, Membership, SourceKey
from observer.detail import Details, Split
from observer.identity import ProcessIdentity, Verdict
from observer.profile import LOGICAL, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from observer.exposition import Page, Series

_CHECKPOINTS = 4
_CHECKPOINT_PAGES = 8


@dataclass(frozen=True, slots=True)
class HistogramState:
    """A histogram's increase since its first page: upper bound in seconds -> cumulative count.

    `epoch` grows whenever its buckets change, and the counts then begin anew. `mixed`: its series have different
    buckets, so they cannot be summed.
    """

    epoch: int
    counts: Mapping[float, float]
    count: float
    total: float
    mixed: bool = False


@dataclass(frozen=True, slots=True)
class EndpointState:
    """What one endpoint stands at after a page.

    `totals` are increases since the first page, `raw` values as scraped (of a gauge the sum, of a quantile the
    highest), `details` the histograms of operations by their labels. `generation` grows when the account had to begin
    anew: no difference holds across it. `several` is the reason why several processes are suspected, or empty; `broken`
    are the sources that have a counter below 0 now.
    """

    totals: Mapping[Key, float]
    raw: Mapping[Key, float]
    histograms: Mapping[SourceKey, HistogramState]
    details: Details
    declared: frozenset[tuple[SourceKey, str]]
    start_time: float | None
    generation: int
    resets: int
    restarts: int
    several: str
    broken: frozenset[SourceKey] = frozenset()
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Buckets:
    """The bucket layout of one histogram: the bounds of each of its series."""

    epoch: int = 0
    layout: dict[object, frozenset[float]] = field(default_factory=dict)

    @property
    def mixed(self) -> bool:
        return len(set(self.layout.values())) > 1

    @property
    def bounds(self) -> frozenset[float]:
        return frozenset().union(*self.layout.values())

    def differs(self, later: _Buckets) -> bool:
        """Say whether a later layout cannot be compared with this one: a series, or all, have other bounds."""
        if any(later.layout.get(series, bounds) != bounds for series, bounds in self.layout.items()):
            return True
        return bool(self.layout) and not self.mixed and not later.mixed and self.bounds != later.bounds


class EndpointAccount:
    """Takes the pages of one endpoint in the order of time.

    `series` is the slot table of the cache that made the pages; it only grows.
    """

    def __init__(self, binding: Binding, series: Sequence[Series]) -> None:
        self._binding = binding
        self._series = series
        self._identity = ProcessIdentity()
        self._members: list[tuple[Membership, ...]] = []
        self._keys: dict[Key, int] = {}
        self._summed: list[tuple[int, int, float]] = []
        self._shown: list[tuple[int, int, float]] = []
        self._monotone: list[int] = []
        self._bucket_slots: list[int] = []
        self._start_slots: list[int] = []
        self._last: list[float | None] = []
        self._totals: list[float] = []
        self._gone: set[int] = set()
        self._told_negative: set[int] = set()
        self._layouts: dict[SourceKey, _Buckets] = {}
        self._present: tuple[int, ...] = ()
        self._split = Split(binding.profile)
        self._checkpoints: deque[tuple[int, list[float]]] = deque(maxlen=_CHECKPOINTS)
        self._pages = self._generation = self._resets = self._restarts = 0
        self._declared: frozenset[tuple[SourceKey, str]] = frozenset()
        self._whole = False

    def __repr__(self) -> str:
        return f"<EndpointAccount {self._pages} pages, {len(self._last)} series, {self._resets} resets>"

    def take(self, page: Page, *, partial: bool = False) -> EndpointState:
        """Account one page; `partial`: metrics missing from it were not asked for, rather than absent."""
        self._learn()
        notes: list[str] = []
        self._pages += 1
        values = page.values
        if not partial:
            self._declared = frozenset(self._binding.declared(page.declared))
        start_time = next((v for slot in self._start_slots if (v := _at(values, slot)) and isfinite(v)), None)
        if self._pages == 1:
            self._identity.judge(start_time, "", {}, values)
            self._rebase(values)
        else:
            self._account(values, start_time, notes)
        if not partial:
            self._whole = True
            self._mark_gone(values)
        self._check_layouts(values, notes)
        broken = self._negative(values, notes)
        return replace(self._state(values, start_time, tuple(notes)), broken=broken)

    def _learn(self) -> None:
        """Bind the series that are new in the slot table."""
        for slot in range(len(self._members), len(self._series)):
            members = self._binding.memberships(self._series[slot]) if slot else ()
            self._members.append(members)
            self._last.append(None)
            self._totals.append(0.0)
            if any(member.monotone for member in members):
                self._monotone.append(slot)
            if any(member.is_bucket for member in members):
                self._bucket_slots.append(slot)
            if any(member.key.logical == "start_time" for member in members):
                self._start_slots.append(slot)
            self._split.learn(slot, self._series[slot], members)
            for member in members:
                key = self._keys.setdefault(member.key, len(self._keys))
                if member.monotone or member.key.part == SUM:
                    self._summed.append((slot, key, member.factor))
                if LOGICAL[member.key.logical] is not Kind.HISTOGRAM:
                    self._shown.append((slot, key, member.factor))

    def _account(self, values: Sequence[float | None], start_time: float | None, notes: list[str]) -> None:
        dropped = self._first_drop(values)
        before = self._counters() if dropped else {}
        was_several = bool(self._identity.several)
        finding = self._identity.judge(start_time, dropped, before, values)
        if finding.verdict is Verdict.SEVERAL:
            if not was_several:
                self._take_back()
                notes.append(f"several processes answer behind one URL: {finding.reason}")
            self._generation += 1
            self._rebase(values)
        elif was_several:
            self._generation += 1
            self._rebase(values)
            notes.append(f"counting again: {finding.reason}")
        elif finding.verdict is Verdict.RESTARTED:
            self._checkpoints.append((self._pages, list(self._totals)))
            self._resets += 1
            self._restarts += "start time" in finding.reason
            self._add(values, restarted=True)
            notes.append(f"counter reset: {finding.reason}; new values count from 0")
        else:
            self._add(values, restarted=False)

    def _first_drop(self, values: Sequence[float | None]) -> str:
        last, known = self._last, len(values)
        for slot in self._monotone:
            if slot < known:
                now, then = values[slot], last[slot]
                if now is not None and then is not None and 0 <= now < then and slot not in self._gone:
                    return self._series[slot].name
        return ""

    def _counters(self) -> dict[int, float]:
        last = self._last
        return {slot: then for slot in self._monotone if (then := last[slot]) is not None}

    def _add(self, values: Sequence[float | None], *, restarted: bool) -> None:
        last, totals = self._last, self._totals
        for slot, now in enumerate(values):
            then = last[slot]
            if now is None or not now - now == 0.0 <= now:  # absent, NaN, infinite or negative: nothing to count
                if restarted and then is not None:
                    last[slot] = 0.0
                continue
            if then is None:
                totals[slot] += now if self._whole else 0.0
            elif restarted or (slot in self._gone and now < then):
                totals[slot] += now
            elif then >= 0.0:
                totals[slot] += now - then
            last[slot] = now

    def _rebase(self, values: Sequence[float | None]) -> None:
        for slot, now in enumerate(values):
            if now is not None and isfinite(now):
                self._last[slot] = now

    def _take_back(self) -> None:
        """Undo what the first of the recent resets added: it was another process, not a restart."""
        recent = [totals for page, totals in self._checkpoints if self._pages - page <= _CHECKPOINT_PAGES]
        if recent:
            oldest = recent[0]
            self._totals = oldest + [0.0] * (len(self._totals) - len(oldest))
        self._checkpoints.clear()

    def _mark_gone(self, values: Sequence[float | None]) -> None:
        known = len(values)
        self._gone = {
            slot for slot, then in enumerate(self._last) if then is not None and (slot >= known or values[slot] is None)
        }

    def _negative(self, values: Sequence[float | None], notes: list[str]) -> frozenset[SourceKey]:
        """Return the sources that counters below 0 feed, and tell of each counter once."""
        known = len(values)
        found = [slot for slot in self._monotone if slot < known and (values[slot] or 0.0) < 0.0]
        for slot in found:
            if slot not in self._told_negative:
                self._told_negative.add(slot)
                notes.append(f"{self._series[slot].name} is {values[slot]:g}: a counter is never negative, so it is NA")
        return frozenset(member.source for slot in found for member in self._members[slot] if member.monotone)

    def _check_layouts(self, values: Sequence[float | None], notes: list[str]) -> None:
        """Notice when the buckets of a histogram change: its account then begins anew."""
        known = len(values)
        present = tuple(slot for slot in self._bucket_slots if slot < known and values[slot] is not None)
        if present == self._present or not present:
            return
        self._present = present
        for source, layout in self._layout_of(present).items():
            buckets = self._layouts.setdefault(source, _Buckets())
            before, buckets.layout = _Buckets(layout=buckets.layout), layout
            if before.differs(buckets):
                buckets.epoch += 1
                self._restart_histogram(source)
                notes.append(f"the buckets of {source.logical} changed; its percentiles begin anew")

    def _layout_of(self, present: Sequence[int]) -> dict[SourceKey, dict[object, frozenset[float]]]:
        gathered: dict[SourceKey, dict[object, set[float]]] = {}
        for slot in present:
            series = self._series[slot]
            labels = tuple(sorted(item for item in series.labels.items() if item[0] != "le"))
            for member in self._members[slot]:
                bound = member.key.part
                if member.is_bucket and isinstance(bound, float):
                    gathered.setdefault(member.source, {}).setdefault(labels, set()).add(bound)
        return {
            source: {labels: frozenset(bounds) for labels, bounds in series.items()}
            for source, series in gathered.items()
        }

    def _restart_histogram(self, source: SourceKey) -> None:
        for slot, members in enumerate(self._members):
            if any(member.source == source for member in members):
                self._totals[slot] = 0.0

    def _state(self, values: Sequence[float | None], start_time: float | None, notes: tuple[str, ...]) -> EndpointState:
        keys = list(self._keys)
        totals = self._sums()
        raw = {keys[index]: value for index, value in self._raw(values, keys).items()}
        known = {keys[index]: value for index, value in totals.items()}
        return EndpointState(
            totals=known,
            raw=raw,
            histograms=self._histograms(known),
            details=self._split.state(self._totals),
            declared=self._declared | {(key.source_key, key.declared_part) for key in known.keys() | raw.keys()},
            start_time=start_time,
            generation=self._generation,
            resets=self._resets,
            restarts=self._restarts,
            several=self._identity.several,
            notes=notes,
        )

    def _sums(self) -> dict[int, float]:
        totals = self._totals
        sums: dict[int, float] = {}
        for slot, key, factor in self._summed:
            sums[key] = sums.get(key, 0.0) + totals[slot] * factor
        return sums

    def _raw(self, values: Sequence[float | None], keys: Sequence[Key]) -> dict[int, float]:
        """Return sums of values as scraped; a series that a partial page left out keeps its last value."""
        raw: dict[int, float] = {}
        known = len(values)
        for slot, key, factor in self._shown:
            now = values[slot] if slot < known else None
            if now is None and slot not in self._gone:
                now = self._last[slot]
            if now is None or not isfinite(now):
                continue
            if LOGICAL[keys[key].logical] is Kind.SUMMARY:
                raw[key] = max(raw.get(key, -inf), now * factor)
            else:
                raw[key] = raw.get(key, 0.0) + now * factor
        return raw

    def _histograms(self, totals: Mapping[Key, float]) -> dict[SourceKey, HistogramState]:
        return {
            source: HistogramState(
                buckets.epoch,
                {bound: totals.get(Key(*source, bound), 0.0) for bound in buckets.bounds},
                totals.get(Key(*source, COUNT), 0.0),
                totals.get(Key(*source, SUM), 0.0),
                buckets.mixed,
            )
            for source, buckets in self._layouts.items()
        }


def _at(values: Sequence[float | None], slot: int) -> float | None:
    return values[slot] if slot < len(values) else None
