"""What is told of an aborted run: impact, parameters, duration, partial results; as a file and as an alert.

Laws: pure; what is not known is said to be unknown; figures stand in the particulars, never in the alert's message.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadgen.core.outcome import OWN_FAULT_LABELS
from loadgen.core.units import NS_PER_MS, format_duration
from loadgen.notify.alert import Alert, Severity
from loadgen.notify.response import breaker_runbook, response_to, runbook

if TYPE_CHECKING:
    from datetime import datetime

    from loadgen.core.histogram import Histogram
    from loadgen.core.metadata import Document

TRIPPED = "LoadgenBreakerTripped"
_UNKNOWN = "unknown"
_MOST_ENDINGS = 4


@dataclass(frozen=True, slots=True)
class Notice:
    """The four things that the owners of a service want to know at once, and why the run ended."""

    why: str
    impact: str
    parameters: str
    duration: str
    partial_results: str
    severity: Severity
    runbook: str

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        return (
            ("Impact", self.impact),
            ("Parameters", self.parameters),
            ("Duration", self.duration),
            ("Partial results", self.partial_results),
            ("Runbook", self.runbook),
        )


def notice_of(document: Document, why: str, elapsed_s: float | None, response: Histogram | None) -> Notice:
    """Put a notice together from a run's document, its time under load and its response times."""
    load = document.get("load") or {}
    trip = _trip(document)
    return Notice(
        why=why,
        impact=_impact(load, document.get("server_window") or {}),
        parameters=(
            f"{document.get('rate') or _UNKNOWN} over {document.get('concurrency') or _UNKNOWN} connections on "
            f"{document.get('base_url') or _UNKNOWN}, profile {document.get('profile') or _UNKNOWN}"
        ),
        duration=_duration(document, elapsed_s),
        partial_results=_results(document, load, response),
        severity=Severity.CRITICAL if trip else Severity.ERROR,
        runbook=breaker_runbook(str(trip.get("input") or "")) if trip else runbook("README.md"),
    )


def notice_text(notice: Notice, run_id: str, place: str) -> str:
    """Return the notice as a page of markdown, ready to be sent on."""
    lines = [
        f"# Abort Notice: {run_id}",
        "",
        f"{notice.why[:1].upper()}{notice.why[1:]}. No load is sent any more.",
        "",
    ]
    lines.append(f"- **Response:** {response_to(notice.severity).sentence}")
    lines += [f"- **{title}:** {text}" for title, text in notice.parts]
    if place:
        lines.append(f"- **Run directory:** `{place}`")
    return "\n".join([*lines, ""])


def abort_alert(document: Document, notice: Notice, place: str, at: datetime) -> Alert:
    """Return the critical alert of a breaker trip, or the error alert of a run that failed."""
    trip = _trip(document)
    tripped = bool(trip)
    what = str(trip.get("metric") or trip.get("input") or "").replace("_", " ")
    run_id = str(document.get("run_id") or "")
    return Alert(
        name=TRIPPED if tripped else "LoadgenRunFailed",
        severity=notice.severity,
        message=f"circuit breaker tripped: {what}" if tripped else "the run failed",
        subject=str(document.get("base_url") or ""),
        at=at,
        root_cause=notice.why,
        trace_id=str(document.get("trace_id") or run_id),
        run_id=run_id,
        link=place,
        details=notice.parts,
    )


def trip_alert_of(base_url: str, at: datetime) -> Alert:
    """Return the alert of a trip on this target as far as it takes to say that it is over."""
    return Alert(TRIPPED, Severity.CRITICAL, "the target took a whole run again", base_url, at)


def _trip(document: Document) -> dict[str, Any]:
    trip: dict[str, Any] = (document.get("breaker") or {}).get("trip") or {}
    return trip


def _impact(load: dict[str, Any], window: dict[str, Any]) -> str:
    sent, failed = load.get("sent"), load.get("failed")
    if not sent:
        return "no request of the measured load was sent" if sent == 0 else _UNKNOWN
    endings = {**(load.get("failed_by") or {}), **(load.get("dropped_by") or {})}
    worst = sorted(((count, label) for label, count in endings.items() if count), reverse=True)[:_MOST_ENDINGS]
    named = ", ".join(f"{count:,} {label}" for count, label in worst)
    text = f"{sent:,} requests sent, {failed or 0:,} failed, {load.get('dropped') or 0:,} dropped"
    text += f" ({named})" if named else ""
    requests, errors = window.get("requests"), _added(window.get("errors_4xx"), window.get("errors_5xx"))
    if requests and errors is not None:
        text += f"; the service counted {errors:,.0f} errors in {requests:,.0f} requests"
    degraded = window.get("degraded")
    return f"{text}; {degraded:,.0f} fallbacks degraded answers" if degraded else text


def _added(*figures: float | None) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None


def _duration(document: Document, elapsed_s: float | None) -> str:
    planned_s = document.get("duration_seconds")
    shown = "unknown" if elapsed_s is None else format_duration(round(elapsed_s) * 1_000_000_000)
    planned = "an unknown time" if planned_s is None else format_duration(round(planned_s * 1_000_000_000))
    return f"{shown} of {planned} planned, from {document.get('start_timestamp') or _UNKNOWN}"


def _results(document: Document, load: dict[str, Any], response: Histogram | None) -> str:
    parts = [f"{document.get('samples_written') or 0} of {document.get('samples') or 0} samples"]
    endings = {**(load.get("failed_by") or {}), **(load.get("dropped_by") or {})}
    failures = sum(count for label, count in endings.items() if label not in OWN_FAULT_LABELS)
    done = load.get("done") or 0
    if done + failures:
        parts.append(f"success {done / (done + failures) * 100:.2f} %")
    if response is not None and response.total:
        parts += [f"{name} {response.percentile(q) / NS_PER_MS:.0f} ms" for name, q in (("p95", 95), ("p99", 99))]
    return ", ".join(parts)
