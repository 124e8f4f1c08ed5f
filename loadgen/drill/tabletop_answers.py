"""A whole tabletop drill out of an answers file (TOML), for drills that were held without the command.

Law: every problem of the file in one message; nothing that is missing is filled in.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loadgen.core.drill_record import CRITERIA, Criterion, DrillRecord, Finding, PhaseTime, timed
from loadgen.core.errors import InputError, Problem
from loadgen.drill.tabletop import PHASES

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.drill.tabletop import Phase, Scenario

NEVER = "never"
_YES = {"yes": True, "no": False, True: True, False: False}
_TOP = {"participants", "debrief", "phase", "criterion"}
_TIMES = ("started_at", "ended_at")


def read_answers(path: Path, scenario: Scenario, now: datetime) -> DrillRecord:
    """Return the drill that a file tells; raise InputError with all of its problems."""
    try:
        body = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError([Problem("--answers", str(path), f"cannot be read: {error}")]) from error
    answers = _Answers(body, now)
    record = answers.record(scenario)
    if answers.problems or record is None:
        raise InputError(answers.problems)
    return record


class _Answers:
    """Reads one body and gathers its problems."""

    def __init__(self, body: dict[str, Any], now: datetime) -> None:
        self.problems: list[Problem] = []
        self._body = body
        self._now = now

    def record(self, scenario: Scenario) -> DrillRecord | None:
        self._foreign("", self._body, _TOP, "unknown: an answers file has participants, debrief, phase and criterion")
        phases = self._phases(self._table("phase", {phase.key for phase in PHASES}))
        findings = self._findings(self._table("criterion", {criterion.key for criterion in CRITERIA}))
        participants = self._body.get("participants", [])
        if not isinstance(participants, list) or not all(isinstance(name, str) for name in participants):
            self._wrong("participants", None, "write a list of texts")
            participants = []
        debrief = self._text("debrief", self._body)
        if self.problems:
            return None
        started, ended = phases[PHASES[0].key].started, phases[PHASES[-1].key].ended
        assert started is not None, "a phase without its time is a problem"
        return DrillRecord(
            scenario.number, scenario.title, started, ended, tuple(participants), phases, findings, debrief
        )

    def _wrong(self, key: str, value: object, remedy: str) -> None:
        self.problems.append(Problem(key, None if value is None else str(value), remedy))

    def _foreign(self, place: str, table: dict[str, Any], known: set[str], remedy: str) -> None:
        for key in sorted(table.keys() - known):
            self._wrong(f"{place}{key}", None, remedy)

    def _table(self, name: str, known: set[str]) -> dict[str, Any]:
        """Return the tables below a name; one that is missing is empty."""
        value = self._body.get(name, {})
        if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
            self._wrong(name, None, f"write [{name}.NAME] tables")
            return {}
        self._foreign(f"{name}.", value, known, f"unknown: there are {', '.join(sorted(known))}")
        return value

    def _text(self, key: str, table: dict[str, Any], place: str = "") -> str:
        value = table.get(key, "")
        if isinstance(value, str):
            return value.strip()
        self._wrong(f"{place}{key}", value, "write a text")
        return ""

    def _phases(self, tables: dict[str, Any]) -> dict[str, PhaseTime]:
        found: dict[str, PhaseTime] = {}
        before: datetime | None = None
        for phase in PHASES:
            time = self._phase(phase, tables.get(phase.key, {}), before)
            found[phase.key] = time
            before = time.ended or before
        return found

    def _phase(self, phase: Phase, table: dict[str, Any], before: datetime | None) -> PhaseTime:
        place = f"phase.{phase.key}."
        self._foreign(place, table, {*_TIMES, "note"}, "unknown key: remove it")
        started, ended = (self._time(table, name, place) for name in _TIMES)
        if started is not None and before is not None and started < before:
            self._wrong(f"{place}started_at", started, "lies before the end of the phase before")
        if started is not None and ended is not None and ended < started:
            self._wrong(f"{place}ended_at", ended, "lies before its started_at")
        return PhaseTime(phase.key, started, ended, self._text("note", table, place))

    def _time(self, table: dict[str, Any], name: str, place: str) -> datetime | None:
        value = table.get(name)
        if not isinstance(value, datetime) or value.tzinfo is None:
            self._wrong(f"{place}{name}", value, "write a time with its zone, such as 2026-03-01T12:00:00Z")
            return None
        if value > self._now:
            self._wrong(f"{place}{name}", value, "lies in the future: a drill that was not held has no result")
        return value.astimezone(UTC)

    def _findings(self, tables: dict[str, Any]) -> dict[str, Finding]:
        found = (self._finding(criterion, tables.get(criterion.key, {})) for criterion in CRITERIA)
        return {finding.key: finding for finding in found if finding is not None}

    def _finding(self, criterion: Criterion, table: dict[str, Any]) -> Finding | None:
        place = f"criterion.{criterion.key}."
        decides = "passed" if criterion.limit_minutes is None else "minutes"
        self._foreign(place, table, {decides, "evidence"}, "unknown key: remove it")
        evidence = self._text("evidence", table, place)
        value = table.get(decides)
        try:
            finding = finding_of(criterion, value, evidence)
        except ValueError as error:
            self._wrong(f"{place}{decides}", value, str(error))
            return None
        if finding.passed and not evidence:
            self._wrong(f"{place}evidence", None, "missing: say where a reader can convince himself")
        return finding


def finding_of(criterion: Criterion, value: object, evidence: str) -> Finding:
    """Return what an answer comes to: minutes or `never` where there is a limit, else yes or no.

    Raises ValueError saying what to write.
    """
    if criterion.limit_minutes is None:
        if not isinstance(value, bool | str) or value not in _YES:
            raise ValueError("write yes or no")
        return Finding(criterion.key, _YES[value], evidence)
    if value == NEVER:
        return timed(criterion.key, None, evidence)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError(f"write minutes, such as 11.5, or {NEVER}")
    return timed(criterion.key, float(value), evidence)
