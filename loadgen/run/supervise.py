"""Supervise one run: children, phases, breaker, files, and an end that always comes.

Laws: the loop never waits for a disk, a terminal or a child without a bound; whatever happens, load stops first, then
the last scrape is taken, then the files are closed; the first cause to end decides how, all of them the exit code.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns
from loadgen.core.errors import LoadgenError
from loadgen.core.events import EventName
from loadgen.core.histogram import histogram_max_ns
from loadgen.core.messages import Token
from loadgen.core.units import NS_PER_MS, NS_PER_S, format_duration
from loadgen.plan.token import with_token
from loadgen.run.closing import close_account
from loadgen.run.decisions import END, TRIP
from loadgen.run.ending import Cause, drain_ns
from loadgen.run.exercise import exercise
from loadgen.run.guard import Guard, fresh_ns, least_window_ns
from loadgen.run.office import Office
from loadgen.run.phases import LoadPhase, duration_ns, mean_rate_per_s
from loadgen.run.seconds import Seconds
from loadgen.run.signals import OutsideAsks
from loadgen.run.watch import observe_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from loadgen.core.events import View
    from loadgen.core.messages import Sample
    from loadgen.core.redact import Secret
    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.model import LoadPlan, Plan
    from loadgen.run.breaker import Trip
    from loadgen.run.course import Course
    from loadgen.run.ending import Ending, Reason
    from loadgen.run.merge import Row
    from loadgen.run.setup import Setup

LEAD_NS = 250 * NS_PER_MS
"""From the moment everybody is ready to t0."""

_SCRAPE_LEAD_NS = 150 * NS_PER_MS
_CONNECT_NS = 30 * NS_PER_S
_FINAL_PATIENCE_NS = 5 * NS_PER_S
_CUT_PATIENCE_NS = NS_PER_S
_SCRAPE_NS = 8 * NS_PER_S
_SHORT_SCRAPE_NS = 1_200 * NS_PER_MS
_LAST_ROW_NS = 15 * NS_PER_S
_LEAVE_NS = NS_PER_S
_PROGRESS_NS = 250 * NS_PER_MS


class _Cut(Exception):  # noqa: N818 - not an error: the run was asked to end
    """The stages are left: the run was asked to end."""


async def supervise(plan: Plan, place: RunDirectory, view: View, setup: Setup) -> Ending:
    """Run a plan in a run directory and return how it ended; never raises for what happens during the run."""
    return await Supervisor(plan, place, view, setup).run()


class Supervisor:
    """One run from its first child to its last file."""

    def __init__(self, plan: Plan, place: RunDirectory, view: View, setup: Setup) -> None:
        self._plan = plan
        self._setup = setup
        self._office = Office(plan, place, view, setup)
        self._end = self._office.end
        self._main: LoadPhase | Course | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._exercise: asyncio.Task[None] | None = None
        self._token = plan.jwt if plan.issuer is not None else None

    def __repr__(self) -> str:
        return f"<Supervisor of {self._office.place.run_id}, {self._end!r}>"

    async def run(self) -> Ending:
        """Do all of it."""
        office = self._office
        with OutsideAsks(self._end, self._setup.stop_file, detached=self._setup.detached):
            await office.open()
            self._tasks = [self._spawn(self._evaluate()), self._spawn(self._show())]
            if self._setup.renewal is not None:
                self._tasks.append(self._spawn(self._setup.renewal.run(self._take_token, self._tell_of_token)))
            try:
                await self._stages()
            except _Cut:
                pass
            except TimeoutError:
                self._end.ask(Cause.FAILURE, f"no answer in time while {office.doing}")
            except (OSError, LoadgenError) as error:
                self._end.ask(Cause.FAILURE, f"while {office.doing}: {error}")
            except Exception as error:  # whatever it was, the load must stop and the files be closed
                office.log.error("a stage failed", exc_info=error)
                self._end.ask(Cause.FAILURE, f"while {office.doing}: {type(error).__name__}: {error}")
            await self._wind_down()
            return await close_account(office, self._main)

    async def _stages(self) -> None:
        await self._unless_asked(self._hire())
        if self._plan.warmup is not None:
            await self._unless_asked(self._warm_up(self._plan.warmup))
        await self._unless_asked(self._load())

    async def _unless_asked(self, stage: Coroutine[Any, Any, None]) -> None:
        """Do a stage; leave it at once, with _Cut, when the run is asked to end."""
        task = asyncio.ensure_future(stage)
        asked = asyncio.ensure_future(self._end.asked.wait())
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        if self._end.asked.is_set():
            if not task.cancelled() and task.exception() is not None:
                self._office.log.warn("a stage failed while it was left", error=str(task.exception()))
            raise _Cut
        await task

    async def _hire(self) -> None:
        office = self._office
        office.phase("start", "starting children")
        workers = max(self._plan.load.workers, 0 if self._plan.warmup is None else self._plan.warmup.workers)
        await office.crew.start(self._setup.worker_module, workers, self._setup.environment)
        if self._plan.observation is not None:
            await office.watch.start(self._setup.observer_module, self._setup.environment)
            office.note_observer()
            office.doing = "preparing the observer"
            asked = observe_plan(self._plan, office.place, self._setup.earlier, self._setup.trace_id)
            office.metrics_detail(await office.watch.prepare(asked))

    async def _warm_up(self, plan: LoadPlan) -> None:
        office = self._office
        office.phase("warmup", "connecting for the warm-up")
        seconds = Seconds(histogram_max_ns(plan.limits.timeout_ns))
        phase = self._new_phase("warmup", plan, seconds)
        await self._begin(phase)
        await self._finish(phase)
        await office.keep_warmup(phase)

    async def _load(self) -> None:
        office, plan = self._office, self._plan.load
        office.phase("connect", "connecting")
        phase = self._new_phase("main", plan, office.seconds)
        newer_ns = fresh_ns(office.watch.detail)
        if newer_ns:  # first, because opened connections would stand idle while a Prometheus is waited for
            await self._scrape_start(newer_ns)
        await self._connect(phase)
        if not newer_ns:
            await self._near_grid()
            await self._scrape_start(0)
        self._main = phase
        t0_ns = self._first_ns(monotonic_ns() + LEAD_NS)
        office.begin_load(t0_ns)
        phase.start(t0_ns)
        office.watch.begin(t0_ns)
        if self._plan.exercise:
            until_ns = t0_ns + duration_ns(plan)
            self._exercise = self._spawn(
                exercise(self._plan, t0_ns, until_ns, office.count_exercise, self._newest_token)
            )
        await self._finish(phase)
        if self._exercise is not None:
            await asyncio.wait({self._exercise}, timeout=plan.limits.timeout_ns / NS_PER_S)
        await self._last_row(t0_ns)

    def _first_ns(self, at_ns: int) -> int:
        """Return t0: that instant, or the next one on the grid of the run that is gone on with."""
        earlier = self._setup.earlier
        return at_ns if earlier is None else earlier.next_t0_ns(at_ns)

    async def _near_grid(self) -> None:
        """Wait until t0 is close, so that the counters at the start are those of t0."""
        early_ns = monotonic_ns() + LEAD_NS + _SCRAPE_LEAD_NS
        await asyncio.sleep((self._first_ns(early_ns) - early_ns) / NS_PER_S)

    async def _scrape_start(self, newer_ns: int) -> None:
        if self._plan.observation is not None:
            office = self._office
            office.doing = "scraping the counters at the start"
            office.note_wait(newer_ns)
            office.counters("start", await office.watch.scrape("start", _SCRAPE_NS, newer_ns))

    async def _begin(self, phase: LoadPhase) -> None:
        await self._connect(phase)
        phase.start(monotonic_ns() + LEAD_NS)

    async def _connect(self, phase: LoadPhase) -> None:
        async with asyncio.timeout(_CONNECT_NS / NS_PER_S):
            await phase.prepare()
        if phase.unopened:
            self._office.chronicle.note(phase.unopened)
        self._office.doing = f"the {phase.name} phase"

    def _new_phase(
        self, name: str, plan: LoadPlan, seconds: Seconds, take_row: Callable[[Row], None] | None = None
    ) -> LoadPhase:
        office = self._office
        plan = with_token(plan, self._token) if self._token is not None else plan
        phase = LoadPhase(name, plan, office.crew.children, take_row or office.row_taker(seconds))
        unarmed = dict(self._setup.unarmed)
        if name == "warmup" or self._plan.observation is None:
            why = "not during the warm-up" if name == "warmup" else "no observer"
            unarmed.update(dict.fromkeys(("error_rate", "effective_fallback", "blind"), why))
        office.guard = Guard(
            self._plan.breaker,
            mean_rate_per_s(plan) or float(plan.concurrency),
            unarmed,
            self._on_trip,
            least_window_ns(office.watch.detail),
        )
        office.crew.phase = phase
        office.seconds_shown = seconds
        return phase

    async def _finish(self, phase: LoadPhase) -> None:
        """Wait for every final: the schedule, then the drain; then the load has failed."""
        patience_ns = LEAD_NS + duration_ns(phase.plan) + phase.plan.limits.drain_ns + _FINAL_PATIENCE_NS
        try:
            async with asyncio.timeout(patience_ns / NS_PER_S):
                await phase.wait()
        except TimeoutError:
            phase.abort()
            self._end.ask(Cause.FAILURE, f"{phase!r}: no final {format_duration(_FINAL_PATIENCE_NS)} after the drain")
        await self._office.show_end()

    async def _last_row(self, t0_ns: int) -> None:
        observation = self._plan.observation
        if observation is None:
            return
        self._office.doing = "waiting for the last sample"
        due_ns = t0_ns + observation.samples * observation.interval_ns - self._plan.load.skip_ns
        left_ns = max(0, due_ns - monotonic_ns()) + _LAST_ROW_NS
        if not await self._office.watch.wait_rows(observation.samples, left_ns):
            self._office.chronicle.gap(f"only {self._office.watch.rows} of {observation.samples} samples were written")

    # --- the end ------------------------------------------------------------------------------------------------

    def _on_trip(self, trip: Trip) -> None:
        """Stop the load in the same turn of the loop, then let everything else follow."""
        if self._office.crew.phase is not None:
            self._office.crew.phase.stop(monotonic_ns(), self._plan.load.limits.grace_ns, "circuit breaker")
        self._office.keep_trip(trip)
        self._office.decide(TRIP, self._office.trip or {})
        self._end.ask(Cause.BREAKER, str(trip))

    async def _wind_down(self) -> None:
        reason = self._end.first
        office = self._office
        if reason is not None:
            office.chronicle.event(EventName.DECISION, text=f"ending the run: {reason}")
            office.decide(END, {"cause": reason.cause.name.lower(), "text": str(reason)})
        office.phase("end", "ending")
        if self._exercise is not None and (reason is not None or not self._exercise.done()):
            self._exercise.cancel()
        if reason is not None:
            await self._cut_load(reason)
        phase = office.crew.phase
        if self._main is None and phase is not None and phase.started:
            await office.keep_warmup(phase)
        if not self._end.urgent.is_set():
            await self._last_scrapes(reason)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(office.crew.dismiss(_LEAVE_NS), office.watch.dismiss(_LEAVE_NS))

    async def _cut_load(self, reason: Reason) -> None:
        """Stop the phase in progress: drain, or cut when asked again or when the drain is not kept."""
        phase = self._office.crew.phase
        if phase is None or not phase.started or phase.finished:
            return
        limits = phase.plan.limits
        grace_ns = drain_ns(reason.cause, limits.drain_ns, limits.grace_ns)
        phase.stop(monotonic_ns(), grace_ns, str(reason))
        finished = asyncio.ensure_future(phase.wait())
        urgent = asyncio.ensure_future(self._end.urgent.wait())
        patience_s = (grace_ns + _CUT_PATIENCE_NS) / NS_PER_S
        await asyncio.wait({finished, urgent}, timeout=patience_s, return_when=asyncio.FIRST_COMPLETED)
        if not finished.done():
            phase.abort()
            await asyncio.wait({finished}, timeout=_CUT_PATIENCE_NS / NS_PER_S)
        for task in (finished, urgent):
            task.cancel()

    async def _last_scrapes(self, reason: Reason | None) -> None:
        office = self._office
        if self._main is None or not office.watch.alive:
            return
        office.watch.cease("the run is over" if reason is None else str(reason))
        hurried = reason is not None and reason.cause is not Cause.BREAKER
        patience_ns = _SHORT_SCRAPE_NS if hurried else _SCRAPE_NS
        if reason is not None:
            await office.watch.scrape("final", patience_ns)
        newer_ns = fresh_ns(office.watch.detail) if reason is None else 0
        sample = await self._newer_end(newer_ns) if newer_ns else None
        office.counters("end", sample or await office.watch.scrape("end", patience_ns))

    async def _newer_end(self, newer_ns: int) -> Sample | None:
        """Wait until a Prometheus has seen the end of the load; None when the run is asked to end meanwhile."""
        self._office.note_wait(newer_ns)
        scrape = asyncio.ensure_future(self._office.watch.scrape("end", _SCRAPE_NS, newer_ns))
        asked = asyncio.ensure_future(self._end.asked.wait())
        await asyncio.wait({scrape, asked}, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        if scrape.done():
            return scrape.result()
        scrape.cancel()
        return None

    # --- beside the stages --------------------------------------------------------------------------------------

    def _tell_of_token(self, sentence: str) -> None:
        self._office.chronicle.note(sentence)
        self._office.note_renewal()

    def _newest_token(self) -> Secret | None:
        return self._token or self._plan.jwt

    def _take_token(self, token: Secret) -> None:
        """Give a renewed token to the workers; phases that have not begun, begin with it."""
        self._token = token
        phase = self._office.crew.phase
        if phase is not None:
            phase.plan = with_token(phase.plan, token)
        self._office.crew.send(Token(token.reveal()))
        self._office.log.info("the token was renewed")
        self._office.note_renewal()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        task.add_done_callback(self._on_task_done)
        return task

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._office.log.error("a task of the supervisor failed", exc_info=error)
            self._end.ask(Cause.FAILURE, f"{type(error).__name__}: {error}")

    async def _evaluate(self) -> None:
        """Feed the breaker with the workers' counts, on the clock of the plan."""
        while True:
            phase = self._office.crew.phase
            if phase is not None and phase.started and not phase.finished and self._office.guard is not None:
                self._office.guard.load(monotonic_ns(), phase.ticks.live())
                self._office.miss_probes(monotonic_ns())
            await asyncio.sleep(self._plan.breaker.evaluate_ns / NS_PER_S / 2)

    async def _show(self) -> None:
        late_ns = 0
        while True:
            self._office.show(late_ns)
            due_ns = monotonic_ns() + _PROGRESS_NS
            await asyncio.sleep(_PROGRESS_NS / NS_PER_S)
            late_ns = max(0, monotonic_ns() - due_ns)
