"""What is marked on the time axis: the breaker, gaps, restarts, stages, and how the run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.events import EventName
from reports.analysis.conduct import explain, tripped
from reports.model.chart import Mark

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.model.run import Run
    from reports.model.timeline import Happening

MOST_MARKS = 24
_KINDS = {
    EventName.BREAKER: "breaker",
    EventName.GAP: "gap",
    EventName.VALIDITY: "validity",
    EventName.DECISION: "end",
    EventName.NOTE: "note",
}


def marks_of(run: Run) -> tuple[Mark, ...]:
    """Return the marks in the order of time; beyond MOST_MARKS notes give way to what is graver."""
    trip = tuple(_trip(run))
    told = [mark for mark in _events(run) if not (trip and mark.kind == "end")]  # the trip says why the run ended
    found = [*told, *trip, *_restarts(run), *_empty_rows(run)]
    unique = {(round(mark.at, 1), mark.kind): mark for mark in found}
    marks = sorted(unique.values(), key=lambda mark: mark.at)
    if len(marks) > MOST_MARKS:
        marks = [mark for mark in marks if mark.kind != "note"][:MOST_MARKS]
    return tuple(marks)


def _events(run: Run) -> Iterator[Mark]:
    for event in run.happenings:
        kind = _KINDS.get(EventName(event.name)) if event.name in set(EventName) else None
        if kind is not None and event.t_s is not None and event.t_s > 0 and _speaks(event):
            text = event.text or event.state
            yield Mark(event.t_s, kind, f"breaker: {text}" if kind == "breaker" else text)


def _speaks(event: Happening) -> bool:
    """Say whether an event is news: neither the state that every run begins with nor the trip, which is told apart."""
    if event.name == EventName.BREAKER:
        return event.state == "UNARMED"
    return event.name != EventName.VALIDITY or event.state != "VALID"


def _trip(run: Run) -> Iterator[Mark]:
    trip = run.breaker.trip
    if not tripped(run) or trip is None or trip.moment is None or run.t0 is None:
        return
    yield Mark(max(0.0, (trip.moment - run.t0).total_seconds()), "breaker", explain(trip))


def _restarts(run: Run) -> Iterator[Mark]:
    for point in run.probes.points:
        if point.restarted and point.t_s is not None:
            yield Mark(point.t_s, "reset", "the service restarted before this probe: its counters began anew")


def _empty_rows(run: Run) -> Iterator[Mark]:
    told = [event.t_s for event in run.happenings if event.name == EventName.GAP and event.t_s is not None]
    for row in run.rows:
        if row.measured or row.at is None or run.t0 is None:
            continue
        at = (row.at - run.t0).total_seconds()
        if not any(abs(at - other) < 1 for other in told):
            yield Mark(max(0.0, at), "gap", f"sample {row.number} has no figures")
