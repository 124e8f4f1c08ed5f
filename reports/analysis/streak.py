"""Whether the nightly runs have been good for long enough to become the new baseline.

Law: what counts are days that follow one another, each with a nightly that passed; fourteen files of one day are one
day, and a day without a file ends the streak.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

LEAST_DAYS = 14


@dataclass(frozen=True, slots=True)
class Night:
    """One nightly: its day, and what speaks against it; empty when it passed."""

    day: date
    against: str
    path: str


@dataclass(frozen=True, slots=True)
class Streak:
    """The nights of the streak, the newest first, and what ended it."""

    nights: tuple[Night, ...]
    ended_by: str

    @property
    def days(self) -> int:
        return len(self.nights)


def streak_of(nights: Iterable[Night]) -> Streak:
    """Return the streak that ends with the newest night.

    A day with several nightlies is good only when all of them are.
    """
    by_day: dict[date, list[Night]] = {}
    for night in nights:
        by_day.setdefault(night.day, []).append(night)
    good: list[Night] = []
    for day in sorted(by_day, reverse=True):
        bad = next((night for night in by_day[day] if night.against), None)
        if good and good[-1].day - day != timedelta(days=1):
            return Streak(tuple(good), f"there is no nightly of {good[-1].day - timedelta(days=1)}")
        if bad is not None:
            return Streak(tuple(good), f"{day}: {bad.against}")
        good.append(by_day[day][-1])
    return Streak(tuple(good), "there is no earlier nightly")
