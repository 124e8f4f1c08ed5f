"""The observation: scrape when it is due, write rows, say what was seen. Everything outside comes in as an argument.

Laws: one scrape at a time; a sample is told of only after its row is on disk; a scrape that fails is a row of NA and
never a guess.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from loadgen.core.clock import WallAnchor, iso_utc
from loadgen.core.messages import Probe, Sample
from loadgen.core.metrics_csv import NA, na_row
from loadgen.core.units import NS_PER_S
from observer.cardinality import CardinalityGuard
from observer.earlier import Earlier
from observer.ledger import STALLED_AFTER, Availability, Freshness, Ledger
from observer.source import Scraped, ScrapeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loadgen.core.clock import Clock
    from loadgen.core.logs import Log
    from loadgen.core.messages import Message
    from observer.columns import Reading
    from observer.marks import Marks
    from observer.pause import Pause
    from observer.schedule import Open, Schedule
    from observer.source import Source

_SHORTEST_FINAL_NS = NS_PER_S
_WALL_STEP_S = 1.0
SEVERAL_HINT = (
    "list every process's own metrics address in METRICS_URL, separated by commas, or give the base URL of a "
    "Prometheus server that scrapes them"
)


class Files(Protocol):
    """Where rows and raw pages go; see `observer.writer.RunFiles`."""

    async def write_row(self, row: Mapping[str, str]) -> None: ...

    async def write_raw(self, number: int, timestamp: str, pages: tuple[tuple[str, str], ...]) -> None: ...


@dataclass(frozen=True, slots=True)
class World:
    """What an observation acts on: `emit` gets every message, `say` the line of every sample for people."""

    source: Source
    files: Files
    log: Log
    clock: Clock
    pause: Pause
    emit: Callable[[Message], None]
    say: Callable[[str], None]
    guard: CardinalityGuard = field(default_factory=CardinalityGuard)


class Observation:
    """One observation, from the priming scrape to the end.

    `ended` becomes true when all samples are done (or `leave` was called); `run` then returns.
    """

    def __init__(
        self, world: World, schedule: Schedule, reading: Reading, marks: Marks, earlier: Earlier | None = None
    ) -> None:
        self._world = world
        self._schedule = schedule
        self._marks = marks
        self._ledger = Ledger(reading)
        self._earlier = earlier or Earlier()
        self._freshness = Freshness()
        self._synthetic: frozenset[str] = frozenset()
        self._anchor = WallAnchor.take(world.clock)
        self._leaving = False
        self._stay = True
        self._known_step_s = 0.0
        self.availability = Availability()

    def begin(self, t0_ns: int) -> None:
        """Let samples and probes come due from t0 on."""
        self._schedule.begin(t0_ns)
        self._world.pause.wake()

    def ask(self, label: str, fresh_ns: int = 0) -> None:
        """Ask for one scrape outside the grid, with data of this moment or later if that comes within `fresh_ns`."""
        self._schedule.ask(label, self._world.clock.monotonic_ns(), fresh_ns)
        self._world.pause.wake()

    def stop(self) -> None:
        """Let nothing more come due; what was asked for, and is asked for later, is still done."""
        self._schedule.stop(self._world.clock.monotonic_ns())
        self._world.pause.wake()

    def leave(self, *, when_finished: bool = False) -> None:
        """Let `run` return: at once, or when every sample is done."""
        if when_finished:
            self._stay = False
        else:
            self._leaving = True
        self._world.pause.wake()

    def summary(self) -> dict[str, Any]:
        """Return the account of the whole observation, for the end."""
        return {**self.availability.to_body(), "window": self._window()}

    async def run(self) -> None:
        """Observe until `leave`. Raises WriteError when a file cannot be written."""
        while not self._leaving and (self._stay or not self._schedule.finished):
            await self._world.pause.until(self._schedule.next_ns())
            if not self._leaving:
                await self._turn()

    async def _turn(self) -> None:
        now_ns = self._world.clock.monotonic_ns()
        if self._schedule.begun and self._earlier.lost:
            lost, self._earlier.lost = self._earlier.lost, []
            for number in lost:
                await self._write_na(number, "the run was interrupted in this interval")
        for number in self._schedule.claim(now_ns):
            await self._write_missed(number, "its whole interval passed while this process did not run")
        probe = self._schedule.probe_is_due(now_ns)
        if not probe and not self._schedule.scrape_is_due(now_ns):
            return
        full = bool(self._schedule.open)
        try:
            scraped = await self._world.source.scrape(self._schedule.timeout_ns(now_ns), full=full)
            if scraped.snapshot.several:
                raise ScrapeError(f"several processes answer: {scraped.snapshot.several}", SEVERAL_HINT)
        except ScrapeError as error:
            await self._on_failure(error, now_ns, probe=probe)
        else:
            await self._on_success(scraped, now_ns, probe=probe)

    async def _on_success(self, scraped: Scraped, began_ns: int, *, probe: bool) -> None:
        stalled = self.availability.failures_in_a_row >= STALLED_AFTER
        self.availability.count(ok=True)
        if stalled:
            self._world.log.info("metrics are back")
        still = self._freshness.note(tuple(text for _, text in scraped.pages), scraped.at_ns)
        for note in (*scraped.notes, *([still] if still else [])):
            self._world.log.warn(note)
        self._note_scenarios(scraped)
        self._ledger.seen(scraped.snapshot)
        if probe:
            took_ns = self._world.clock.monotonic_ns() - began_ns
            self._tell_probe(self._ledger.probe(scraped.snapshot, scraped.at_ns, took_ns))
        for sample in self._schedule.close(self._world.clock.monotonic_ns(), scraped.known_ns):
            if sample.fresh_until_ns > sample.due_ns > scraped.known_ns:
                late_s = (sample.due_ns - scraped.known_ns) / NS_PER_S
                self._world.log.warn(f"the {sample.label} scrape has data from {late_s:.1f} s before it was asked for")
            await self._take_sample(sample, scraped)

    async def _on_failure(self, error: ScrapeError, began_ns: int, *, probe: bool) -> None:
        now_ns = self._world.clock.monotonic_ns()
        self.availability.count(ok=False)
        hint = {"hint": error.hint} if error.hint else {}
        if self.availability.failures_in_a_row == STALLED_AFTER:
            self._world.log.error(f"metrics stalled: {STALLED_AFTER} scrapes in a row failed: {error}", **hint)
        else:
            self._world.log.warn(f"scrape failed: {error}", **hint)
        if probe:
            text = f"{error} ({error.hint})" if error.hint else str(error)
            self._tell_probe(Probe(at_ns=now_ns, took_ns=now_ns - began_ns, ok=False, error=text))
        for sample in self._schedule.failed(now_ns):
            await self._give_up(sample, str(error), now_ns)

    def _tell_probe(self, probe: Probe) -> None:
        self.availability.count_probe(ok=probe.ok)
        fields: dict[str, Any] = {"ok": probe.ok, "took_ms": round(probe.took_ns / 1e6, 1)}
        if probe.ok:
            fields |= {"requests": probe.requests, "errors_4xx": probe.errors_4xx, "errors_5xx": probe.errors_5xx}
            fields |= {"raw": probe.raw, "effective": probe.effective, "restarted": probe.restarted}
        self._world.log.info("probe", **fields)
        self._world.emit(probe)

    def _note_scenarios(self, scraped: Scraped) -> None:
        for name in sorted(scraped.synthetic - self._synthetic):
            self._world.log.warn(f"the synthetic scenario {name} is in force")
        self._synthetic |= scraped.synthetic

    async def _guard_labels(self, scraped: Scraped) -> None:
        for note in await asyncio.to_thread(self._world.guard.notes, scraped.pages):
            self._world.log.warn(note)

    async def _take_sample(self, sample: Open, scraped: Scraped) -> None:
        timestamp = self._timestamp(scraped.at_ns)
        snapshot = scraped.snapshot
        number = 0 if sample.label == "start" else sample.number
        notes: tuple[str, ...] = ()
        row: dict[str, str] = {}
        if sample.label == "start":
            self._ledger.start(snapshot)
        elif sample.label == "final" and not self._long_enough(snapshot.at_ns):
            notes = ("no row: less than a second since the last",)
        elif sample.label != "end":
            result = self._ledger.row(snapshot, timestamp, number)
            row, notes = result.row or na_row(timestamp, number), result.notes
            await self._world.files.write_row(row)
        if sample.label != "end":
            await self._world.files.write_raw(number, timestamp, scraped.pages)
        self._say(sample, number, row, notes)
        window = self._earlier.join(self._ledger.window(snapshot, self.availability))
        counters = self._ledger.counters(snapshot)
        ok = _measured(row) if row else True
        self._tell(Sample(number, sample.label, scraped.at_ns, ok, row, window, list(notes), counters))
        if sample.label != "end":
            await self._guard_labels(scraped)

    async def _give_up(self, sample: Open, reason: str, now_ns: int) -> None:
        if sample.label in ("start", "end"):
            self._world.log.error(f"the {sample.label} scrape failed for good: {reason}")
            self._tell(Sample(0, sample.label, now_ns, False, {}, self._window(), [reason]))
            return
        await self._write_missed(sample.number, reason, sample.label)

    async def _write_missed(self, number: int, reason: str, label: str = "") -> None:
        self._ledger.miss()
        await self._write_na(number, reason, label)

    async def _write_na(self, number: int, reason: str, label: str = "") -> None:
        now_ns = self._world.clock.monotonic_ns()
        row = na_row(self._timestamp(now_ns), number)
        await self._world.files.write_row(row)
        self._line("warn", f"📊 sample {number}: NA, {reason}", number)
        self._tell(Sample(number, label, now_ns, False, row, self._window(), [reason]))

    def _say(self, sample: Open, number: int, row: Mapping[str, str], notes: tuple[str, ...]) -> None:
        log = self._world.log
        if row:
            self._line("info", self._marks.line(number, row), number)
        else:
            log.info(f"{sample.label or 'sample'} scrape done", sample=number)
        for note in notes:
            log.warn(f"sample {number}: {note}", sample=number)

    def _line(self, level: str, line: str, number: int) -> None:
        self._world.log.log(level, line, sample=number)
        self._world.say(line)

    def _tell(self, sample: Sample) -> None:
        self._world.emit(replace(sample, synthetic=sorted(self._synthetic)))

    def _window(self) -> dict[str, Any] | None:
        return self._earlier.join(self._ledger.window(None, self.availability))

    def _long_enough(self, at_ns: int) -> bool:
        last_ns = self._ledger.row_ns
        return last_ns is None or at_ns - last_ns >= _SHORTEST_FINAL_NS

    def _timestamp(self, at_ns: int) -> str:
        """Return the wall time of an instant by the run's anchor; a step of the wall clock is logged, not followed."""
        clock = self._world.clock
        now_ns, wall = clock.monotonic_ns(), clock.utc_now()
        step_s = (wall - self._anchor.wall_at(now_ns)).total_seconds()
        if abs(step_s - self._known_step_s) > _WALL_STEP_S:
            moved = step_s - self._known_step_s
            self._known_step_s = step_s
            self._world.log.warn(
                f"the wall clock was stepped by {moved:+.1f} s; timestamps go on by the clock at the start",
                step_s=round(moved, 3),
            )
        return iso_utc(self._anchor.wall_at(at_ns))


def _measured(row: Mapping[str, str]) -> bool:
    return sum(text != NA for text in row.values()) > 2
