"""The JSON-lines logs of runs as they lie on disk: rotated and gzipped ones, too.

Laws: files are read line by line and only once; a line that is no log line is counted by its file, with the number of
the first one, and costs no other; the newest line of an execution trace is the trace.
"""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, cast

import orjson

from loadgen.core.errors import InputError, Problem
from loadgen.core.execution_trace import is_trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_LOGS = re.compile(r"(?!console\.log)(?:.+\.log|\.traces\.jsonl)(?:[.-]\d+)?(?:\.gz)?")
_GZIP = b"\x1f\x8b"

Line = dict[str, Any]


@dataclass(slots=True)
class Broken:
    """Lines of one file that could not be read: how many, and the number of the first."""

    count: int = 0
    first: int = 0


@dataclass(slots=True)
class LogFiles:
    """Some log files; after `lines` was read to its end, the rest is known.

    `traces` holds the newest state of each execution trace by its id, `broken` the lines that could not be read by
    file, `unread` why a file could not be read to its end.
    """

    paths: tuple[Path, ...]
    count: int = 0
    traces: dict[str, Line] = field(default_factory=dict)
    broken: dict[str, Broken] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def lines(self) -> Iterator[Line]:
        """Yield every log line of all files."""
        for path in self.paths:
            try:
                with _open(path) as file:
                    yield from self._of_file(str(path), file)
            except (OSError, EOFError, zlib.error) as error:
                self.unread[str(path)] = getattr(error, "strerror", None) or str(error) or type(error).__name__

    def _of_file(self, name: str, file: Iterable[bytes]) -> Iterator[Line]:
        for number, raw in enumerate(file, 1):
            if not raw.strip():
                continue
            line = _read(raw)
            if is_trace(line):
                self.traces[line["trace_id"]] = line
            elif "ts" in line and "msg" in line:
                self.count += 1
                yield line
            else:
                broken = self.broken.setdefault(name, Broken(0, number))
                broken.count += 1


def find_logs(places: Iterable[Path]) -> LogFiles:
    """Return the log files at some places; below a directory all of them, however deep.

    Raises InputError naming every place without one.
    """
    problems: list[Problem] = []
    found: dict[Path, None] = {}
    for place in places:
        paths = _below(place) if place.is_dir() else [place]
        if not place.exists():
            problems.append(Problem(str(place), None, "there is no such file or directory"))
        elif not paths:
            problems.append(Problem(str(place), None, "has no load.log, observe.log or .traces.jsonl below it"))
        found.update(dict.fromkeys(paths))
    if problems:
        raise InputError(problems)
    return LogFiles(tuple(found))


def _below(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if _LOGS.fullmatch(path.name) and path.is_file())


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb")


def _read(raw: bytes) -> Line:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
