"""The observer's files, written by one thread of their own: metrics.csv, raw-metrics.txt and redis.jsonl.

Laws: the event loop never waits for a disk; rows are written in order and each is on disk before anybody is told of
it; a disk that is full or gone is one clear error, and what was written before stays complete.
"""

from __future__ import annotations

import asyncio
import errno
import gzip
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.metrics_csv import MetricsWriter
from observer.masking import PageMask, mask_texts
from observer.source import ObserverError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loadgen.core.redact import Redactor
    from loadgen.core.rundir import RunDirectory

ROTATE_BYTES = 100_000_000
_FULL = (errno.ENOSPC, errno.EDQUOT)


class WriteError(ObserverError):
    """A file of the run that cannot be written."""

    def __init__(self, path: Path, error: OSError) -> None:
        if error.errno in _FULL:
            remedy = f"free disk space below {path.parent} and run again; every row so far is complete"
        else:
            remedy = f"check that {path.parent} exists and can be written to"
        super().__init__(f"{path}: {error.strerror or error}", remedy)


class RawMetrics:
    """raw-metrics.txt: scrapes one after another; at `rotate_bytes` it is closed, gzipped and begun anew.

    The closed parts are raw-metrics.txt.1.gz, .2.gz and so on, in the order of time.
    """

    def __init__(self, path: Path, rotate_bytes: int = ROTATE_BYTES) -> None:
        self._path = path
        self._rotate_bytes = rotate_bytes

    def append(self, frame: str) -> None:
        """Append a frame; raise OSError."""
        with self._path.open("ab") as file:
            file.write(frame.encode("utf-8", "replace"))
            size = file.tell()
        if size >= self._rotate_bytes:
            self._rotate()

    def _rotate(self) -> None:
        number = 1
        while (target := self._path.with_name(f"{self._path.name}.{number}.gz")).exists():
            number += 1
        partial = target.with_name(target.name + ".part")
        with self._path.open("rb") as plain, gzip.open(partial, "wb", compresslevel=6) as packed:
            shutil.copyfileobj(plain, packed, 1 << 20)
        partial.replace(target)
        self._path.unlink()


def frame(number: int, timestamp: str, pages: tuple[tuple[str, str], ...]) -> str:
    """Return the scrapes of one sample as raw-metrics.txt holds them.

    Each endpoint's page stands below `# scrape N <UTC>`; where there are several a second comment names the endpoint.
    """
    parts = []
    for place, text in pages:
        name = f"# endpoint {place}\n" if len(pages) > 1 else ""
        end = "" if text.endswith("\n") else "\n"
        parts.append(f"# scrape {number} {timestamp}\n{name}{text}{end}")
    return "".join(parts)


class RunFiles:
    """Opens the files of a run directory and writes them in order, in one thread."""

    def __init__(self, place: RunDirectory, redactor: Redactor, rotate_bytes: int = ROTATE_BYTES) -> None:
        self._place = place
        self._redactor = redactor
        self._mask = PageMask(redactor)
        self._raw = RawMetrics(place.raw_metrics, rotate_bytes)
        self._rows: MetricsWriter | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="observer-files")

    async def open(self) -> None:
        """Create the directory and metrics.csv with its header; raise WriteError or MetricsFileError."""
        await self._do(self._open)

    async def write_row(self, row: Mapping[str, str]) -> None:
        """Write one row; when this returns it is on disk. Raises WriteError."""
        assert self._rows is not None
        await self._do(self._write_row, row)

    async def write_raw(self, number: int, timestamp: str, pages: tuple[tuple[str, str], ...]) -> None:
        """Append the pages of a sample to raw-metrics.txt; raise WriteError."""
        await self._do(self._write_raw, number, timestamp, pages)

    async def write_redis(self, record: Mapping[str, Any]) -> None:
        """Append one record to redis.jsonl; raise WriteError."""
        await self._do(self._write_redis, record)

    async def close(self) -> None:
        """Write what is queued and close."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown(wait=False)

    async def _do(self, job: object, *arguments: object) -> None:
        assert callable(job)
        await asyncio.get_running_loop().run_in_executor(self._thread, job, *arguments)

    def _open(self) -> None:
        try:
            self._place.path.mkdir(parents=True, exist_ok=True)
            self._rows = MetricsWriter(self._place.metrics_csv)
        except OSError as error:
            raise WriteError(self._place.metrics_csv, error) from error

    def _write_row(self, row: Mapping[str, str]) -> None:
        assert self._rows is not None
        try:
            self._rows.write(row)
        except OSError as error:
            raise WriteError(self._place.metrics_csv, error) from error

    def _write_raw(self, number: int, timestamp: str, pages: tuple[tuple[str, str], ...]) -> None:
        try:
            self._raw.append(self._mask.text(frame(number, timestamp, pages)))
        except OSError as error:
            raise WriteError(self._place.raw_metrics, error) from error

    def _write_redis(self, record: Mapping[str, Any]) -> None:
        masked = mask_texts(self._redactor, dict(record))
        masked["ping"]["histogram"] = record["ping"]["histogram"]  # encoded counts, which may look like a token
        line = orjson.dumps(masked, option=orjson.OPT_APPEND_NEWLINE)
        try:
            with self._place.redis_jsonl.open("ab") as file:
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise WriteError(self._place.redis_jsonl, error) from error

    def _close(self) -> None:
        if self._rows is not None:
            self._rows.close()
