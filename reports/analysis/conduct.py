"""How the run itself went: its end, its breaker, its validity, its record.

Law: none of these speaks about the service; what is not on record is NA, and NA is never a pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.metadata import Status as RunStatus
from reports.analysis.check import Check, Status, Weight
from reports.analysis.quantity import Unit, limit, show
from reports.model.run import Harm

if TYPE_CHECKING:
    from reports.model.run import Run, Trip

_ENDINGS = {
    RunStatus.RUNNING: "the run has not ended, or it was killed before it could say so",
    RunStatus.STOPPED: "stopped on request before its end",
    RunStatus.INTERRUPTED: "interrupted (Ctrl-C) before its end",
    RunStatus.HANGUP: "stopped when its terminal went away",
    RunStatus.FAILED: "ended by a failure of the tool or one of its processes",
}
_INPUTS = {
    "client": "the client's own count of failures",
    "error_rate": "the service's error rate",
    "effective_fallback": "the service's effective fallback rate",
    "blind": "the loss of the service's metrics",
}


def judge_end(run: Run) -> Check:
    """Check that the run reached its planned end; a breaker trip is judged apart."""
    if run.status == RunStatus.COMPLETED:
        return _conduct("end", "Run", Status.PASS, "completed as planned")
    if run.status == RunStatus.ABORTED_CIRCUIT_BREAKER:
        return _conduct("end", "Run", Status.NA, "aborted by the circuit breaker")
    known = {status.value: text for status, text in _ENDINGS.items()}
    return _conduct("end", "Run", Status.NA, known.get(run.status, "the record does not say how the run ended"))


def judge_breaker(run: Run) -> Check:
    """Check the breaker: a trip is a FAIL, a breaker that is off or has an unarmed input is a WARN."""
    title, breaker = "Circuit breaker", run.breaker
    if tripped(run):
        reason = explain(breaker.trip) if breaker.trip else "it tripped; the record does not say why"
        return _conduct("breaker", title, Status.FAIL, reason)
    if breaker.enabled is None:
        return _conduct("breaker", title, Status.NA, "its outcome is not on record")
    if not breaker.enabled:
        return _conduct("breaker", title, Status.WARN, "switched off for this run")
    if not breaker.inputs:
        return _conduct(
            "breaker", title, Status.WARN, "quiet, but the record does not say on which inputs it was armed"
        )
    unarmed = [
        f"{item.name} ({item.reason})" if item.reason else item.name for item in breaker.inputs if not item.armed
    ]
    if unarmed:
        return _conduct("breaker", title, Status.WARN, f"quiet, but not armed on every input: {', '.join(unarmed)}")
    return _conduct("breaker", title, Status.PASS, "armed on every input, never tripped")


def tripped(run: Run) -> bool:
    """Say whether any part of the record says that the breaker tripped."""
    return run.breaker.tripped or run.status == RunStatus.ABORTED_CIRCUIT_BREAKER


def explain(trip: Trip) -> str:
    """Say in a sentence what made the breaker trip."""
    source = _INPUTS.get(trip.input, trip.input or "an input")
    parts = [f"tripped on {source}"]
    if trip.value is not None and trip.threshold is not None:
        parts.append(f"{trip.metric or 'value'} {_against(trip.value, trip.threshold)}")
    if trip.window_s:
        parts.append(f"over {trip.window_s:.3g} s")
    if trip.rule:
        parts.append(f"rule: {trip.rule}")
    if trip.phase and trip.phase != "main":
        parts.append(f"during {trip.phase}")
    if trip.at:
        parts.append(f"at {trip.at}")
    return ", ".join(parts)


def _against(value: float, threshold: float) -> str:
    """Write a ratio as a percentage and a count as a count: counts stand against a threshold of at least 1."""
    if threshold >= 1:
        return f"{value:g} against {threshold:g}"
    percent = threshold * 100
    return f"{show(value * 100, Unit.PERCENT, beside=percent)} against {limit(percent, Unit.PERCENT)}"


def judge_validity(run: Run) -> Check:
    """Check the measurement itself: INVALID and no statement are NA, DEGRADED is a WARN."""
    state, reasons = run.validity.state, "; ".join(run.validity.reasons)
    told = f"{state}: {reasons}" if reasons else state
    status = {"VALID": Status.PASS, "DEGRADED": Status.WARN}.get(state, Status.NA)
    title = "Measurement validity"
    return _conduct("validity", title, status, told or "the generator's statement about itself is not on record")


def judge_record(run: Run) -> Check:
    """Check that every artifact the verdict needs was read whole."""
    needed = [str(damage) for damage in run.damages if damage.harm is Harm.NEEDED]
    details = [str(damage) for damage in run.damages if damage.harm is Harm.DETAIL]
    if needed:
        return _conduct("record", "Record", Status.NA, "; ".join(needed))
    if details:
        return _conduct("record", "Record", Status.WARN, "; ".join(details))
    return _conduct("record", "Record", Status.PASS, "every artifact was read whole")


def _conduct(key: str, title: str, status: Status, reason: str) -> Check:
    return Check(key, title, status, Weight.MANDATORY, reason)
