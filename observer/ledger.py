"""What the observer keeps between scrapes: sample 0, the row before, the probes' totals, how scrapes went. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadgen.core.messages import Probe
from observer.columns import counts, make_row, make_window, rss_mb

if TYPE_CHECKING:
    from observer.columns import Reading
    from observer.snapshot import Snapshot

STALLED_AFTER = 6
"""So many failed scrapes in a row are a stalled metrics endpoint."""

UNCHANGED_NS = 30_000_000_000
"""A page that stays the same for this long, over several scrapes, is suspicious."""


@dataclass(slots=True)
class Availability:
    """How many scrapes and probes there were and how many failed."""

    scrapes: int = 0
    failed_scrapes: int = 0
    probes: int = 0
    failed_probes: int = 0
    failures_in_a_row: int = 0

    def count(self, *, ok: bool) -> None:
        """Count one request round to the endpoints."""
        self.scrapes += 1
        self.failed_scrapes += not ok
        self.failures_in_a_row = 0 if ok else self.failures_in_a_row + 1

    def count_probe(self, *, ok: bool) -> None:
        self.probes += 1
        self.failed_probes += not ok

    @property
    def percent(self) -> float | None:
        """The share of scrapes that succeeded, in percent; None before the first."""
        return None if not self.scrapes else 100 * (1 - self.failed_scrapes / self.scrapes)

    def to_body(self) -> dict[str, Any]:
        return {
            "scrapes": self.scrapes,
            "failed_scrapes": self.failed_scrapes,
            "probes": self.probes,
            "failed_probes": self.failed_probes,
            "availability_pct": self.percent,
        }


class Freshness:
    """Notices pages that are answered but no longer change: a stalled exporter, or a cache in between."""

    def __init__(self) -> None:
        self._texts: tuple[str, ...] = ()
        self._since_ns = 0
        self._told = False

    def note(self, texts: tuple[str, ...], at_ns: int) -> str:
        """Take the pages of a scrape; return what to say about them, once for each standstill."""
        if texts != self._texts:
            self._texts, self._since_ns, self._told = texts, at_ns, False
        still_ns = at_ns - self._since_ns
        if self._told or still_ns < UNCHANGED_NS:
            return ""
        self._told = True
        return (
            f"the metrics have not changed for {still_ns / 1e9:.0f} s although they are answered: "
            "a stalled or cached page?"
        )


@dataclass(frozen=True, slots=True)
class RowResult:
    """A row and what must be said about it."""

    row: dict[str, str] | None
    notes: tuple[str, ...] = ()


class Ledger:
    """Turns snapshots into rows, windows and probes."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._start: Snapshot | None = None
        self._previous: Snapshot | None = None
        self._latest: Snapshot | None = None
        self._probed: Snapshot | None = None
        self._missed = 0
        self._rss_max: float | None = None
        self._probe_totals: dict[str, float | None] = dict.fromkeys(_PROBED, 0.0)
        self._probe_resets = 0
        self._warned: set[str] = set()

    @property
    def has_start(self) -> bool:
        return self._start is not None

    @property
    def row_ns(self) -> int | None:
        """The data time of the last row (or sample 0)."""
        return None if self._previous is None else self._previous.at_ns

    def seen(self, snapshot: Snapshot) -> None:
        """Take note of any good snapshot: the newest, and the highest memory."""
        self._latest = snapshot
        rss = rss_mb(self._reading, snapshot)
        if rss is not None:
            self._rss_max = rss if self._rss_max is None else max(self._rss_max, rss)

    def start(self, snapshot: Snapshot) -> None:
        """Make a snapshot sample 0."""
        self._start = self._previous = snapshot
        self._missed = 0

    def miss(self) -> None:
        """Count a row that could not be measured: the next one spans its interval too."""
        self._missed += 1

    def row(self, snapshot: Snapshot, timestamp: str, number: int) -> RowResult:
        """Return the row up to a snapshot; None, with the reason, where no difference can be taken."""
        start, previous, missed = self._start, self._previous, self._missed
        self._previous, self._missed = snapshot, 0
        if start is None or previous is None:
            self._start = snapshot
            return RowResult(None, ("sample 0 is missing: counting begins with this scrape",))
        if previous.generation != snapshot.generation:
            return RowResult(None, ("several processes answered during this interval: no difference holds",))
        row = make_row(self._reading, start, previous, snapshot, timestamp, number)
        notes = list(self._warnings(previous, snapshot))
        if missed:
            seconds = (snapshot.at_ns - previous.at_ns) / 1e9
            notes.append(f"this row spans {missed + 1} intervals ({seconds:.1f} s), because {missed} before it failed")
        return RowResult(row, tuple(notes))

    def window(self, snapshot: Snapshot | None, availability: Availability) -> dict[str, Any] | None:
        """Return the account since sample 0, up to the newest good snapshot when `snapshot` is None."""
        later = snapshot or self._latest
        if self._start is None or later is None:
            return None
        account = make_window(self._reading, self._start, later)
        return {
            **account,
            "rss_mb_max": self._rss_max,
            "incomplete": self._start.generation != later.generation,
            **availability.to_body(),
        }

    def counters(self, snapshot: Snapshot) -> dict[str, float]:
        """Return the lifetime counters as scraped; what the service does not show is left out."""
        figures = counts(self._reading.since(None, snapshot))
        reasons = figures.pop("fallback")
        known = {name: value for name, value in figures.items() if value is not None}
        known |= {f"fallback_{reason}": value for reason, value in reasons.items()}
        times = [time for time in snapshot.start_times if time is not None]
        return known | ({"process_start_time_seconds": max(times)} if times else {})

    def probe(self, snapshot: Snapshot, at_ns: int, took_ns: int) -> Probe:
        """Return the probe for a good snapshot: totals since the first probe, whatever was reset between."""
        before, self._probed = self._probed, snapshot
        if before is not None and before.generation == snapshot.generation:
            figures = counts(self._reading.since(before, snapshot))
            for name in _PROBED:
                total, change = self._probe_totals[name], figures[name]
                self._probe_totals[name] = None if change is None else (total or 0.0) + change
        elif before is None:
            figures = counts(self._reading.since(None, snapshot))
            self._probe_totals = {name: None if figures[name] is None else 0.0 for name in _PROBED}
        restarted = before is not None and snapshot.resets > before.resets
        totals = self._probe_totals
        return Probe(
            at_ns=at_ns,
            took_ns=took_ns,
            ok=True,
            requests=totals["requests"],
            errors_4xx=totals["errors_4xx"],
            errors_5xx=totals["errors_5xx"],
            raw=totals["raw_fallback"],
            degraded=totals["degraded"],
            effective=totals["effective_fallback"],
            restarted=restarted,
        )

    def _warnings(self, previous: Snapshot, snapshot: Snapshot) -> list[str]:
        """Return what is odd about the service's fallback metrics, each thing once a run."""
        figures = self._reading.since(previous, snapshot)
        found = [f"fallback reason {reason!r} is not in the taxonomy" for reason in figures.unknown_reasons()]
        own, ours = figures.own_effective, figures.effective
        if figures.reasons is not None and own is not None and ours is not None and abs(own - ours) > 0.5:
            found.append(
                f"the service's own effective fallback counter rose by {own:g} where its reasons give {ours:g}: "
                "its COUNT_CACHE_MISS_AS_FALLBACK seems to differ from ours"
            )
        fresh = [note for note in found if note.split(" rose")[0] not in self._warned]
        self._warned |= {note.split(" rose")[0] for note in fresh}
        return fresh


_PROBED = ("requests", "errors_4xx", "errors_5xx", "raw_fallback", "degraded", "effective_fallback")
