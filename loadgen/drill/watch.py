"""Plays a scenario and watches its alerts meanwhile and afterwards, until they have resolved."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_S, format_duration
from loadgen.drill.lookout import LookoutError
from loadgen.drill.sightings import Sightings

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.drill.driver import Driver, Played, Stop
    from loadgen.drill.lookout import Lookout

LOOK_EVERY_NS = 5 * NS_PER_S


class Watch:
    """One scenario under observation; `every_ns` is the time between two looks."""

    def __init__(self, lookout: Lookout, every_ns: int, stop: Stop, tell: Callable[[str], None]) -> None:
        self._lookout = lookout
        self._every_s = min(every_ns, LOOK_EVERY_NS) / NS_PER_S
        self._stop = stop
        self._tell = tell
        self._blind = ""
        self._told: set[str] = set()

    def __repr__(self) -> str:
        return f"<Watch {self._lookout!r}>"

    async def play(self, driver: Driver) -> Played:
        """Play it and return how it went, with what was seen; nothing is pushed where nothing could be seen."""
        scenario = driver.scenario
        try:
            before = await self._lookout.check(scenario.alerts)
        except LookoutError as error:
            return driver.not_played(str(error))
        seen = Sightings(scenario.alerts, monotonic_ns(), before)
        playing = asyncio.create_task(driver.play())
        try:
            while not playing.done():
                await asyncio.wait({playing}, timeout=self._every_s)
                await self._look(seen)
        except BaseException:
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)  # it takes back what was pushed
            raise
        played = await playing
        seen.end(driver.ended_ns)
        until_ns = monotonic_ns() + scenario.resolves_ns
        if not (seen.all_gone or self._stop.asked):
            self._tell(f"waiting until its alerts resolve, at most {format_duration(scenario.resolves_ns)}")
        while not (seen.all_gone or self._stop.asked or monotonic_ns() > until_ns):
            await self._stop.pause(self._every_s)
            await self._look(seen)
        found = seen.found()
        if self._blind and not all(item.proven for item in found if item.expected):
            return replace(played, sightings=found, problem="; ".join(filter(None, (played.problem, self._blind))))
        return replace(played, sightings=found)

    async def _look(self, seen: Sightings) -> None:
        """Look once; a server that does not answer is told of once and asked again at the next look."""
        try:
            seen.note(await self._lookout.firing(), monotonic_ns())
            for item in seen.found():
                if item.fired_s is not None and item.alert not in self._told:
                    self._told.add(item.alert)
                    self._tell(f"{item.alert} fires after {item.fired_s:g} s")
        except LookoutError as error:
            if not self._blind:
                self._tell(f"cannot look at the alerts: {error}")
            self._blind = str(error)
