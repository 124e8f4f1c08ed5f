"""Scripted expositions for the observer's tests: texts in, snapshots out, without a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from observer.binding import Binding
from observer.columns import Reading, make_row, make_window
from observer.exposition import SeriesCache
from observer.profile_file import load_profile, parse_profile
from observer.series import EndpointAccount
from observer.snapshot import Snapshot, combine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from observer.profile import Profile

NS = 1_000_000_000


class Endpoints:
    """One or several scripted endpoints under one profile; `take` gives each its next page."""

    def __init__(self, profile: str | Profile = "metasheet", count: int = 1, *, count_cache_miss: bool = False) -> None:
        chosen = _profile(profile) if isinstance(profile, str) else profile
        self.reading = Reading(chosen, count_cache_miss)
        binding = Binding(chosen)
        self._caches = [SeriesCache(binding.wants) for _ in range(count)]
        self._accounts = [EndpointAccount(binding, cache.series) for cache in self._caches]
        self.taken: list[Snapshot] = []

    def take(self, *texts: str, at_s: float | None = None) -> Snapshot:
        """Feed one page to each endpoint; `at_s` is ten seconds after the page before if not given."""
        states = [
            account.take(cache.parse(text))
            for text, cache, account in zip(texts, self._caches, self._accounts, strict=True)
        ]
        at_ns = round((10 * len(self.taken) if at_s is None else at_s) * NS)
        self.taken.append(combine(states, at_ns))
        return self.taken[-1]

    def row(self, start: int = 0, earlier: int = -2, later: int = -1) -> dict[str, str]:
        """Return the row between two pages taken, by their indices."""
        taken = self.taken
        return make_row(self.reading, taken[start], taken[earlier], taken[later], "2026-01-02T03:04:05.000Z", 1)

    def window(self, start: int = 0, later: int = -1) -> dict[str, object]:
        return make_window(self.reading, self.taken[start], self.taken[later])


def rows_of(pages: Sequence[str], profile: str | Profile = "metasheet") -> list[dict[str, str]]:
    """Return the rows of a sequence of pages of one endpoint; the first page is sample 0."""
    endpoints = Endpoints(profile)
    endpoints.take(pages[0])
    rows = []
    for page in pages[1:]:
        endpoints.take(page)
        rows.append(endpoints.row())
    return rows


def _profile(name_or_text: str) -> Profile:
    return parse_profile(name_or_text, "own") if "\n" in name_or_text else load_profile(name_or_text)
