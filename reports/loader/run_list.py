"""Find run directories below the places that were named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem
from loadgen.core.rundir import RunDirectory

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def find_runs(places: Iterable[Path]) -> tuple[Path, ...]:
    """Return the run directories among and directly below the places, each once, by name.

    Raises InputError for a place that is not there or holds no run.
    """
    found: dict[Path, Path] = {}
    problems = []
    for place in places:
        runs = [place] if is_run(place) else _below(place)
        if not runs:
            remedy = "holds no run directory" if place.is_dir() else "no such directory"
            problems.append(Problem("DIRECTORY", str(place), f"{remedy}: give run directories or what they stand in"))
        for run in runs:
            found.setdefault(run.resolve(), run)
    if problems:
        raise InputError(problems)
    return tuple(sorted(found.values(), key=lambda path: (path.name, str(path))))


def is_run(path: Path) -> bool:
    """Say whether a directory looks like a run: it has at least one of the files that every run writes."""
    place = RunDirectory(path)
    return any(file.is_file() for file in (place.metadata, place.metrics_csv, place.load_stats, place.latency_hlog))


def _below(place: Path) -> list[Path]:
    if not place.is_dir():
        return []
    return [path for path in place.iterdir() if path.is_dir() and is_run(path)]
