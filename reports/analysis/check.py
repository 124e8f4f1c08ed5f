"""The vocabulary of judgement: one check is one question with its answer and the numbers behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, StrEnum
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

from reports.analysis import quantity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.analysis.quantity import Unit


class Status(StrEnum):
    """The answer: WARN is a pass that needs a look, NA is no answer and never a pass."""

    PASS = "PASS"  # noqa: S105 - a verdict
    WARN = "WARN"
    FAIL = "FAIL"
    NA = "NA"


class Weight(Enum):
    """What an answer does to the verdict.

    MANDATORY: FAIL is NO-GO, NA is INCOMPLETE. BLOCKING: FAIL is NO-GO, NA is neutral. INFORMATIVE: shown only.
    """

    MANDATORY = "mandatory"
    BLOCKING = "blocking"
    INFORMATIVE = "informative"


@dataclass(frozen=True, slots=True)
class RowStats:
    """Figures of the CSV's rows, shown beside the judged value; `stddev` is the population's, 0 for one row."""

    rows: int
    minimum: float
    maximum: float
    average: float
    stddev: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> RowStats | None:
        """Return the figures of the values that exist, None when there is none."""
        known = [value for value in values if value is not None]
        if not known:
            return None
        average = fmean(known)
        return cls(len(known), min(known), max(known), average, pstdev(known))


@dataclass(frozen=True, slots=True)
class Goal:
    """A target: the value must be at least `bound`, or at most it where `upper`."""

    bound: float
    upper: bool
    unit: Unit

    def met(self, value: float) -> bool:
        return value <= self.bound if self.upper else value >= self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.upper else '≥'} {quantity.limit(self.bound, self.unit)}"


@dataclass(frozen=True, slots=True)
class Check:
    """One judged question.

    `key` is stable for machines, `title` is for people, `value` the judged figure in `goal.unit`; `reason` says in a
    sentence why the status is what it is.
    """

    key: str
    title: str
    status: Status
    weight: Weight
    reason: str
    value: float | None = None
    goal: Goal | None = None
    rows: RowStats | None = None

    @property
    def stops(self) -> bool:
        """Say whether this check alone makes the run a NO-GO."""
        return self.status is Status.FAIL and self.weight is not Weight.INFORMATIVE

    @property
    def missing(self) -> bool:
        """Say whether this check alone makes the run INCOMPLETE."""
        return self.status is Status.NA and self.weight is Weight.MANDATORY

    @property
    def sentence(self) -> str:
        return f"{self.title}: {self.reason}"

    def with_rows(self, rows: RowStats | None) -> Check:
        return replace(self, rows=rows)


def judge(key: str, title: str, weight: Weight, value: float | None, goal: Goal, *, absent: str = "") -> Check:
    """Compare a value with its goal; None is NA with the reason `absent`."""
    if value is None:
        return Check(key, title, Status.NA, weight, absent or "there is no figure", None, goal)
    status = Status.PASS if goal.met(value) else Status.FAIL
    reason = f"{quantity.show(value, goal.unit, beside=goal.bound)}, target {goal}"
    return Check(key, title, status, weight, reason, value, goal)
