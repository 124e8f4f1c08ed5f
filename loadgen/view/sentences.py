"""Events as one line for a person. Pure.

Law: whatever comes from outside (an error text, a row) loses its control characters here, so that a service cannot
drive the terminal of whoever tests it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from loadgen.core.events import Event, EventName, InputLine
from loadgen.core.units import NS_PER_S
from loadgen.view.figures import clock, latency, limit, percent

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_NA = ("", "NA")


class Tone(Enum):
    """How much a line wants to be seen."""

    QUIET = "quiet"
    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Sentence:
    """A line: `at` is the time since the load began (empty before), `text` what happened."""

    at: str
    text: str
    tone: Tone

    def __str__(self) -> str:
        return f"{self.at:>8}  {self.text}"


def sentence_of(event: Event) -> Sentence:
    """Return the line for an event."""
    text, tone = _WRITERS[event.name](event.data)
    at = "" if event.at_ns is None or event.at_ns < 0 else clock(event.at_ns)
    return Sentence(at, clean(text), tone)


def clean(text: str) -> str:
    """Return a text without control characters, on one line."""
    return _CONTROL.sub(" ", text).strip()


def _phase(data: Mapping[str, Any]) -> tuple[str, Tone]:
    since = f", t = 0 at {data['t0']}" if data.get("t0") else ""
    return f"{data.get('phase', 'a phase')} begins{since}", Tone.PLAIN


def _sample(data: Mapping[str, Any]) -> tuple[str, Tone]:
    label = str(data.get("label") or "")
    name = f"scrape at the {label}" if label in ("start", "end") else f"sample {data.get('number', '?')}"
    if not data.get("ok", True):
        notes = "; ".join(str(note) for note in data.get("notes") or ()) or "no answer"
        return f"{name} failed: {notes}", Tone.WARNING
    row = data.get("row") or {}
    figures = ", ".join(f"{title} {shown}" for title, shown in _row_figures(row))
    return f"{name}: {figures}" if figures else f"{name} taken", Tone.PLAIN


def _row_figures(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what of a row is worth a glance: those columns that hold a number."""
    columns: tuple[tuple[str, str, Callable[[float], str]], ...] = (
        ("success", "http_success_rate", percent),
        ("p95", "p95_latency", _seconds),
        ("p99", "p99_latency", _seconds),
        ("errors", "error_rate", percent),
        ("effective fallback", "effective_fallback_ratio", percent),
    )
    figures = []
    for title, column, shown in columns:
        value = row.get(column)
        if value is not None and str(value) not in _NA:
            try:
                figures.append((title, shown(float(value))))
            except ValueError:  # not a number: the row shows it, this line does not
                continue
    return figures


def _seconds(value: float) -> str:
    return latency(round(value * NS_PER_S))


def _breaker(data: Mapping[str, Any]) -> tuple[str, Tone]:
    name = str(data.get("input", "?")).replace("_", " ")
    state = data.get("state")
    text = str(data.get("text") or "")
    if state == InputLine.TRIPPED.value:
        return f"breaker TRIPPED by {name}: {_trip(data)}", Tone.ALARM
    armed = state == InputLine.ARMED.value
    suffix = f" ({text})" if text and not armed else ""
    tone = Tone.QUIET if armed else Tone.WARNING
    return f"breaker input {name} {state}{suffix}", tone


def _trip(data: Mapping[str, Any]) -> str:
    value, threshold = data.get("value"), data.get("threshold")
    detail = str(data.get("detail") or data.get("text") or "")
    if not isinstance(value, int | float) or not isinstance(threshold, int | float):
        return detail
    if threshold >= 1:
        return detail or f"{value:g} of {threshold:g}"
    over = f"{percent(value)} is above {limit(threshold)}"
    return f"{over}; {detail}" if detail else over


def _validity(data: Mapping[str, Any]) -> tuple[str, Tone]:
    state = str(data.get("state", "?"))
    text = str(data.get("text") or "")
    tone = {"VALID": Tone.GOOD, "DEGRADED": Tone.WARNING}.get(state, Tone.ALARM)
    return f"measurement {text if text.startswith(state) else f'{state}: {text}' if text else state}", tone


def _end(data: Mapping[str, Any]) -> tuple[str, Tone]:
    code = data.get("exit_code")
    text = str(data.get("text") or data.get("status") or "the run ended")
    shown = text if code is None else f"{text} (exit {code})"
    return f"end: {shown}", Tone.GOOD if code in (None, 0) else Tone.ALARM


def _told(prefix: str, tone: Tone) -> Callable[[Mapping[str, Any]], tuple[str, Tone]]:
    def write(data: Mapping[str, Any]) -> tuple[str, Tone]:
        text = str(data.get("text") or "")
        rest = ", ".join(f"{name} {value}" for name, value in data.items() if name not in ("text", "ok"))
        return prefix + (text or rest or "no details"), tone

    return write


_WRITERS: Mapping[EventName, Callable[[Mapping[str, Any]], tuple[str, Tone]]] = {
    EventName.PHASE: _phase,
    EventName.SAMPLE: _sample,
    EventName.BREAKER: _breaker,
    EventName.VALIDITY: _validity,
    EventName.GAP: _told("not measured: ", Tone.WARNING),
    EventName.DECISION: _told("", Tone.ALARM),
    EventName.PROBE: _told("probe failed: ", Tone.WARNING),
    EventName.NOTE: _told("note: ", Tone.QUIET),
    EventName.END: _end,
}
