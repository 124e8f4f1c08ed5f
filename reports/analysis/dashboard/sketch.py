"""Sketches of panels: what each needs, and how it is drawn once that is there.

Law: a panel whose metric the profile lacks is left out and named, never drawn empty.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.model.dashboard import Color, Panel, Row, Step
from reports.model.rule import LeftOut
from reports.model.thresholds import Side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reports.analysis.rules.terms import Terms
    from reports.model.thresholds import Threshold


@dataclass(frozen=True, slots=True)
class Sheet:
    """What panels are drawn on: the words of the rules, and the names that the rules record."""

    terms: Terms
    records: frozenset[str]

    def recorded(self, name: str, *conditions: str) -> str:
        """Return the series that a recording rule writes, under conditions; `name` is without the prefix."""
        inside = ",".join(part for part in (*conditions, self.terms.job) if part)
        full = self.full(name)
        return f"{full}{{{inside}}}" if inside else full

    def full(self, name: str) -> str:
        """Return a recorded name with its prefix; one of Sloth's has its own."""
        return name if name.startswith("slo:") else f"{self.terms.prefix}:{name}"


@dataclass(frozen=True, slots=True)
class Sketch:
    """A panel to be drawn. `needs` are logical metrics and signals of the profile, `records` names without prefix."""

    title: str
    needs: tuple[str, ...]
    draw: Callable[[Sheet], Panel]
    records: tuple[str, ...] = ()

    def lacks(self, sheet: Sheet) -> str:
        """Return what is missing, as a sentence; empty when it can be drawn."""
        facts = sheet.terms.facts
        metrics = [name for name in self.needs if not facts.has(name)]
        records = [sheet.full(name) for name in self.records if sheet.full(name) not in sheet.records]
        told = [f"{facts.told_by} has no {' and no '.join(metrics)}"] if metrics else []
        told += [f"no rule records {' or '.join(records)}"] if records else []
        return "; ".join(told)


def draw_row(title: str, sketches: Iterable[Sketch], sheet: Sheet) -> tuple[tuple[Row, ...], tuple[LeftOut, ...]]:
    """Return the row of the panels that can be drawn, none where none can, and those that cannot."""
    drawn: list[Panel] = []
    left_out: list[LeftOut] = []
    for sketch in sketches:
        lacks = sketch.lacks(sheet)
        if lacks:
            left_out.append(LeftOut(sketch.title, lacks))
        else:
            drawn.append(sketch.draw(sheet))
    return ((Row(title, tuple(drawn)),) if drawn else ()), tuple(left_out)


def steps_of(threshold: Threshold | None, factor: float = 1.0) -> tuple[Step, ...]:
    """Return green and red around a threshold times `factor`, which turns the file's unit into the panel's.

    Grafana gives a step's colour from its value on: a lower bound is exact, an upper bound that is just reached shows
    red, though it still passes.
    """
    if threshold is None:
        return ()
    below, above = (Color.RED, Color.GREEN) if threshold.side is Side.LOWER else (Color.GREEN, Color.RED)
    return (Step(below), Step(above, threshold.threshold * factor))
