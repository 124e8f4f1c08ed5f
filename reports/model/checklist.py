"""What people answer for: the operational side of readiness, each answer with its evidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `yes` None is no answer, `evidence` says where a reader can convince himself."""

    yes: bool | None = None
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill and whether it was passed."""

    name: str
    passed: bool
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Checklist:
    """The answers of a checklist file; `source` is empty when there was none."""

    source: str = ""
    runbooks: Answer = Answer()
    alert_routing: Answer = Answer()
    dashboards: Answer = Answer()
    drills: tuple[Drill, ...] = ()
