"""The change points of every figure of the nightly history, under one bound on false alarms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.change_points import FEWEST_NIGHTS, change_points

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from reports.analysis.change_points import ChangePoint


@dataclass(frozen=True, slots=True)
class NightChanges:
    """What was searched and found; `changes` are (figure, first day of the new level, change point)."""

    nights: int
    searched: tuple[str, ...]
    too_short: tuple[str, ...]
    changes: tuple[tuple[str, date, ChangePoint], ...]
    false_alarms: float
    unreadable: tuple[str, ...] = ()


def night_changes(
    nights: Sequence[tuple[date, Mapping[str, float]]], false_alarms: float, unreadable: Sequence[str] = ()
) -> NightChanges:
    """Search every figure; a night without it is left out. The bound is shared out among the figures searched."""
    names = sorted({name for _, figures in nights for name in figures})
    series = {name: [(day, figures[name]) for day, figures in nights if name in figures] for name in names}
    long = {name: found for name, found in series.items() if len(found) >= 2 * FEWEST_NIGHTS}
    changes = [
        (name, found[point.at][0], point)
        for name, found in long.items()
        for point in change_points([value for _, value in found], false_alarms / len(long))
    ]
    return NightChanges(
        len(nights),
        tuple(long),
        tuple(name for name in names if name not in long),
        tuple(sorted(changes, key=lambda change: (change[1], change[0]))),
        false_alarms,
        tuple(unreadable),
    )
