"""From latency.hlog to blocks: what a comparison of runs needs of it, in at most a few hundred pieces."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from loadgen.core.hdr_log import read_hdr_log
from reports.loader.files import Unreadable, ends_whole
from reports.model.measurement import Block

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.core.hdr_log import LogEntry
    from loadgen.core.histogram import Int64s

MOST_BLOCKS = 240
_ALL, _GOOD = "response", "response_ok"


def unit_length_s(duration_s: float, entry_s: float) -> float:
    """Return how long a block is: whole entries of the log, so long that a run has at most 240 of them.

    >>> unit_length_s(7200, 10), unit_length_s(60, 1)
    (30.0, 1.0)
    """
    return float(entry_s * max(1, math.ceil(duration_s / MOST_BLOCKS / entry_s - 1e-9)))


def read_blocks(path: Path, duration_s: float | None, complaints: list[str]) -> tuple[tuple[Block, ...], float]:
    """Return the blocks of a latency.hlog and their length; raise Unreadable when it has none.

    A log that breaks off gives what stands before, and a complaint. What ended after the load (the drain) belongs to
    the last block of the load.
    """
    entries: list[LogEntry] = []
    try:
        whole = ends_whole(path)
        entries.extend(read_hdr_log(path, (_ALL, _GOOD)))
    except FileNotFoundError as error:
        raise Unreadable("missing") from error
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from error
    except ValueError:
        whole = False
    if not whole:
        complaints.append("breaks off")
        entries = _without_torn_end(entries)
    if not any(entry.tag == _ALL for entry in entries):
        raise Unreadable("holds no response times")
    usual_s = max(entry.length_s for entry in entries)
    ends_s = max(entry.start_s + entry.length_s for entry in entries)
    unit_s = unit_length_s(duration_s or ends_s, usual_s)
    last = max(0, math.ceil((duration_s or ends_s) / unit_s - 1e-6) - 1)
    gathered = _Gathered(unit_s, last)
    for entry in entries:
        gathered.take(entry)
    blocks = gathered.blocks(duration_s or ends_s)
    if any(block.ok > block.total for block in blocks):
        raise Unreadable("counts more good answers than answers: a line is missing")
    return blocks, unit_s


def _without_torn_end(entries: list[LogEntry]) -> list[LogEntry]:
    """Leave out the last interval of a log that breaks off when it has answers but no longer says which were good."""
    last_s = max((entry.start_s for entry in entries), default=0.0)
    tags = {entry.tag for entry in entries if entry.start_s == last_s}
    return entries if _GOOD in tags else [entry for entry in entries if entry.start_s < last_s]


class _Gathered:
    """Counts by block, while a log is read."""

    def __init__(self, unit_s: float, last: int) -> None:
        self._unit_s = unit_s
        self._last = last
        self._counts: dict[int, Int64s] = {}
        self._ok: dict[int, int] = {}

    def take(self, entry: LogEntry) -> None:
        at = min(self._last, max(0, math.floor(entry.start_s / self._unit_s + 1e-6)))
        if entry.tag == _GOOD:
            self._ok[at] = self._ok.get(at, 0) + entry.histogram.total
        elif entry.tag == _ALL:
            self._add(at, entry.histogram.counts)

    def _add(self, at: int, counts: Int64s) -> None:
        held = self._counts.get(at)
        if held is None:
            self._counts[at] = counts.copy()
        elif len(held) >= len(counts):
            held[: len(counts)] += counts
        else:
            wider = counts.copy()
            wider[: len(held)] += held
            self._counts[at] = wider

    def blocks(self, ends_s: float) -> tuple[Block, ...]:
        """Return every block from the first to the last with an entry; one without entries is empty, not left out."""
        found = []
        for at in range(max(self._counts) + 1):
            counts = self._counts.get(at, np.zeros(0, np.int64))
            slots = np.flatnonzero(counts)
            start_s = at * self._unit_s
            length_s = min(self._unit_s, max(ends_s - start_s, 1e-3))
            found.append(Block(start_s, length_s, slots, counts[slots], self._ok.get(at, 0)))
        return tuple(found)
