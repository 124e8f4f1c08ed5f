"""Feeders: the rows of a CSV or JSON-lines file that fill the fields of requests.

Laws: the rows are read once and travel inside the plan, so no path crosses a link; every row has every column; a file
that cannot be read to its end is an error that names the line.
"""

from __future__ import annotations

import csv
import io
import json
import zlib
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loadgen.core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_ROWS = 1_000_000
MOST_PACKED_BYTES = 5_000_000
"""A plan travels to each worker as one line of at most 8 MiB, in which bytes grow by a third."""
_LONGEST_FILE = 200_000_000
_HOW = "write NAME=FILE or NAME=FILE,POLICY, where POLICY is sequential, random or once"


class FeederPolicy(Enum):
    """Which row a request gets: one after the other and again from the first; any by the seed; each at most once."""

    SEQUENTIAL = "sequential"
    RANDOM = "random"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class Feeder:
    """A file's rows, packed. `typed` says that cells are JSON values (from JSON lines), not texts (from CSV)."""

    name: str
    policy: FeederPolicy
    columns: tuple[str, ...]
    count: int
    typed: bool
    rows: bytes = field(repr=False)

    def unpacked(self) -> list[list[Any]]:
        """Return the rows, each with a value for every column."""
        rows: list[list[Any]] = json.loads(zlib.decompress(self.rows))
        return rows


def parse_feeder_flag(text: str) -> Feeder:
    """Read `NAME=FILE[,POLICY]`; raise ValueError when it or the file is none."""
    name, equals, place = text.partition("=")
    if not equals:
        raise ValueError(_HOW)
    path, comma, policy = place.rpartition(",")
    if not comma or policy not in {one.value for one in FeederPolicy}:
        path, policy = place, FeederPolicy.SEQUENTIAL.value
    return read_feeder(name.strip(), path.strip(), policy)


def parse_feeder_table(name: str, table: object) -> Feeder:
    """Read a `[feeder.NAME]` table of a plan file: `file`, and `policy` unless it is sequential. Raises ValueError."""
    file, policy = _file_and_policy(name, table)
    return read_feeder(name, file, policy.value)


def feeder_table_problems(name: str, table: object, place: str) -> list[Problem]:
    """Return what is wrong with the table of a feeder whose file is not read, since its scenario is not used."""
    try:
        _file_and_policy(name, table)
    except ValueError as error:
        return [Problem(f"feeder.{name} ({place})", None, str(error))]
    return []


def _file_and_policy(name: str, table: object) -> tuple[str, FeederPolicy]:
    if not isinstance(table, dict) or not isinstance(table.get("file"), str):
        raise ValueError('write it as [feeder.NAME] with file = "FILE" and policy = "sequential", "random" or "once"')
    foreign = sorted(set(table) - {"file", "policy"})
    if foreign:
        raise ValueError(f"unknown key {', '.join(foreign)}; a feeder has file and policy")
    return table["file"], _policy(name, str(table.get("policy", FeederPolicy.SEQUENTIAL.value)))


def _policy(name: str, text: str) -> FeederPolicy:
    if not name.replace("_", "").replace("-", "").isalnum():
        raise ValueError("a feeder's name is made of letters, digits, _ and -")
    chosen = {one.value: one for one in FeederPolicy}.get(text)
    if chosen is None:
        raise ValueError(f"{text!r} is no policy: write sequential, random or once")
    return chosen


def read_feeder(name: str, file: str, policy: str) -> Feeder:
    """Read a file; `.jsonl` and `.ndjson` are JSON lines, all else is CSV with the names of the columns first.

    Raises ValueError with what is wrong, and on which line.
    """
    chosen = _policy(name, policy)
    path = Path(file)
    try:
        if path.stat().st_size > _LONGEST_FILE:
            raise ValueError(f"{path.name} is longer than {_LONGEST_FILE:,} bytes")
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(f"cannot read {path.name}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not a UTF-8 text file") from error
    typed = path.suffix in (".jsonl", ".ndjson")
    try:
        columns, rows = _json_rows(text.split("\n")) if typed else _csv_rows(text)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    if not rows:
        raise ValueError(f"{path.name} has no row")
    if len(rows) > MOST_ROWS:
        raise ValueError(f"{path.name} has more than {MOST_ROWS:,} rows")
    packed = zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode(), 6)
    return Feeder(name, chosen, columns, len(rows), typed, packed)


def _csv_rows(text: str) -> tuple[tuple[str, ...], list[list[Any]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    columns: tuple[str, ...] = ()
    rows: list[list[Any]] = []
    try:
        for row in reader:
            if not row:
                continue
            if not columns:
                columns = _checked_columns(row)
            elif len(row) != len(columns):
                raise ValueError(f"line {reader.line_num}: {len(row)} cells instead of {len(columns)}")
            else:
                rows.append(row)
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error
    return columns, rows


def _checked_columns(row: list[str]) -> tuple[str, ...]:
    columns = tuple(name.strip() for name in row)
    if "" in columns or len(set(columns)) != len(columns):
        raise ValueError("line 1: every column has a name of its own there")
    return columns


def _json_rows(lines: Iterable[str]) -> tuple[tuple[str, ...], list[list[Any]]]:
    """Return the columns that all lines share, and their values."""
    found: list[tuple[int, dict[str, Any]]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise ValueError(f"line {number}: not JSON: {error}") from error
        if not isinstance(value, dict):
            raise ValueError(f"line {number}: not a JSON object")
        found.append((number, value))
    columns = tuple(found[0][1]) if found else ()
    rows = []
    for number, value in found:
        if set(value) != set(columns):
            raise ValueError(f"line {number}: its keys are not those of the first line ({', '.join(columns)})")
        rows.append([value[column] for column in columns])
    return columns, rows
