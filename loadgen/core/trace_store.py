"""Where execution traces are kept: a ring of JSON lines that only its owner may read.

Laws: the newest line of a trace is the trace, and its place in the ring is that of its first line; the oldest leave
first, of one user beyond 100 and of all beyond 1,000; writers take turns by a file lock; a reader sees whole lines, and
one that is broken is counted and costs no other.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.execution_trace import is_trace
from loadgen.core.logs import render_line
from loadgen.core.rundir import RESULTS, TRACES
from loadgen.core.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

PER_USER = 100
IN_ALL = 1_000
_OWNER_ONLY = 0o600

Trace = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """The traces of a store, oldest first, and how many of its lines could not be read."""

    traces: tuple[Trace, ...]
    broken: int = 0


class TraceStore:
    """The traces in one file, which is made with its first trace."""

    def __init__(self, path: Path, *, per_user: int = PER_USER, in_all: int = IN_ALL) -> None:
        self.path = path
        self._per_user = per_user
        self._in_all = in_all

    def __repr__(self) -> str:
        return f"<TraceStore {self.path}>"

    def add(self, trace: Mapping[str, Any]) -> None:
        """Keep a new trace and let those go that are beyond the ring; raise OSError.

        The file is replaced as a whole, so a crash leaves the one before.
        """
        with self._turn():
            kept = ring([*self.read().traces, dict(trace)], self._per_user, self._in_all)
            self._replace(kept)

    def update(self, trace: Mapping[str, Any]) -> None:
        """Keep a newer state of a trace that was added; raise OSError."""
        with self._turn():
            descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
            try:
                line = render_line(dict(trace))
                os.write(descriptor, line if _ends_whole(descriptor) else b"\n" + line)
            finally:
                os.close(descriptor)

    def read(self) -> Stored:
        """Return what is there, oldest first; a missing file is empty. Raises OSError."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return Stored(())
        newest: dict[str, Trace] = {}
        broken = 0
        for line in lines:
            trace = _trace_of(line)
            if trace is not None:
                newest[trace["trace_id"]] = trace
            elif line.strip():
                broken += 1
        return Stored(tuple(newest.values()), broken)

    def last(self) -> Trace | None:
        """Return the trace that began last, None without any; raise OSError."""
        traces = self.read().traces
        return traces[-1] if traces else None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait until no other process writes."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _replace(self, traces: Sequence[Trace]) -> None:
        write_whole(self.path, b"".join(render_line(trace) for trace in traces), _OWNER_ONLY)


@cache
def get_trace_store(results: Path = RESULTS) -> TraceStore:
    """Return the store of a results directory: the same object each time."""
    return TraceStore(results / TRACES)


def ring(traces: Sequence[Trace], per_user: int, in_all: int) -> list[Trace]:
    """Return the traces that stay, in their order: of each user the newest `per_user`, of those the newest `in_all`.

    >>> ring([{"user_id": "a", "n": 1}, {"user_id": "b", "n": 2}, {"user_id": "a", "n": 3}], 1, 10)
    [{'user_id': 'b', 'n': 2}, {'user_id': 'a', 'n': 3}]
    """
    seen: Counter[str] = Counter()
    kept: list[Trace] = []
    for trace in reversed(traces):
        seen[trace["user_id"]] += 1
        if seen[trace["user_id"]] <= per_user and len(kept) < in_all:
            kept.append(trace)
    return kept[::-1]


def _trace_of(line: bytes) -> Trace | None:
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return value if is_trace(value) else None


def _ends_whole(descriptor: int) -> bool:
    """Say whether a file ends with a whole line, or is empty."""
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"
