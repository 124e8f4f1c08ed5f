"""metrics.csv, version 3: one row per sample, 41 columns whose names and order never change.

Laws: the header is `HEADER` byte for byte; a value that is not known is `NA`, never 0 and never empty; a row is on
disk when `write` returns; a reader passes over a last line that a crash cut off.
"""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING

from loadgen.core.errors import LoadgenError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NA = "NA"
HEADER = (
    "timestamp,http_success_rate,p50_latency,p90_latency,p95_latency,p99_latency,raw_fallback_ratio,"
    "effective_fallback_ratio,error_rate,error_rate_4xx,error_rate_5xx,cpu_percent,rss_mb,request_rate,"
    "raw_fallback_total,effective_fallback_total,fallback_http,fallback_message,fallback_cache,http_adapter_ops,"
    "message_bus_rpc_attempts,cache_get_attempts,fb_http_ratio,fb_message_ratio,fb_cache_ratio,"
    "plugin_reload_success,plugin_reload_failure,snapshot_create_success,snapshot_create_failure,"
    "snapshot_restore_success,snapshot_restore_failure,cache_hit_rate,plugin_reload_p95,plugin_reload_p99,"
    "plugin_reload_success_rate,snapshot_operation_p95,snapshot_operation_p99,snapshot_success_rate,"
    "cache_hits_raw,cache_misses_raw,sample_num"
)
COLUMNS = tuple(HEADER.split(","))
TIMESTAMP, SAMPLE_NUM = "timestamp", "sample_num"

Value = float | str | None


class MetricsFileError(LoadgenError):
    """A metrics.csv that is not one: another header, or a line that is not a row."""


def na_row(timestamp: str, sample_num: int) -> dict[str, str]:
    """Return the row of a scrape that failed: everything NA but the time and the number."""
    return {**dict.fromkeys(COLUMNS, NA), TIMESTAMP: timestamp, SAMPLE_NUM: str(sample_num)}


class MetricsWriter:
    """Writes the file; it is created with its header, or continued when it has exactly this one.

    Continuing takes away a last line that a crash cut off.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)
        try:
            self._begin(path)
        except BaseException:
            self._file.close()
            raise

    def __repr__(self) -> str:
        return f"<MetricsWriter {self._file.name}>"

    def write(self, row: Mapping[str, str]) -> None:
        """Append one row and sync it to disk.

        Raises ValueError when a column is missing or foreign, or a text holds a comma, a quote or a line break, and
        OSError when it cannot be written; whatever part of the line was written is then taken back.
        """
        if row.keys() != set(COLUMNS):
            raise ValueError(f"not the 41 columns: {sorted(row.keys() ^ set(COLUMNS))} missing or foreign")
        for name, text in row.items():
            if not text or not text.isprintable() or set(text) & set(',"'):
                raise ValueError(f"column {name}: {text!r} cannot stand in the file")
        self._append(",".join(row[name] for name in COLUMNS).encode() + b"\n")

    def close(self) -> None:
        self._file.close()

    def _begin(self, path: Path) -> None:
        size = os.fstat(self._file.fileno()).st_size
        if size == 0:
            self._append(HEADER.encode() + b"\n")
            return
        data = path.read_bytes()
        if not data.startswith(HEADER.encode() + b"\n"):
            raise MetricsFileError(f"{path}: exists with another header; choose another directory")
        os.ftruncate(self._file.fileno(), data.rfind(b"\n") + 1)

    def _append(self, line: bytes) -> None:
        size = os.fstat(self._file.fileno()).st_size
        try:
            rest = memoryview(line)
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError:
            os.ftruncate(self._file.fileno(), size)
            raise


def read_metrics(path: Path) -> list[dict[str, Value]]:
    """Read the rows: numbers as float, `timestamp` as text, NA as None.

    Column names are taken from the header, so an older file with fewer columns reads too; a column it lacks is None.
    A last line without its line break, or with too few fields, was cut off by a crash and is left out. Raises
    MetricsFileError for a file without a header of ours or with a broken line before the last, OSError otherwise.
    """
    text = path.read_bytes().decode("utf-8", "replace")
    lines = list(csv.reader(io.StringIO(text)))
    header = lines[0] if lines else []
    if header[:1] != [TIMESTAMP] or SAMPLE_NUM not in header:
        raise MetricsFileError(f"{path}: the first line is not a header of metrics.csv")
    cut_off = not text.endswith("\n")
    rows: list[dict[str, Value]] = []
    for number, fields in enumerate(lines[1:], start=2):
        last = number == len(lines)
        if not fields or (last and cut_off):
            continue
        if len(fields) != len(header):
            if last:
                continue
            raise MetricsFileError(f"{path}, line {number}: {len(fields)} fields where the header has {len(header)}")
        rows.append(_row(dict(zip(header, fields, strict=True)), f"{path}, line {number}"))
    return rows


def _row(fields: Mapping[str, str], place: str) -> dict[str, Value]:
    row: dict[str, Value] = dict.fromkeys(COLUMNS)
    for name, text in fields.items():
        if name == TIMESTAMP:
            row[name] = text
        elif text not in (NA, ""):
            try:
                row[name] = float(text)
            except ValueError as error:
                raise MetricsFileError(f"{place}: {name} is {text!r}, neither a number nor {NA}") from error
    return row
