"""The order of a drill: look, load, incident, look, undo, look until it is back.

Laws: nothing is done before everything was checked; whatever was begun is undone, whether the drill ends, fails or is
cancelled, and the undoing itself is never cancelled; what cannot be undone is told.
"""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_S, format_duration
from loadgen.drill.alerts import FIRING
from loadgen.drill.beside import beside
from loadgen.drill.evidence import Evidence
from loadgen.drill.figure import Course, Finding, judge, returned
from loadgen.drill.incident import pause
from loadgen.drill.look import look
from loadgen.drill.panel import NotLiftedError
from loadgen.drill.snapshot import Window

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from contextlib import AbstractAsyncContextManager
    from typing import Any

    from loadgen.drill.alerts import AlertWatch
    from loadgen.drill.incident import Incident, Scene
    from loadgen.drill.look import Source
    from loadgen.drill.snapshot import Snapshot

    See = Callable[[Source, Sequence[str]], Awaitable[Snapshot]]

T = TypeVar("T")

_AFTER_NS = 5 * NS_PER_S
"""The longest time between two looks afterwards."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How long the service is watched before, how long it may take to come back, and how long an alert may take."""

    before_ns: int
    within_ns: int
    alert_ns: int


@dataclass(frozen=True, slots=True)
class _Height:
    """The looks at an incident's begin and at its height, its alert's state, and what was undone or could not be."""

    began: Snapshot
    worst: Snapshot
    fired: str
    lifted: str
    trouble: str


@dataclass(slots=True)
class Drill:
    """One incident on one scene. `alert` is None where no Prometheus is asked; `see` takes a look."""

    incident: Incident
    scene: Scene
    source: Source
    lengths: Lengths
    alert: AlertWatch | None = None
    see: See = look

    async def conduct(self) -> Evidence:
        """Bring the incident about and return the evidence. Raises LoadgenError when the service cannot be read."""
        async with self.scene.load.running():
            start = await self._look()
            await pause(self.lengths.before_ns)
            calm = await self._look()
            height = await self._incident(calm)
            back = await self._come_back(self._window(start, calm), height.began)
            resolved = await self._alert_state(firing=False)
        course = Course(
            before=self._window(start, calm),
            during=self._window(height.began, height.worst),
            after=self._window(*back),
            whole=self._window(height.began, back[1]),
        )
        findings = [judge(figure, course) for figure in self.incident.figures()]
        if self.alert is not None:
            findings.append(_alert_finding(self.alert.name, height.fired, resolved))
        return self._evidence(tuple(findings), course, height)

    async def _incident(self, calm: Snapshot) -> _Height:
        """Bring it about, look, and undo it, whatever happens meanwhile."""
        say, lifted, trouble = self.scene.say, "", ""
        say(self.incident.sentence())
        try:
            await self.incident.begin(self.scene)
            async with self._lease():
                began = calm if self.incident.nature.at_once else await self._look()
                await self.incident.last(self.scene)
                fired = await self._fired()
                worst = await self._look()
        finally:
            lifted, trouble = await finish(self._lift())
            say(lifted or f"NOT UNDONE: {trouble}")
        return _Height(began, worst, fired, lifted, trouble)

    async def _lift(self) -> tuple[str, str]:
        try:
            return await self.incident.lift(self.scene), ""
        except NotLiftedError as error:
            return "", str(error)

    def _lease(self) -> AbstractAsyncContextManager[None]:
        panel = self.scene.panel
        return nullcontext() if panel is None or not self.incident.nature.needs_panel else panel.held()

    async def _come_back(self, before: Window, began: Snapshot) -> tuple[Snapshot, Snapshot]:
        """Look again and again until every figure is back or the time is over; return the last two looks."""
        deadline = monotonic_ns() + self.lengths.within_ns
        earlier = await self._look()
        while True:
            await pause(min(self.lengths.before_ns, _AFTER_NS))
            later = await self._look()
            after, whole = self._window(earlier, later), self._window(began, later)
            if all(returned(figure, after, whole, before) for figure in self.incident.figures()):
                return earlier, later
            if monotonic_ns() >= deadline:
                return earlier, later
            earlier = later

    async def _look(self) -> Snapshot:
        seen = await self.see(self.source, self.incident.nature.series)
        return replace(seen, answers=len(self.scene.load.answers))

    def _window(self, start: Snapshot, end: Snapshot) -> Window:
        return Window(start, end, tuple(self.scene.load.answers[start.answers : end.answers]))

    async def _fired(self) -> str:
        """Keep the incident up until the alert fires or its time is over; return the alert's state."""
        if self.alert is None:
            return ""
        async with beside(self.incident.go_on(self.scene)):
            return await self._alert_state(firing=True)

    async def _alert_state(self, *, firing: bool) -> str:
        if self.alert is None:
            return ""
        wish = "fires" if firing else "stops"
        self.scene.say(f"waiting at most {format_duration(self.lengths.alert_ns)} until {self.alert.name} {wish}")
        return await self.alert.wait(firing=firing, timeout_ns=self.lengths.alert_ns)

    def _evidence(self, findings: tuple[Finding, ...], course: Course, height: _Height) -> Evidence:
        windows = {"before": course.before, "during": course.during, "after": course.after}
        return Evidence(
            drill=self.incident.nature.name,
            target=self.scene.base_url,
            incident=self.incident.sentence(),
            findings=findings,
            lifted=height.lifted,
            trouble=height.trouble,
            requests=self.scene.load.outcomes(),
            took_s={name: round(window.elapsed_s, 3) for name, window in windows.items()},
        )


def _alert_finding(name: str, fired: str, resolved: str) -> Finding:
    passed = fired == FIRING and resolved != FIRING
    return Finding(f"alert {name}", ("not firing", fired, resolved), "during firing, after not", passed)


async def finish(work: Coroutine[Any, Any, T]) -> T:
    """Do work to its end, whoever cancels us meanwhile; a cancellation is then passed on."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})  # which leaves the task alone when it is cancelled itself
        except asyncio.CancelledError as error:
            cancelled = error
    result = task.result()
    if cancelled is not None:
        raise cancelled
    return result
