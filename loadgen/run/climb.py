"""The supervisor of a capacity run: one load phase a step on the same workers, the observer and the breaker throughout.

Laws: what is run next is decided by `loadgen.run.capacity` alone; no step begins before the one before has said its
last word and stands in decisions.jsonl; a trip stops the load at once, and only the search says whether that was all.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import monotonic_ns
from loadgen.core.errors import ExitCode, worst_exit
from loadgen.core.events import EventName
from loadgen.core.histogram import histogram_max_ns
from loadgen.core.shape import Stage
from loadgen.core.units import NS_PER_S
from loadgen.core.whole_file import write_whole
from loadgen.run.capacity.answer import Verdict
from loadgen.run.capacity.block import Block
from loadgen.run.capacity.findings import State
from loadgen.run.capacity.outcome import Broke, Outcome, Purpose, Result
from loadgen.run.capacity.schedule import step_terms, trouble_in
from loadgen.run.capacity.search import Move, answer_so_far, next_move
from loadgen.run.capacity.step import StepJudge
from loadgen.run.capacity.tally import columns_of, means_of
from loadgen.run.capacity.task import capacity_document
from loadgen.run.course import Course
from loadgen.run.decisions import ANSWER, ASKED, LOOK, OUTCOME, TRIP, set_aside
from loadgen.run.ending import Cause
from loadgen.run.guard import trip_body
from loadgen.run.seconds import Seconds
from loadgen.run.stepping import StepRows, step_validity, unserved_in
from loadgen.run.supervise import LEAD_NS, Supervisor
from loadgen.run.validity import State as Validity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from loadgen.core.events import View
    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.model import Plan
    from loadgen.run.breaker import Trip
    from loadgen.run.capacity.answer import Answer
    from loadgen.run.capacity.step import Standing, StepTerms
    from loadgen.run.capacity.task import CapacityTask
    from loadgen.run.ending import Ending
    from loadgen.run.phases import LoadPhase
    from loadgen.run.setup import Setup

_RESULTS = {State.HOLDS: Result.HELD, State.FAILS: Result.FAILED, State.UNKNOWN: Result.UNKNOWN}
_ROW_NS = 3 * NS_PER_S


async def climb(
    plan: Plan, place: RunDirectory, view: View, setup: Setup, *, task: CapacityTask, resumed: bool = False
) -> Ending:
    """Do a capacity task in a run directory; return how it ended, the answer's exit code included.

    `resumed`: what an earlier session left there is set aside where it would be overwritten.
    """
    if resumed:
        set_aside((place.load_stats, place.latency_hlog, place.probes_csv))
    return await Climb(plan, place, view, setup, task).run()


class Climb(Supervisor):
    """One capacity run."""

    def __init__(self, plan: Plan, place: RunDirectory, view: View, setup: Setup, task: CapacityTask) -> None:
        super().__init__(plan, place, view, setup)
        self._task = task
        self._outcomes = list(task.before)
        self._answer: Answer | None = None
        self._course = Course(plan.load)
        self._rows: StepRows | None = None
        self._began_ns: int | None = None
        self._trip: Trip | None = None

    def __repr__(self) -> str:
        return f"<Climb after {len(self._outcomes)} steps, {self._office!r}>"

    async def run(self) -> Ending:
        """Do all of it."""
        ending = await super().run()
        code = ExitCode.INCOMPLETE if self._answer is None else self._answer.verdict.exit_code
        sentence = ending.sentence if self._answer is None else str(self._answer)
        return replace(ending, exit_code=worst_exit([ending.exit_code, code]), sentence=sentence)

    async def _load(self) -> None:
        self._decide(ASKED, self._task.to_body())
        while isinstance(move := next_move(self._task.terms, self._outcomes), Move):
            self._keep(answer_so_far(self._outcomes))
            outcome = await self._step(len(self._outcomes) + 1, move)
            self._outcomes.append(outcome)
            self._decide(OUTCOME, outcome.to_body())
            self._tell(f"{outcome.rate} {outcome.result.value}{_why(outcome)}")
        self._answer = move
        self._decide(ANSWER, {**move.to_body(), "final": True})
        self._keep(move)
        self._tell(str(move))
        if move.verdict is Verdict.BREAKER:
            self._end.ask(Cause.BREAKER, move.reason if self._trip is None else str(self._trip))

    async def _step(self, number: int, move: Move) -> Outcome:
        terms = step_terms(move.rate, move.purpose, self._task.conditions, self._task.lengths)
        plan = replace(self._plan.load, stages=(Stage(move.rate, terms.longest_s * NS_PER_S),), requests=None)
        shown = Seconds(histogram_max_ns(plan.limits.timeout_ns))
        rows = self._rows = StepRows((self._office.row_taker(self._office.seconds), self._office.row_taker(shown)))
        phase = self._new_phase(f"step {number}, {move.purpose.value} {move.rate}", plan, shown, rows.take)
        self._tell(f"step {number}: {move.purpose.value} at {move.rate}, {move.reason}")
        await self._connect(phase)
        if self._began_ns is None:
            await self._scrape_start(0)
        self._start(phase, rows)
        blocks: list[Block] = []
        async with asyncio.timeout(terms.longest_s + plan.limits.drain_ns / NS_PER_S + _ROW_NS / NS_PER_S):
            judged = await self._judge(number, move.purpose, terms, blocks)
        phase.stop(monotonic_ns(), plan.limits.drain_ns, "the step is decided")
        await self._finish(phase)
        if rows.broke and judged.result is not Result.TRIPPED:  # while the last answers were waited for
            judged = replace(judged, result=Result.TRIPPED, broke=rows.broke, detail=rows.broke[0].text)
        ended = self._course.end()
        figures = means_of(blocks, move.rate.per_s)
        unserved = unserved_in(ended)
        judged = replace(judged, unserved=unserved, unreached=bool(unserved) and not ended.totals["sent"])
        validity = step_validity(ended, rows)
        self._course.judged.append(validity)
        if validity.state is Validity.INVALID:
            judged = replace(judged, result=Result.INVALID, detail=validity.reasons[0], broke=())
        return replace(judged, number=number, rate=move.rate, purpose=move.purpose, figures=figures)

    def _start(self, phase: LoadPhase, rows: StepRows) -> None:
        """Begin at the next whole second of the run's grid, so that all files keep one count of seconds."""
        t0_ns = monotonic_ns() + LEAD_NS
        if self._began_ns is None:
            self._began_ns = t0_ns
            self._office.begin_load(t0_ns)
            self._office.watch.begin(t0_ns)
        seconds = -(-(t0_ns - self._began_ns) // NS_PER_S)
        rows.shift = seconds
        self._main = self._course
        self._course.begin(phase)
        phase.start(self._began_ns + seconds * NS_PER_S)

    async def _judge(self, number: int, purpose: Purpose, terms: StepTerms, blocks: list[Block]) -> Outcome:
        """Look at every block until one decides; fill `blocks`."""
        rows = self._rows
        assert rows is not None
        blank = Outcome(number, self._task.terms.ceiling, purpose, Result.TRIPPED)
        judge = StepJudge(self._task.conditions, terms)
        if await rows.until(terms.settle_s):
            await self._columns()
        for look in range(terms.looks):
            begin = terms.settle_s + look * terms.block_s
            if not await rows.until(begin + terms.block_s):
                return replace(blank, broke=rows.broke, detail=rows.broke[0].text)
            blocks.append(Block(tuple(rows.seconds[begin : begin + terms.block_s]), await self._columns()))
            if purpose is Purpose.RECOVER:
                trouble = trouble_in(blocks[-1], self._task.conditions)
                return replace(blank, result=Result.FAILED if trouble else Result.HELD, broke=trouble)
            standing = judge.look(blocks[-1])
            self._decide(LOOK, _look_body(number, standing))
            if standing.state is not State.OPEN:
                return _outcome(blank, standing)
        raise AssertionError("the last look left the step open")

    async def _columns(self) -> dict[str, float]:
        """Have a row of metrics.csv written up to now and return its columns; nothing without an observer."""
        if self._plan.observation is None:
            return {}
        sample = await self._office.watch.scrape("final", _ROW_NS)
        return {} if sample is None or not sample.ok else columns_of(sample.row)

    def _on_trip(self, trip: Trip) -> None:
        phase = self._office.crew.phase
        if self._rows is None or phase is None:  # in the warm-up, before there was a step
            super()._on_trip(trip)
            return
        phase.stop(monotonic_ns(), self._plan.load.limits.grace_ns, "circuit breaker")
        self._trip = trip
        self._office.keep_trip(trip)
        self._decide(TRIP, trip_body(trip, "", phase.name))
        side = "client" if trip.input.value == "client" else "server"
        self._rows.cut(Broke(trip.metric, side, f"the breaker tripped: {trip}"))

    # --- what is kept -------------------------------------------------------------------------------------------

    def _decide(self, kind: str, body: dict[str, Any]) -> None:
        self._office.decide(kind, body)

    def _keep(self, answer: Answer) -> None:
        place = self._office.place
        document = capacity_document(self._task, place.run_id, answer, self._outcomes)
        self._office.scribe.do("capacity.json", partial(_write, place.capacity, document))

    def _tell(self, text: str) -> None:
        self._office.chronicle.event(EventName.NOTE, text=text)


def _write(path: Path, document: dict[str, Any]) -> None:
    write_whole(path, orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def _outcome(blank: Outcome, standing: Standing) -> Outcome:
    broke = tuple(Broke(one.condition, one.side.value, str(one)) for one in _by_severity(standing))
    unknown = [str(one) for one in standing.findings if one.state is State.UNKNOWN]
    return replace(blank, result=_RESULTS[standing.state], clear=standing.clear, broke=broke, detail="; ".join(unknown))


def _by_severity(standing: Standing) -> Sequence[Any]:
    """Return the broken conditions: the clear ones first, and of those the farthest beyond its limit."""

    def key(finding: Any) -> tuple[bool, float]:
        beyond = 1.0 if finding.interval is None or not finding.limit else finding.interval.estimate / finding.limit
        return finding.clear, max(beyond, 1 / beyond) if beyond > 0 else beyond

    return sorted(standing.broken, key=key, reverse=True)


def _look_body(number: int, standing: Standing) -> dict[str, Any]:
    return {
        "number": number,
        "look": standing.looks,
        "state": standing.state.value,
        "findings": [finding.to_body() for finding in standing.findings],
    }


def _why(outcome: Outcome) -> str:
    close = "" if outcome.clear else " (by its estimate)"
    text = outcome.detail or (outcome.broke[0].text if outcome.broke else "")
    return close + (f": {text}" if text else "")
