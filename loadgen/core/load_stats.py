"""load-stats.csv: one row for every second of the load, as the client saw it.

Laws: the columns are fixed by `COLUMNS`; a value that does not exist is `NA`, never 0; a row is on its way to disk
when `write` returns, and a reader passes over a truncated last line.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from loadgen.core.outcome import DROPPED_LABELS, EXPECT_PREFIX, FAILED_LABELS, Outcome
from loadgen.core.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

NA = "NA"
_COUNTS = ("due", "sent", "done", "failed", "dropped")
_TIMES = ("p50_ms", "p90_ms", "p95_ms", "p99_ms", "max_ms", "lag_p99_ms", "wait_p99_ms")
_GAUGES = ("in_flight", "backlog", "late_events")
_ENDINGS = frozenset({*FAILED_LABELS, *DROPPED_LABELS})
COLUMNS = ("second", "timestamp", *_COUNTS, *FAILED_LABELS, *DROPPED_LABELS, *_TIMES, *_GAUGES)
_ENDINGS = frozenset({*FAILED_LABELS, *DROPPED_LABELS})


@dataclass(frozen=True, slots=True)
class LoadSecond:
    """One second of the grid: `second` k covers t0 + k to t0 + k + 1, `timestamp` is its end.

    `due` counts by due time, `sent` by sent time, endings by their own time. Times are in ns, None where nothing
    ended. `late_events` are endings of earlier seconds that arrived after their row was closed; they are in this
    row's counts.
    """

    second: int
    timestamp: datetime
    due: int
    sent: int
    done: int
    failed: Mapping[str, int]
    dropped: Mapping[str, int]
    p50_ns: int | None = None
    p90_ns: int | None = None
    p95_ns: int | None = None
    p99_ns: int | None = None
    max_ns: int | None = None
    lag_p99_ns: int | None = None
    wait_p99_ns: int | None = None
    in_flight: int = 0
    backlog: int = 0
    late_events: int = 0

    def to_row(self) -> list[str]:
        """Return the texts of the row, in column order."""
        times = (self.p50_ns, self.p90_ns, self.p95_ns, self.p99_ns, self.max_ns, self.lag_p99_ns, self.wait_p99_ns)
        counts = (self.due, self.sent, self.done, sum(self.failed.values()), sum(self.dropped.values()))
        return [
            str(self.second),
            iso_utc(self.timestamp),
            *(str(count) for count in counts),
            *(str(self._failures(label)) for label in FAILED_LABELS),
            *(str(self.dropped.get(label, 0)) for label in DROPPED_LABELS),
            *(NA if value is None else f"{value / NS_PER_MS:.3f}" for value in times),
            *(str(gauge) for gauge in (self.in_flight, self.backlog, self.late_events)),
        ]

    def _failures(self, label: str) -> int:
        """Return how many requests failed in a way; the expectations of a plan share one column."""
        if label != Outcome.EXPECTATION.label:
            return self.failed.get(label, 0)
        return sum(count for name, count in self.failed.items() if name.startswith(EXPECT_PREFIX))


class LoadStatsWriter:
    """Writes the file; each row is flushed, so that `tail -f` and kill -9 both see it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="", buffering=1)
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._writer.writerow(COLUMNS)

    def write(self, row: LoadSecond) -> None:
        """Append one row; raise OSError when it cannot be written."""
        self._writer.writerow(row.to_row())

    def close(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class LoadStats:
    """What was read: `rows` map column names to numbers (None for NA; the timestamp stays a text).

    `skipped` counts lines that are not rows: the last one of a killed run, or damage.
    """

    rows: list[dict[str, float | str | None]] = field(default_factory=list)
    skipped: int = 0


def read_load_stats(path: Path) -> LoadStats:
    """Read a load-stats.csv; a missing file gives no rows, columns are found by name.

    A file may lack the column of a way to end that its writer did not know. Raises ValueError when the header lacks
    another one of our columns.
    """
    if not path.exists():
        return LoadStats()
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        text = file.read()
    lines = text.splitlines()
    if not lines:
        return LoadStats()
    header = next(csv.reader(lines[:1]))
    missing = [name for name in COLUMNS if name not in header and name not in _ENDINGS]
    if missing:
        raise ValueError(f"{path.name}: no column {', '.join(missing)}")
    whole = lines[1:] if text.endswith("\n") else lines[1:-1]
    read = [_read_row(header, fields) for fields in csv.reader(whole)]
    rows = [row for row in read if row is not None]
    return LoadStats(rows, len(lines) - 1 - len(rows))


def _read_row(header: list[str], fields: list[str]) -> dict[str, float | str | None] | None:
    if len(fields) != len(header):
        return None
    row: dict[str, float | str | None] = {}
    for name, text in zip(header, fields, strict=True):
        if name == "timestamp":
            row[name] = text
            continue
        try:
            row[name] = None if text == NA else float(text)
        except ValueError:
            return None
    return row
