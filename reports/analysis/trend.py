"""The trend of nightly validations: every night in its row, every metric with its course."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import TYPE_CHECKING

from reports.analysis.nightly_figures import COLUMNS, figure

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from reports.analysis.nightly_figures import Column
    from reports.model.history import Nightly
    from reports.model.thresholds import Thresholds

STEADY_PCT = 5.0


@dataclass(frozen=True, slots=True)
class Course:
    """One metric over the nights: `values` in their order, None for a night without it."""

    column: Column
    values: tuple[float | None, ...]
    threshold: float | None

    @property
    def known(self) -> tuple[float, ...]:
        return tuple(value for value in self.values if value is not None)

    @property
    def latest(self) -> float | None:
        """The newest night's figure, None where that night has none."""
        return self.values[-1] if self.values else None

    @property
    def usual(self) -> float | None:
        """The median of the nights before the newest one."""
        before = [value for value in self.values[:-1] if value is not None]
        return median(before) if before else None

    @property
    def change_pct(self) -> float | None:
        """How far the newest night is from the usual, in percent of it; None where one of them is missing or 0."""
        if self.latest is None or not self.usual:
            return None
        return (self.latest / self.usual - 1) * 100

    @property
    def direction(self) -> str:
        """steady within 5 % of the usual, else better or worse; NA without a change to speak of."""
        change = self.change_pct
        if change is None:
            return "NA"
        if abs(change) <= STEADY_PCT:
            return "steady"
        return "better" if (change > 0) is self.column.up else "worse"


@dataclass(frozen=True, slots=True)
class Trend:
    """The nights in order, the days between them that have no file, and the course of each metric."""

    nights: tuple[Nightly, ...]
    missing: tuple[date, ...]
    courses: tuple[Course, ...]

    @property
    def passed(self) -> int:
        return sum(night.status == "pass" for night in self.nights)

    @property
    def failed(self) -> int:
        return sum(night.status == "fail" for night in self.nights)


def trend_of(nights: Sequence[Nightly], thresholds: Thresholds) -> Trend:
    """Return the trend of nights that are in order of their days."""
    courses = tuple(
        Course(column, tuple(figure(night.validation, column) for night in nights), _threshold(column, thresholds))
        for column in COLUMNS
    )
    return Trend(tuple(nights), tuple(_missing([night.day for night in nights])), courses)


def _threshold(column: Column, thresholds: Thresholds) -> float | None:
    found = thresholds.find(column.threshold) if column.threshold else None
    return None if found is None else found.threshold


def _missing(days: Sequence[date]) -> list[date]:
    if not days:
        return []
    there, first = set(days), days[0]
    span = (days[-1] - first).days
    return [day for day in (first + timedelta(days=step) for step in range(span)) if day not in there]
