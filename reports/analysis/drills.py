"""What the records of tabletop drills are worth: fresh, complete, and the newest of each drill.

Laws: a drill older than 90 days, from the future, or not held to its end is no evidence; the newest record of a drill
replaces those before it, so a pass never hides a later failure; pure, the present time is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from loadgen.core.drill_record import CRITERIA, ENOUGH
from reports.analysis.quantity import plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from loadgen.core.drill_record import DrillRecord

OLDEST = timedelta(days=90)
CLOCK_SLACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Held:
    """One record: `why_not` says why it is no evidence, empty where it is."""

    record: DrillRecord
    age: timedelta
    why_not: str

    @property
    def told(self) -> str:
        """The drill, its score, grade and age in a sentence."""
        score = f"{self.record.score} of {len(CRITERIA)}, grade {self.record.grade}"
        days = max(0, self.age.days)
        return f"drill {self.record.drill}: {score}, {plural(days, 'day')} ago" + (
            f" ({self.why_not})" if self.why_not else ""
        )


def weigh(records: Sequence[DrillRecord], now: datetime) -> tuple[Held, ...]:
    """Weigh each record, newest first."""
    complete = [record for record in records if record.complete]
    newest = {record.drill: record for record in sorted(complete, key=_end)}
    ordered = sorted(records, key=_end, reverse=True)
    return tuple(Held(record, now - _end(record), _why_not(record, newest, now)) for record in ordered)


def _end(record: DrillRecord) -> datetime:
    return record.ended or record.started


def _why_not(record: DrillRecord, newest: dict[str, DrillRecord], now: datetime) -> str:
    age = now - _end(record)
    if not record.complete:
        return "not held to its end"
    if age < -CLOCK_SLACK:
        return "lies in the future"
    if age > OLDEST:
        return f"older than {OLDEST.days} days"
    return "" if newest[record.drill] is record else "held again since"


def drills_passed(held: Sequence[Held]) -> tuple[bool | None, str]:
    """Return whether the drills that count were passed, None where none counts, and the sentence behind it."""
    counting = [item for item in held if not item.why_not]
    told = "; ".join(item.told for item in (counting or held))
    if not counting:
        return None, f"no drill counts: {told}"
    return all(item.record.score >= ENOUGH for item in counting), told


def contradiction(held: Sequence[Held], criterion: str) -> str:
    """Return which drill that counts failed a criterion, as a sentence; empty for none."""
    for item in held:
        finding = item.record.findings.get(criterion)
        if not item.why_not and finding is not None and not finding.passed:
            return f"drill {item.record.drill} found the contrary ({max(0, item.age.days)} days ago)"
    return ""
