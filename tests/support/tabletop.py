"""Tabletop drills for tests: an answers file in full, and a script that answers what a drill asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from loadgen.core.clock import iso_utc
from loadgen.core.drill_record import CRITERIA, DrillRecord, Finding, PhaseTime, timed
from loadgen.drill.tabletop import PHASES

HELD = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def answers_text(**changes: str) -> str:
    """Return an answers file in which everything passes; `changes` replace whole tables by their dotted name."""
    at, tables = HELD, {}
    for phase in PHASES:
        end = at + timedelta(minutes=phase.minutes)
        tables[f"phase.{phase.key}"] = f"started_at = {iso_utc(at)}\nended_at = {iso_utc(end)}"
        at = end
    for criterion in CRITERIA:
        decided = 'passed = "yes"' if criterion.limit_minutes is None else f"minutes = {criterion.limit_minutes}"
        tables[f"criterion.{criterion.key}"] = f'{decided}\nevidence = "seen"'
    tables.update({name.replace("_", "."): body for name, body in changes.items()})
    return "".join(f"[{name}]\n{body}\n" for name, body in tables.items())


def held_drill(passed: int = 6, *, at: datetime = HELD, drill: str = "01", failed: tuple[str, ...] = ()) -> DrillRecord:
    """Return a complete drill that passed the first `passed` criteria, but none of `failed`."""
    findings = {}
    for number, criterion in enumerate(CRITERIA, 1):
        good = number <= passed and criterion.key not in failed
        findings[criterion.key] = (
            Finding(criterion.key, good, "seen")
            if criterion.limit_minutes is None
            else timed(criterion.key, 5.0 if good else None, "seen")
        )
    phases = {phase.key: PhaseTime(phase.key, at, at) for phase in PHASES}
    return DrillRecord(drill, "Error rate warning", at, at, ("on call",), phases, findings, "", f"drill-{drill}.json")


PASSING = (
    "", "signal at 12:00",  # inject
    "", "11.5", "prometheus /alerts", "yes", "#ops 12:11", "yes", "opened in 3 s", "acknowledged",  # alert
    "", "yes", "dashboard link", "synthetic: job label",  # triage
    "", "would run loadgen stop",  # mitigation
    "", "yes", "alertmanager shows suppressed", "",  # inhibition
    "", "4", "resolved 12:20", "",  # resolution
    "nothing to mend",
)  # fmt: skip
"""What somebody types in a drill in which everything passes, a line an answer."""
