"""Make the newest nightly the baseline after enough good days."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from loadgen.core.errors import LoadgenError
from reports.analysis.fitness import objections
from reports.analysis.streak import Night, streak_of
from reports.loader.shelf import Shelf
from reports.model.baseline import Turned
from reports.verbs.keeping import check_impl, keep
from reports.verbs.measuring import measure

if TYPE_CHECKING:
    from pathlib import Path

_NIGHTLY = re.compile(r"phase5-(\d{8})\.json")


def rotate(nightly: Path, directory: Path, impl: str, days: int, *, dry_run: bool) -> Turned:
    """Look at the nightlies and save the newest when the streak is long enough; raise LoadgenError without any."""
    nights = tuple(_night(path, day, check_impl(impl)) for path, day in nightlies(nightly))
    streak = streak_of(nights)
    shown = tuple((str(night.day), night.path) for night in streak.nights)
    path, why = "", f"{nightly} holds no nightly"
    if streak.days >= days:
        path, why = _turn(nightly / streak.nights[0].path, directory, impl, dry_run=dry_run)
    elif nights:
        why = f"{days} good days in a row are needed"
    return Turned(shown, streak.ended_by, days, path, why, dry_run)


def _turn(newest: Path, directory: Path, impl: str, *, dry_run: bool) -> tuple[str, str]:
    """Return the new baseline, or an empty text and why there is none."""
    if _already(directory, impl, newest):
        return "", f"{newest.name} is the baseline of {impl} already"
    if dry_run:
        return "", f"dry run: {newest.name} would become the baseline of {impl}"
    kept = keep(newest, directory, impl, force=False)
    return ("", "; ".join(kept.objections)) if kept.path is None else (str(kept.path), "")


def nightlies(directory: Path) -> tuple[tuple[Path, date], ...]:
    """Return the nightly files and their days, oldest first; raise LoadgenError when there is no such directory."""
    if not directory.is_dir():
        raise LoadgenError(f"{directory}: no such directory of nightlies")
    found = []
    for path in sorted(directory.glob("phase5-*.json")):
        matched = _NIGHTLY.fullmatch(path.name)
        if matched is None:
            continue
        try:
            found.append((path, datetime.strptime(matched[1], "%Y%m%d").replace(tzinfo=UTC).date()))
        except ValueError:
            continue
    return tuple(found)


def _night(path: Path, day: date, impl: str) -> Night:
    """Judge one nightly; what cannot be read is no pass."""
    try:
        found = measure(path, impl, with_blocks=False)
    except LoadgenError as error:
        return Night(day, str(error).removeprefix(f"{path}: "), path.name)
    against = list(objections(found, ""))
    if found.impl != impl:
        against.append(f"it is of {found.impl}")
    return Night(day, "; ".join(against), path.name)


def _already(directory: Path, impl: str, newest: Path) -> bool:
    """Say whether the newest nightly is the baseline already."""
    try:
        held = measure(Shelf(directory).find(impl), with_blocks=False)
    except LoadgenError:
        return False
    fresh = measure(newest, impl, with_blocks=False)
    return held.name == fresh.name and held.at == fresh.at and held.impl == impl
