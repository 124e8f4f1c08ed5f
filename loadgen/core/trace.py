"""Reading a recorded trace: an access log in common or combined format, or a CSV file.

Laws: entries are in the order of their times, counted from the first one; a CSV's times are taken exactly; an access
log has whole seconds only, so the n requests of one second are spread evenly over it; a line that holds no HTTP
request is counted and skipped, a line that cannot be read at all is an error that names it.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING

from loadgen.core.endpoint_setting import METHODS
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_ENTRIES = 1_000_000
_LOG_LINE = re.compile(r'\S+ \S+ .*?\[([^\]]+)\] "((?:[^"\\]|\\.)*)" (?:\d{3}|-) \S+')
_LOG_TIME = re.compile(r"(\d{2})/([A-Z][a-z]{2})/(\d{4}):(\d{2}:\d{2}:\d{2}) ([+-]\d{4})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SECONDS = re.compile(r"\d+(?:\.\d{1,9})?")
_FRACTION = re.compile(r"(?<=:\d\d)[.,](\d{1,9})(?!\d)")
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS = ("timestamp", "method", "path")


@dataclass(frozen=True, slots=True)
class Trace:
    """`at_ns` since the first entry and which of `requests` (method, path) each entry is; `skipped` lines were none."""

    at_ns: tuple[int, ...] = field(repr=False)
    picks: tuple[int, ...] = field(repr=False)
    requests: tuple[tuple[str, str], ...] = field(repr=False)
    skipped: int = 0


def read_trace(text: str) -> Trace:
    """Read the trace file at a path, also gzipped; raise ValueError when it is none, naming the first bad line."""
    path = Path(text.strip())
    try:
        with _open(path) as lines:
            return parse_trace(lines)
    except OSError as error:
        raise ValueError(f"cannot read the file: {error.strerror or error}") from error
    except (EOFError, zlib.error) as error:
        raise ValueError("cannot read the file: its compressed data is cut off or damaged") from error


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="backslashreplace")
    return path.open(encoding="utf-8-sig", errors="backslashreplace")


def parse_trace(lines: Iterable[str]) -> Trace:
    """Return the trace in some lines: CSV when the first one names the columns, else an access log."""
    rows = iter(lines)
    first = next(rows, "")
    head = [name.strip().lower() for name in first.split(",")]
    if "timestamp" in head:
        return _collect(_csv_entries(head, rows))
    entries = sorted(_log_entries(_chain(first, rows)), key=lambda entry: entry[0])
    return _collect(_spread(entries))


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


Entry = tuple[int, str, str]


def _collect(entries: Iterable[Entry]) -> Trace:
    """Sort the entries by time and number their requests; entries without a method are skipped lines."""
    numbers: dict[tuple[str, str], int] = {}
    found: list[tuple[int, int]] = []
    skipped = 0
    for at_ns, method, path in entries:
        if not _can_be_sent(method, path):
            skipped += 1
            continue
        if len(found) == MOST_ENTRIES:
            raise ValueError(f"has more than {MOST_ENTRIES:,} requests: cut it into parts")
        found.append((at_ns, numbers.setdefault((method, path), len(numbers))))
    if not found:
        raise ValueError(f"has no HTTP request in it ({skipped} lines skipped)")
    found.sort(key=lambda item: item[0])
    begin_ns = found[0][0]
    return Trace(tuple(at - begin_ns for at, _ in found), tuple(pick for _, pick in found), tuple(numbers), skipped)


def _can_be_sent(method: str, path: str) -> bool:
    return method in METHODS and path.startswith("/") and path.isprintable() and " " not in path


def _csv_entries(head: list[str], rows: Iterator[str]) -> Iterator[Entry]:
    unknown = [name for name in head if name not in _COLUMNS]
    if unknown or "path" not in head:
        raise ValueError("line 1: a CSV trace has the columns timestamp,path or timestamp,method,path")
    for number, row in enumerate(_csv_rows(rows), 2):
        if not row:
            continue
        if len(row) != len(head):
            raise ValueError(f"line {number}: {len(row)} columns instead of {len(head)}")
        values = dict(zip(head, (value.strip() for value in row), strict=True))
        yield _instant_ns(values["timestamp"], number), values.get("method", "GET").upper(), values["path"]


def _csv_rows(lines: Iterator[str]) -> Iterator[list[str]]:
    reader = csv.reader(lines)
    try:
        yield from reader
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num + 1}: {error}") from error


def _instant_ns(text: str, number: int) -> int:
    """Read seconds since any moment, or a date and time of ISO 8601."""
    if _SECONDS.fullmatch(text):
        return int(Fraction(text) * NS_PER_S)
    fraction = _FRACTION.search(text)
    try:
        moment = datetime.fromisoformat(_FRACTION.sub("", text))
    except ValueError:
        raise ValueError(f"line {number}: timestamp is neither seconds nor a date and time of ISO 8601") from None
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    # a datetime would cut its fraction to whole microseconds
    return (moment - _EPOCH) // _SECOND * NS_PER_S + (int(fraction[1].ljust(9, "0")) if fraction else 0)


def _log_entries(lines: Iterable[str]) -> Iterator[Entry]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        match = _LOG_LINE.match(line)
        at_s = None if match is None else _log_second(match[1])
        if match is None or at_s is None:
            raise ValueError(f"line {number}: neither a line of an access log (common or combined) nor a CSV header")
        words = match[2].split(" ")
        is_request = len(words) == 3 and words[2].startswith("HTTP/") and "\\" not in match[2]
        is_request = is_request and _can_be_sent(words[0], words[1])
        yield at_s * NS_PER_S, words[0] if is_request else "", words[1] if is_request else ""


def _log_second(text: str) -> int | None:
    match = _LOG_TIME.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, name, year, clock, zone = match.groups()
    try:
        moment = datetime.fromisoformat(f"{year}-{_MONTHS.index(name) + 1:02}-{day}T{clock}{zone}")
    except ValueError:
        return None
    return int((moment - _EPOCH).total_seconds())


def _spread(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Spread the requests of each second evenly over it; lines that hold none take no part."""
    for at_ns, group in groupby(entries, key=lambda entry: entry[0]):
        same = list(group)
        requests = [entry for entry in same if entry[1]]
        yield from (entry for entry in same if not entry[1])
        for number, (_, method, path) in enumerate(requests):
            yield at_ns + number * NS_PER_S // len(requests), method, path
