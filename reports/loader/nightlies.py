"""Read the directory of nightly validations: phase5-YYYYMMDD.json, one a day.

Laws: a day is what the file's name says, never when it was written to disk; a file that cannot be read keeps its day
and is na; other files are not looked at.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem
from reports.loader.validation import NotAValidationError, load_validation
from reports.model.history import Nightly

if TYPE_CHECKING:
    from pathlib import Path

    from reports.model.validation import Validation

_NAME = re.compile(r"phase5-([0-9]{8})\.json")
_ONE_DAY = 1


def nightly_name(day: date) -> str:
    """Return the name of a day's file."""
    return f"phase5-{day:%Y%m%d}.json"


def day_of(name: str) -> date | None:
    """Return the day that a file name stands for, None for any other name."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        return datetime.strptime(match[1], "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def nightly_files(directory: Path) -> list[tuple[date, Path]]:
    """Return the nightly files of a directory, oldest day first; raise InputError when it cannot be read."""
    try:
        paths = list(directory.iterdir())
    except OSError as error:
        remedy = f"cannot be read ({error.strerror}): give the directory of the nightly files, such as results/nightly"
        raise InputError([Problem("DIRECTORY", str(directory), remedy)]) from error
    return sorted((day, path) for path in paths if (day := day_of(path.name)) is not None)


def read_nightlies(directory: Path, newest: int | None = None) -> tuple[Nightly, ...]:
    """Return the nightlies of a directory, oldest first; only the `newest` so many days of them where given."""
    files = nightly_files(directory)
    return tuple(_read(day, path) for day, path in (files if newest is None else files[-newest:]))


def _read(day: date, path: Path) -> Nightly:
    try:
        loaded = load_validation(path)
    except NotAValidationError as error:
        return Nightly(day, path.name, None, (str(error).removeprefix(f"{path}: "),))
    complaints = [*loaded.complaints, *_wrong_day(day, loaded.validation)]
    return Nightly(day, path.name, loaded.validation, tuple(complaints))


def _wrong_day(day: date, validation: Validation) -> list[str]:
    made = validation.timestamp
    if made is None or abs((made.date() - day).days) <= _ONE_DAY:
        return []
    return [f"its timestamp is of {made:%Y-%m-%d}, its name of {day:%Y-%m-%d}"]
