"""The run as it is told: metadata.json and events.jsonl on disk, events to the view, the same in load.log.

Laws: every event goes to all three; metadata is written from a copy, redacted, by the writer thread; nothing waits.
"""

from __future__ import annotations

import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import WallAnchor, iso_utc, monotonic_ns, utc_now
from loadgen.core.events import Event, EventName
from loadgen.core.metadata import write_metadata
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from io import FileIO

    from loadgen.core.events import View
    from loadgen.core.logs import Log
    from loadgen.core.metadata import Document
    from loadgen.core.redact import Redactor
    from loadgen.core.rundir import RunDirectory
    from loadgen.run.earlier import Earlier
    from loadgen.run.writers import Scribe

_ALARMING = frozenset({EventName.GAP, EventName.PROBE, EventName.DECISION})
_QUIET_STATES = frozenset({"ARMED", "VALID"})


class Chronicle:
    """Owns the document of metadata.json and the events of a run."""

    def __init__(self, place: RunDirectory, scribe: Scribe, redactor: Redactor, view: View, log: Log) -> None:
        self.document: Document = {}
        self.anchor: WallAnchor | None = None
        self._place = place
        self._scribe = scribe
        self._redactor = redactor
        self._view = view
        self._log = log
        self._events: FileIO | None = None

    def __repr__(self) -> str:
        return f"<Chronicle of {self._place.run_id}: {self.document.get('status')}>"

    def begin_load(self, t0_ns: int) -> WallAnchor:
        """Note t0 and its wall time; from now on events count from it."""
        now = WallAnchor.take()
        self.anchor = WallAnchor(t0_ns, now.wall_at(t0_ns))
        self.document["t0"] = {"wall": iso_utc(self.anchor.wall), "monotonic_ns": t0_ns}
        return self.anchor

    def go_on(self, earlier: Earlier, t0_ns: int) -> WallAnchor:
        """Go on counting from the first t0 of an interrupted run whose load continues at this one; note the gap."""
        self.anchor = earlier.anchor
        t0_s = (t0_ns - earlier.anchor.monotonic_ns) / NS_PER_S
        gap_s = t0_s - earlier.next_second
        self.document["resumed"][-1].update(
            t_s=t0_s, gap_s=gap_s, schedule_s=round(earlier.skip_ns / NS_PER_S, 3), orderly=earlier.orderly
        )
        text = f"interrupted for {gap_s:g} s, from second {earlier.next_second} on; the schedule went on where it was"
        self.document["gaps"].append({"t_s": earlier.next_second, "text": text})
        self.event(EventName.GAP, t0_ns, text=text, from_s=earlier.next_second, to_s=t0_s)
        if earlier.unlogged:
            self.note(f"latency.hlog lacks {earlier.unlogged} response times from before the break: so do percentiles")
        return earlier.anchor

    def event(self, name: EventName, at_ns: int | None = None, **data: Any) -> None:
        """Tell an event that happened at a monotonic instant (default: now)."""
        instant = monotonic_ns() if at_ns is None else at_ns
        since_t0 = None if self.anchor is None else instant - self.anchor.monotonic_ns
        masked = self._redactor.structure(data)
        assert isinstance(masked, dict)
        event = Event(name, since_t0, masked)
        self._view.event(event)
        self._log.log(_level(event), _sentence(event), cmd=name.value)
        line = event.to_line(utc_now())
        self._scribe.do("events.jsonl", partial(self._append, line))

    def note(self, text: str) -> None:
        """Tell something worth a line that also belongs into metadata.json."""
        self.document["notes"].append(text)
        self.event(EventName.NOTE, text=text)

    def note_synthetic(self, scenario: str) -> None:
        """Tell, once, that a synthetic scenario is in force: the run is then no measurement of the service."""
        text = f"the synthetic scenario {scenario} is in force"
        self.document["synthetic"] = True
        if text not in self.document["notes"]:
            self.note(text)

    def gap(self, text: str) -> None:
        """Tell that something was not measured."""
        since_t0 = None if self.anchor is None else (monotonic_ns() - self.anchor.monotonic_ns) / 1e9
        self.document["gaps"].append({"t_s": since_t0 and round(since_t0, 3), "text": text})
        self.event(EventName.GAP, text=text)

    def save(self) -> None:
        """Have metadata.json replaced with the document as it is now."""
        snapshot = copy.deepcopy(self.document)
        self._scribe.do("metadata.json", partial(self._write, snapshot))

    def close(self) -> None:
        """Have events.jsonl closed."""
        self._scribe.do("events.jsonl", self._close_events)

    def _write(self, document: Document) -> None:
        masked = self._redactor.structure(document)
        assert isinstance(masked, dict)
        write_metadata(self._place.metadata, masked)

    def _append(self, line: bytes) -> None:
        if self._events is None:
            self._events = self._place.events.open("ab", buffering=0)
        self._events.write(line)

    def _close_events(self) -> None:
        if self._events is not None:
            self._events.close()


def _level(event: Event) -> str:
    alarming = event.name in _ALARMING or event.data.get("state", "VALID") not in _QUIET_STATES
    return "warn" if alarming else "info"


def _sentence(event: Event) -> str:
    data = dict(event.data)
    text = str(data.pop("text", ""))
    rest = ", ".join(f"{name} {value}" for name, value in data.items() if not isinstance(value, dict | list))
    return ": ".join(part for part in (event.name.value, text, rest) if part)
