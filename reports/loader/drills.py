"""The records of tabletop drills: those that are named, else those beside the checklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.drill_record import read_drill
from loadgen.core.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from loadgen.core.drill_record import DrillRecord

BESIDE = "drill-*.json"
"""What the records beside a checklist are called, as `loadgen drill tabletop` calls them."""


def read_drills(named: Sequence[Path], checklist: Path | None) -> tuple[DrillRecord, ...]:
    """Return the records; raise InputError with the problems of all of them."""
    paths = list(named)
    if not paths and checklist is not None:
        paths = sorted(checklist.parent.glob(BESIDE))
    found: list[DrillRecord] = []
    problems: list[Problem] = []
    for path in dict.fromkeys(path.resolve() for path in paths):
        try:
            found.append(read_drill(path))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return tuple(found)
