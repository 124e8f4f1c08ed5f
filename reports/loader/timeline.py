"""From latency.hlog, load-stats.csv and events.jsonl to what happened when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.events import read_events
from loadgen.core.outcome import OWN_FAULT_LABELS
from loadgen.core.units import NS_PER_S
from reports.loader.fields import Fields
from reports.loader.files import Unreadable
from reports.model.timeline import Happening, Second, Slice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loadgen.core.hdr_log import LogEntry
    from loadgen.core.histogram import Histogram

MOST_SLICES = 720
_MS_PER_S = 1_000


class Slicer:
    """Joins the response times of neighbouring log entries, so that a run has at most MOST_SLICES slices or so.

    A log of longer intervals than that asks for is left as it is: an interval is never cut.
    """

    def __init__(self, duration_s: float | None) -> None:
        self._length_s = max(1.0, (duration_s or 0.0) / MOST_SLICES)
        self._found: list[Slice] = []
        self._held: Histogram | None = None
        self._span = (0.0, 0.0)

    def take(self, entry: LogEntry) -> None:
        """Add one entry of the clock `response`, in the order of the log."""
        start, end = self._span
        if self._held is not None and entry.start_s + entry.length_s - start > self._length_s * 1.001:
            self._close()
        if self._held is None:
            self._held, self._span = entry.histogram.copy(), (entry.start_s, entry.start_s + entry.length_s)
            return
        self._held.add(entry.histogram)
        self._span = (start, max(end, entry.start_s + entry.length_s))

    def slices(self) -> tuple[Slice, ...]:
        """Return what was joined so far."""
        self._close()
        return tuple(self._found)

    def _close(self) -> None:
        held, self._held = self._held, None
        if held is None or not held.total:
            return
        p50, p95, p99 = (held.percentile(q) / NS_PER_S for q in (50.0, 95.0, 99.0))
        start, end = self._span
        self._found.append(Slice(start, end - start, held.total, p50, p95, p99, held.max_ns / NS_PER_S))


def second_of(row: Mapping[str, float]) -> Second:
    """Return one row of load-stats.csv, its figures finite ones."""
    lag_ms = row.get("lag_p99_ms")
    return Second(
        at=int(row.get("second", 0)),
        due=round(row.get("due", 0)),
        sent=round(row.get("sent", 0)),
        done=round(row.get("done", 0)),
        failed=round(row.get("failed", 0)),
        dropped=round(row.get("dropped", 0)),
        ours=round(sum(row.get(label, 0) for label in OWN_FAULT_LABELS)),
        lag_p99_s=None if lag_ms is None else lag_ms / _MS_PER_S,
    )


def read_happenings(path: Path) -> tuple[Happening, ...]:
    """Return the events of a run, lines that are none passed over; raise Unreadable when there is no event at all."""
    try:
        found = tuple(_happening(Fields(body)) for body in read_events(path))
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from error
    if not found:
        raise Unreadable("holds no event")
    return found


def _happening(fields: Fields) -> Happening:
    at = fields.signed("t_s")
    return Happening(at, fields.text("event"), fields.text("state"), fields.text("text") or fields.text("detail"))
