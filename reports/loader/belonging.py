"""Say whether a file belongs to the run that it lies beside: one copied from another run tells another time.

Law: only what is on record is compared; a file or a run without times belongs.
"""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from reports.loader.fields import parse_instant

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from reports.model.run import Run

SLACK = timedelta(seconds=60)
"""How far beyond its start and end a run's files may reach: the wall clock is set while a run goes on."""

_HEAD_BYTES = 1_000
_START = re.compile(r"^#\[StartTime: (\d{1,10}(?:\.\d+)?) ", re.MULTILINE)


def other_time(times: Iterable[datetime | None], run: Run) -> str:
    """Return what speaks against a file with these times being the run's; empty where nothing does."""
    known = [time for time in times if time is not None]
    began = run.started or run.t0
    if not known or began is None:
        return ""
    first, last = min(known), max(known)
    if first >= began - SLACK and (run.ended is None or last <= run.ended + SLACK):
        return ""
    told = f"its times are {iso_utc(first)} to {iso_utc(last)}" if last > first else f"its time is {iso_utc(first)}"
    until = "" if run.ended is None else f" to {iso_utc(run.ended)}"
    return f"{told}, those of the run {iso_utc(began)}{until}: it looks like another run's"


def times_of_rows(path: Path) -> list[datetime | None]:
    """Return the times of the first and the last row of a CSV with a column `timestamp`; none of what is no such."""
    try:
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
        read = list(csv.DictReader([lines[0], lines[1], lines[-1]]))
    except (OSError, IndexError, csv.Error):
        return []
    return [parse_instant(row.get("timestamp") or "") for row in read]


def times_of_log(path: Path) -> list[datetime | None]:
    """Return when a latency log says that it was begun."""
    try:
        with path.open("rb") as file:
            found = _START.search(file.read(_HEAD_BYTES).decode("utf-8", "replace"))
    except OSError:
        return []
    return [] if found is None else [datetime.fromtimestamp(float(found[1]), UTC)]
