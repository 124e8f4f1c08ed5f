"""Plays one scenario: pushes what the relay stands at, again and again, and takes everything back at the end.

Laws: counts follow the time that really passed, so a late or lost push changes no rate; pushes lie on a grid and a
missed one is not made up for; whatever ends the scenario (its duration, a signal, an error), what was pushed is
removed.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import SystemClock, iso_utc
from loadgen.core.units import NS_PER_S, format_duration
from loadgen.drill.page import page
from loadgen.drill.sink import SinkError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from datetime import datetime

    from loadgen.core.clock import Clock
    from loadgen.drill.scenario import Scenario
    from loadgen.drill.sightings import Sighting
    from loadgen.drill.sink import Sink

TRIES = 3
GIVE_UP_AFTER = 6
"""Pushes in a row that fail before the scenario ends: a minute at the usual interval."""

_PAUSE_S = 0.5
_PROGRESS_NS = 60 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Timing:
    """How long, and how often is pushed."""

    duration_ns: int
    interval_ns: int


@dataclass(frozen=True, slots=True)
class Played:
    """How it went. `problem` is a sentence where something did not work; `removed`: nothing is left in the sink.

    `sightings` are the alerts that were watched for, none where nobody looked.
    """

    scenario: Scenario
    place: str
    began: datetime
    lasted_ns: int
    pushes: int
    failed: int
    removed: bool
    problem: str
    sightings: tuple[Sighting, ...] = ()

    @property
    def unproven(self) -> tuple[str, ...]:
        """A sentence for each alert that was watched for and did not fire, or did not resolve."""
        return tuple(
            f"{item.alert} {'did not fire' if item.fired_s is None else 'did not resolve'}"
            for item in self.sightings
            if item.expected and not item.proven
        )

    def __str__(self) -> str:
        if not self.pushes and self.removed:
            return f"{self.scenario.name}: nothing was pushed"
        ended = "all of it was taken back" if self.removed else "something is left there"
        failed = f", {self.failed} failed" if self.failed else ""
        lasted = format_duration(self.lasted_ns // (NS_PER_S // 10) * (NS_PER_S // 10))
        return f"{self.scenario.name}: {lasted}, {self.pushes} pushes{failed}; {ended}"

    def as_json(self) -> dict[str, Any]:
        counts = self.scenario.played().counts(self.lasted_ns)
        return {
            "scenario": self.scenario.name,
            "alerts": list(self.scenario.alerts),
            "sink": self.place,
            "began": iso_utc(self.began),
            "lasted_s": self.lasted_ns / NS_PER_S,
            "pushes": self.pushes,
            "failed_pushes": self.failed,
            "removed": self.removed,
            "problem": self.problem or None,
            "sightings": [item.as_json() for item in self.sightings],
            "counts": {
                "actions": counts.actions,
                "errors": counts.error,
                "rejected": counts.rejected,
                "sanitization_changes": sum(counts.changes),
                "decisions": counts.decisions,
            },
        }


class Stop:
    """Asks to end; `pause` waits until then, or for so long."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()

    def ask(self) -> None:
        self._asked.set()

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    async def pause(self, seconds: float) -> None:
        """Wait so many seconds, or until the end is asked for."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), max(seconds, 0))

    async def rest(self, seconds: float) -> None:
        """Wait so many seconds, whatever is asked for."""
        await asyncio.sleep(seconds)


class Driver:
    """Plays a scenario into a sink; `tell` gets lines for people.

    `ended_ns` is when the pushes ended, before they were taken back; 0 until then.
    """

    def __init__(self, scenario: Scenario, sink: Sink, timing: Timing, stop: Stop, tell: Callable[[str], None]) -> None:
        self.scenario = scenario
        self._relay = scenario.played()
        self._sink = sink
        self._timing = timing
        self._stop = stop
        self._listener = tell
        self._clock: Clock = SystemClock()
        self._pushes = self._failed = self._in_a_row = 0
        self._silent = False
        self.ended_ns = 0

    def __repr__(self) -> str:
        return f"<Driver {self.scenario.name}: {self._pushes} pushes, {self._failed} failed>"

    def use(self, clock: Clock) -> None:
        """Take the time from another clock."""
        self._clock = clock

    def _tell(self, line: str) -> None:
        self._listener(f"[{self.scenario.name}] {line}")

    def not_played(self, problem: str) -> Played:
        """Return the record of a scenario that could not begin."""
        return Played(self.scenario, self._sink.place, self._clock.utc_now(), 0, 0, 0, True, problem)

    async def play(self) -> Played:
        """Play until the duration is over or the end is asked for; what was pushed is gone when this returns."""
        began, start_ns = self._clock.utc_now(), self._clock.monotonic_ns()
        problem, removed = "", True
        try:
            await self._patiently(self._sink.begin)
            began, start_ns = self._clock.utc_now(), self._clock.monotonic_ns()
            self._tell(f"{self.scenario.summary}; {format_duration(self._timing.duration_ns)} to {self._sink.place}")
            await self._push_until_the_end(start_ns)
        except SinkError as error:
            problem = str(error)
        finally:
            self.ended_ns = self._clock.monotonic_ns()
            lasted_ns = self.ended_ns - start_ns
            left = await self._take_back()
            if left:
                removed = False
                problem = "; ".join(filter(None, (problem, left)))
        return Played(self.scenario, self._sink.place, began, lasted_ns, self._pushes, self._failed, removed, problem)

    async def _push_until_the_end(self, start_ns: int) -> None:
        timing = self._timing
        for due_ns in self._grid(start_ns):
            await self._stop.pause((start_ns + due_ns - self._clock.monotonic_ns()) / NS_PER_S)
            if self._stop.asked or due_ns >= timing.duration_ns:
                return
            elapsed_ns = self._clock.monotonic_ns() - start_ns
            await self._step(elapsed_ns)
            if due_ns // _PROGRESS_NS > (due_ns - timing.interval_ns) // _PROGRESS_NS and due_ns:
                self._tell(self._progress(elapsed_ns))

    def _grid(self, start_ns: int) -> Iterator[int]:
        """Yield when each push is due, in ns after the start; the last is the end itself."""
        due_ns, duration_ns, interval_ns = 0, self._timing.duration_ns, self._timing.interval_ns
        while due_ns < duration_ns:
            yield due_ns
            elapsed_ns = self._clock.monotonic_ns() - start_ns
            due_ns = max(due_ns, elapsed_ns // interval_ns * interval_ns) + interval_ns
        yield duration_ns

    async def _step(self, elapsed_ns: int) -> None:
        if self._silent:
            return
        try:
            await self._sink.push(page(self.scenario.name, self._relay, elapsed_ns, self._sink.labels))
        except SinkError as error:
            self._missed(error)
            return
        self._pushes += 1
        self._in_a_row = 0
        if self.scenario.stalls and elapsed_ns >= self.scenario.lead_ns:
            await self._patiently(self._sink.fall_silent)
            self._silent = True
            self._tell("silent from now on")

    def _missed(self, error: SinkError) -> None:
        """Count a push that failed: the next one carries all of it; raise when there were too many in a row."""
        self._failed += 1
        self._in_a_row += 1
        if error.final:
            raise error
        if self._in_a_row >= GIVE_UP_AFTER:
            raise SinkError(f"{self._in_a_row} pushes in a row failed, the last because {error}", final=True) from error
        self._tell(f"a push failed, the next carries its counts: {error}")

    async def _patiently(self, what: Callable[[], Awaitable[None]]) -> None:
        """Do something, with a second and a third try where that may help; raise SinkError."""
        for attempt in range(1, TRIES + 1):
            try:
                await what()
            except SinkError as error:
                if error.final or attempt == TRIES:
                    raise
                await self._stop.rest(_PAUSE_S * attempt)
            else:
                return

    async def _take_back(self) -> str:
        """Remove what was pushed; return what is left to do by hand, or nothing."""
        try:
            await self._patiently(self._sink.end)
        except SinkError as error:
            return f"what was pushed is still there ({error}); remove it with: {self._sink.remedy}"
        return ""

    def _progress(self, elapsed_ns: int) -> str:
        counts = self._relay.counts(elapsed_ns)
        shares = f"{counts.actions} actions, {counts.error} failed, {counts.rejected} rejected"
        also = f"{sum(counts.changes)} changes"
        if counts.decisions is not None:
            also += f", {counts.decisions} decisions"
        pushes = f"{self._pushes} pushes" + (f", {self._failed} failed" if self._failed else "")
        passed = format_duration(elapsed_ns // NS_PER_S * NS_PER_S)
        return f"{passed} of {format_duration(self._timing.duration_ns)}: {shares}, {also}; {pushes}"
