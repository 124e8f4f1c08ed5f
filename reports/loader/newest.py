"""Which run is meant when none is named: the newest one below the results."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem
from loadgen.core.rundir import RESULTS

if TYPE_CHECKING:
    from pathlib import Path

_STAMP = re.compile(r"phase5-[a-z]+-(\d{8}-\d{6})(?:-(\d+))?")


def newest_run(results: Path = RESULTS) -> Path:
    """Return the run directory with the latest time in its name; raise InputError when there is none."""
    stamped = [
        (match[1], int(match[2] or 1), path)
        for path in (results.iterdir() if results.is_dir() else ())
        if path.is_dir() and (match := _STAMP.fullmatch(path.name))
    ]
    if not stamped:
        raise InputError([Problem("DIRECTORY", None, f"there is no run directory below {results}: name one")])
    return max(stamped)[2]


def chosen_run(place: Path | None, results: Path = RESULTS) -> Path:
    """Return the run directory that was named, or the newest one."""
    return newest_run(results) if place is None else place
