"""The phases of connections and requests: connect, TLS, first byte, transfer.

Laws: a connection belongs to the interval in which it was open, a request to that of its end; requests whose answer
came in one read are not here at all (`Accumulator.complete`). No clock: instants come in as arguments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loadgen.record.layout import CONNECT, FIRST_BYTE, TLS, TRANSFER

if TYPE_CHECKING:
    from loadgen.core.histogram import Int64s
    from loadgen.record.accumulator import Accumulator

_NO_TLS = -1


class PhaseRows:
    """What waits to be folded; `connected` and `in_parts` are called by connections."""

    def __init__(self) -> None:
        self._connected: list[tuple[int, int, int]] = []
        self._in_parts: list[tuple[int, int, int]] = []

    def connected(self, at_ns: int, connect_ns: int, tls_ns: int) -> None:
        """Take a connection that is open; `tls_ns` is -1 where it has no TLS."""
        self._connected.append((at_ns, connect_ns, tls_ns))

    def in_parts(self, sent_ns: int, first_ns: int, done_ns: int) -> None:
        """Take a request that did not end with its first byte; `first_ns` is 0 when none came."""
        self._in_parts.append((sent_ns, first_ns, done_ns))

    def fold(self, accumulator: Accumulator, until_ns: int) -> None:
        """Bring what happened before an instant into the histograms; the rest waits."""
        if self._connected:
            now, self._connected = _split(self._connected, 0, until_ns)
            accumulator.note(CONNECT, now[:, 1])
            accumulator.note(TLS, now[now[:, 2] != _NO_TLS, 2])
        if self._in_parts:
            now, self._in_parts = _split(self._in_parts, 2, until_ns)
            _take_back(accumulator, now)
            begun = now[now[:, 1] > 0]
            accumulator.note(FIRST_BYTE, begun[:, 1] - begun[:, 0])
            accumulator.note(TRANSFER, begun[:, 2] - begun[:, 1])


def _take_back(accumulator: Accumulator, requests: Int64s) -> None:
    """Take back what `complete` will count for these requests as if their answers had come in one read."""
    accumulator.note(FIRST_BYTE, requests[:, 2] - requests[:, 0], -1)
    accumulator.note(TRANSFER, np.zeros(len(requests), np.int64), -1)


def _split(rows: list[tuple[int, int, int]], column: int, until_ns: int) -> tuple[Int64s, list[tuple[int, int, int]]]:
    """Return the rows whose column is before an instant as an array, and the others."""
    later = [row for row in rows if row[column] >= until_ns]
    now = [row for row in rows if row[column] < until_ns] if later else rows
    return np.array(now, np.int64).reshape(-1, 3), later
