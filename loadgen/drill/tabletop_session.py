"""Hold a tabletop drill: lead through the phases, note the times, ask for each criterion.

Laws: the record is saved after every answer, so an interrupted drill goes on where it was; a wrong answer is asked
again; nothing is taken for granted when answers end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from loadgen.core.clock import iso_utc
from loadgen.core.drill_record import BY_KEY, CRITERIA, DrillRecord, PhaseTime
from loadgen.drill.tabletop import MINUTES, PHASES
from loadgen.drill.tabletop_answers import NEVER, finding_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.core.clock import Clock
    from loadgen.core.drill_record import Criterion, Finding
    from loadgen.drill.tabletop import Phase, Scenario


class Talk(Protocol):
    """Whom the drill is held with; `ask` raises EOFError when there are no more answers."""

    def say(self, text: str = "") -> None: ...

    def ask(self, question: str) -> str: ...


def begin(scenario: Scenario, participants: tuple[str, ...], clock: Clock) -> DrillRecord:
    """Return the record of a drill that begins now."""
    return DrillRecord(scenario.number, scenario.title, clock.utc_now(), participants=participants)


class Session:
    """One drill under way; `record` is what there is of it so far."""

    def __init__(
        self, scenario: Scenario, record: DrillRecord, talk: Talk, clock: Clock, save: Callable[[DrillRecord], None]
    ) -> None:
        self.record = record
        self._scenario = scenario
        self._talk = talk
        self._clock = clock
        self._save = save

    def conduct(self) -> DrillRecord:
        """Hold what is left of the drill and return its record; raise EOFError when the answers end before it does."""
        drill = self._scenario
        self._talk.say(f"Drill {drill.number}: {drill.title}. {len(PHASES)} phases, {MINUTES} min.")
        self._keep(self.record)
        for number, phase in enumerate(PHASES, 1):
            held = self.record.phases.get(phase.key)
            if held is None or held.ended is None:
                self._hold(number, phase, held)
        if not self.record.debrief:
            self._keep(replace(self.record, debrief=self._talk.ask("Debrief: what to mend, and who does it?").strip()))
        self._keep(replace(self.record, ended=self.record.phases[PHASES[-1].key].ended))
        return self.record

    def _hold(self, number: int, phase: Phase, held: PhaseTime | None) -> None:
        say = self._talk.say
        say()
        say(f"Phase {number} of {len(PHASES)}: {phase.title} ({phase.minutes} min)")
        for step in phase.steps:
            say(f"  - {self._scenario.step(step)}")
        if held is None or held.started is None:
            self._talk.ask("Enter when it begins")
            held = PhaseTime(phase.key, self._clock.utc_now())
            self._keep_phase(held)
        assert held.started is not None, "it was just begun"
        say(f"  begun {iso_utc(held.started)}")
        for key in phase.asks:
            if key not in self.record.findings:
                self._decide(BY_KEY[key])
        note = self._talk.ask("Note, and Enter when the phase is over").strip()
        held = replace(held, ended=self._clock.utc_now(), note=note)
        self._keep_phase(held)
        assert held.minutes is not None, "it has both times"
        late = " (over)" if held.minutes > phase.minutes else ""
        say(f"  ended {iso_utc(self._clock.utc_now())}, {held.minutes:.1f} of {phase.minutes} min{late}")

    def _decide(self, criterion: Criterion) -> None:
        finding = self._answer(criterion)
        if finding.passed:
            while not finding.evidence:
                finding = replace(finding, evidence=self._talk.ask("  Evidence (link, message, file)").strip())
        self._keep(replace(self.record, findings={**self.record.findings, finding.key: finding}))
        self._talk.say(f"  {'passed' if finding.passed else 'FAILED'}: {criterion.title}")

    def _answer(self, criterion: Criterion) -> Finding:
        limited = criterion.limit_minutes is not None
        question = f"  {criterion.title}: " + (f"after how many minutes ({NEVER})" if limited else "yes or no")
        while True:
            text = self._talk.ask(question).strip().lower()
            try:
                return finding_of(criterion, _number(text) if limited and text != NEVER else text, "")
            except ValueError as error:
                self._talk.say(f"  {text!r}: {error}")

    def _keep_phase(self, held: PhaseTime) -> None:
        self._keep(replace(self.record, phases={**self.record.phases, held.key: held}))

    def _keep(self, record: DrillRecord) -> None:
        self.record = record
        self._save(record)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def summary(record: DrillRecord) -> list[str]:
    """Return the result in lines: each criterion, the score, the grade."""
    lines = []
    for criterion in CRITERIA:
        finding = record.findings.get(criterion.key)
        told = "open" if finding is None else "passed" if finding.counts else "FAILED"
        lines.append(f"  {told:<7} {criterion.title}")
    over = [
        f"{phase.key} {held.minutes:.1f} of {phase.minutes} min"
        for phase in PHASES
        if (held := record.phases.get(phase.key)) and held.minutes is not None and held.minutes > phase.minutes
    ]
    if over:
        lines.append(f"  longer than planned: {', '.join(over)}")
    return [*lines, f"score {record.score} of {len(CRITERIA)}, grade {record.grade}"]
