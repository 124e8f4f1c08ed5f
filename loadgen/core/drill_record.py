"""The record of a tabletop drill: when each phase was held, what each of six criteria came to, and the grade.

Laws: score and grade follow from the criteria and are never read from a file; a criterion with a limit is decided by
its minutes; one that was passed without evidence does not count as passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import iso_utc, parse_utc
from loadgen.core.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

SCHEMA_VERSION = 1
KIND = "tabletop drill"
ENOUGH = 5
"""How many of the criteria a drill must pass to count as passed."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing a drill is judged by; with `limit_minutes` its time decides, without one a yes or no."""

    key: str
    title: str
    limit_minutes: float | None = None


CRITERIA = (
    Criterion("fires", "The alert fires within 15 min", 15.0),
    Criterion("channel", "It arrives in the right channel, and in no other"),
    Criterion("dashboard", "The dashboard shows the error rate beside the traffic"),
    Criterion("runbook", "The runbook that the alert names opens and fits"),
    Criterion("inhibition", "The critical alert silences the warning"),
    Criterion("resolves", "The alert resolves within 10 min", 10.0),
)
BY_KEY = {criterion.key: criterion for criterion in CRITERIA}
_GRADES = ((6, "A+"), (5, "A"), (4, "B"), (0, "F"))


@dataclass(frozen=True, slots=True)
class Finding:
    """What one criterion came to: `minutes` only where it has a limit, None there for never."""

    key: str
    passed: bool
    evidence: str = ""
    minutes: float | None = None

    @property
    def counts(self) -> bool:
        """Say whether it is a point: passed, with evidence."""
        return self.passed and bool(self.evidence)


@dataclass(frozen=True, slots=True)
class PhaseTime:
    """When a phase was held, and what was noted; None while it has not begun or ended."""

    key: str
    started: datetime | None = None
    ended: datetime | None = None
    note: str = ""

    @property
    def minutes(self) -> float | None:
        """How long it took."""
        if self.started is None or self.ended is None:
            return None
        return (self.ended - self.started).total_seconds() / 60


@dataclass(frozen=True, slots=True)
class DrillRecord:
    """One drill as it was held; `phases` and `findings` hold what there is so far, by key."""

    drill: str
    title: str
    started: datetime
    ended: datetime | None = None
    participants: tuple[str, ...] = ()
    phases: Mapping[str, PhaseTime] = field(default_factory=dict)
    findings: Mapping[str, Finding] = field(default_factory=dict)
    debrief: str = ""
    source: str = ""

    @property
    def complete(self) -> bool:
        """Say whether it was held to its end with every criterion decided."""
        return self.ended is not None and all(criterion.key in self.findings for criterion in CRITERIA)

    @property
    def score(self) -> int:
        return sum(finding.counts for finding in self.findings.values())

    @property
    def passed(self) -> bool:
        return self.complete and self.score >= ENOUGH

    @property
    def grade(self) -> str:
        """The grade, `incomplete` while the drill is not complete."""
        return grade_of(self.score) if self.complete else "incomplete"

    def to_body(self) -> dict[str, Any]:
        """Return the record as it stands in its file."""
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": KIND,
            "drill": self.drill,
            "title": self.title,
            "status": "complete" if self.complete else "partial",
            "started_at": iso_utc(self.started),
            "ended_at": None if self.ended is None else iso_utc(self.ended),
            "participants": list(self.participants),
            "phases": [_phase_body(phase) for phase in self.phases.values()],
            "criteria": [_finding_body(finding) for finding in self.findings.values()],
            "score": self.score,
            "of": len(CRITERIA),
            "grade": self.grade,
            "passed": self.passed,
            "debrief": self.debrief,
        }


def grade_of(score: int) -> str:
    """Return the grade of a score out of six.

    >>> [grade_of(score) for score in (6, 5, 4, 3, 0)]
    ['A+', 'A', 'B', 'F', 'F']
    """
    return next(grade for least, grade in _GRADES if score >= least)


def timed(key: str, minutes: float | None, evidence: str) -> Finding:
    """Return the finding of a criterion that has a limit; None minutes is never."""
    limit = BY_KEY[key].limit_minutes
    assert limit is not None, f"{key} has no limit"
    return Finding(key, minutes is not None and minutes <= limit, evidence, minutes)


def _phase_body(phase: PhaseTime) -> dict[str, Any]:
    return {
        "phase": phase.key,
        "started_at": None if phase.started is None else iso_utc(phase.started),
        "ended_at": None if phase.ended is None else iso_utc(phase.ended),
        "minutes": None if phase.minutes is None else round(phase.minutes, 2),
        "note": phase.note,
    }


