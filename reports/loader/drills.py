"""The records of tabletop drills: those that are named, else those that lie where the checklist does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from loadgen.core.drill_record import read_drill
from loadgen.core.errors import InputError, Problem
from loadgen.core.rundir import DRILLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.core.drill_record import DrillRecord

_NAMES = "drill-*.json"
"""What `loadgen drill tabletop` calls them."""


def read_drills(named: Sequence[Path], checklist: Path | None) -> tuple[DrillRecord, ...]:
    """Return the records; raise InputError with the problems of all of them.

    Those that are not named are looked for beside the checklist and in `results/drills` there.
    """
    paths = list(named)
    if not paths and checklist is not None:
        paths = sorted(path for place in (Path(), DRILLS) for path in (checklist.parent / place).glob(_NAMES))
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