def _finding_body(finding: Finding) -> dict[str, Any]:
    criterion = BY_KEY[finding.key]
    timing = {} if criterion.limit_minutes is None else {
        "minutes": finding.minutes, "limit_minutes": criterion.limit_minutes,
    }  # fmt: skip
    return {
        "criterion": finding.key,
        "title": criterion.title,
        "passed": finding.passed,
        **timing,
        "evidence": finding.evidence,
    }


def read_drill(path: Path) -> DrillRecord:
    """Read a drill's file, complete or partial; raise InputError naming everything that is wrong with it."""
    try:
        body = orjson.loads(path.read_bytes())
    except OSError as error:
        raise InputError([Problem("drill", str(path), f"cannot be read: {error.strerror}")]) from error
    except orjson.JSONDecodeError as error:
        raise InputError([Problem("drill", str(path), f"is not JSON: {error}")]) from error
    if not isinstance(body, dict) or body.get("kind") != KIND or body.get("schema_version") != SCHEMA_VERSION:
        remedy = f"is no drill's record of version {SCHEMA_VERSION}: make one with loadgen drill tabletop"
        raise InputError([Problem("drill", str(path), remedy)])
    reader = _Reader()
    record = reader.record(body, str(path))
    if reader.problems or record is None:
        raise InputError([Problem(f"{path}: {key}", value, remedy) for key, value, remedy in reader.problems])
    return record


class _Reader:
    """Reads one body and gathers what is wrong."""

    def __init__(self) -> None:
        self.problems: list[tuple[str, str | None, str]] = []

    def record(self, body: dict[str, Any], source: str) -> DrillRecord | None:
        started = self._time(body, "started_at", "started_at")
        if started is None and not self.problems:
            self._wrong("started_at", None, "is missing")
        phases = [self._phase(item, at) for at, item in enumerate(self._list(body, "phases"), 1)]
        findings = [self._finding(item, at) for at, item in enumerate(self._list(body, "criteria"), 1)]
        ended = self._time(body, "ended_at", "ended_at")
        if started is None:
            return None
        if ended is not None and ended < started:
            self._wrong("ended_at", iso_utc(ended), "lies before started_at")
        return DrillRecord(
            drill=str(body.get("drill") or ""),
            title=str(body.get("title") or ""),
            started=started,
            ended=ended,
            participants=tuple(str(name) for name in self._list(body, "participants")),
            phases={phase.key: phase for phase in phases if phase},
            findings={finding.key: finding for finding in findings if finding},
            debrief=str(body.get("debrief") or ""),
            source=source,
        )

    def _wrong(self, key: str, value: str | None, remedy: str) -> None:
        self.problems.append((key, value, remedy))

    def _list(self, body: dict[str, Any], key: str) -> list[Any]:
        value = body.get(key, [])
        if isinstance(value, list):
            return value
        self._wrong(key, None, "is not a list")
        return []

    def _time(self, body: dict[str, Any], key: str, place: str) -> datetime | None:
        text = body.get(key)
        if text is None:
            return None
        try:
            moment = parse_utc(text)
        except (TypeError, ValueError):
            self._wrong(place, str(text), "is no time such as 2026-03-01T12:00:00Z")
            return None
        return moment

    def _phase(self, item: Any, number: int) -> PhaseTime | None:
        place = f"phases {number}"
        if not isinstance(item, dict) or not isinstance(item.get("phase"), str):
            self._wrong(place, None, "needs a phase")
            return None
        started, ended = (self._time(item, name, f"{place}.{name}") for name in ("started_at", "ended_at"))
        if started is not None and ended is not None and ended < started:
            self._wrong(f"{place}.ended_at", iso_utc(ended), "lies before its started_at")
        return PhaseTime(item["phase"], started, ended, str(item.get("note") or ""))

    def _finding(self, item: Any, number: int) -> Finding | None:
        place = f"criteria {number}"
        key = item.get("criterion") if isinstance(item, dict) else None
        if key not in BY_KEY:
            self._wrong(place, None if key is None else str(key), f"is none of {', '.join(BY_KEY)}")
            return None
        evidence = str(item.get("evidence") or "").strip()
        if BY_KEY[key].limit_minutes is not None:
            minutes = item.get("minutes")
            if minutes is not None and (isinstance(minutes, bool) or not isinstance(minutes, int | float)):
                self._wrong(f"{place}.minutes", str(minutes), "is no number")
                return None
            return timed(key, minutes, evidence)
        if not isinstance(item.get("passed"), bool):
            self._wrong(f"{place}.passed", None, "is neither true nor false")
            return None
        return Finding(key, item["passed"], evidence)
