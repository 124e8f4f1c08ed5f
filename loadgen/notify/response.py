"""How soon somebody must act on what, and which page tells them how: the one table for alerts, notices and runbooks.

Pure. The levels are those of operations; every severity that an alert can have maps to one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from loadgen.notify.alert import Severity

RUNBOOKS = "docs/runbooks"
"""Where the pages lie, in the repository."""


class Level(StrEnum):
    """How bad an incident is, worst first."""

    CRITICAL = "CRITICAL"
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


@dataclass(frozen=True, slots=True)
class Response:
    """Who must have begun to act within which time, and what makes an incident one of this level."""

    level: Level
    within: timedelta
    severity: Severity
    means: str

    @property
    def time(self) -> str:
        """The time as text, such as `15 min`."""
        hours, minutes = divmod(round(self.within.total_seconds() / 60), 60)
        return f"{hours} h" if hours and not minutes else f"{60 * hours + minutes} min"

    @property
    def sentence(self) -> str:
        """Level and time as one sentence.

        >>> RESPONSES[1].sentence
        'HIGH: respond within 15 min'
        """
        return f"{self.level}: respond within {self.time}"


RESPONSES = (
    Response(
        Level.CRITICAL,
        timedelta(minutes=2),
        Severity.CRITICAL,
        "the circuit breaker tripped, or a critical alert fires: users are losing requests now",
    ),
    Response(
        Level.HIGH,
        timedelta(minutes=15),
        Severity.ERROR,
        "more than a quarter of the traffic is affected, P95 is above 500 ms, or a run failed by itself",
    ),
    Response(
        Level.MEDIUM,
        timedelta(hours=1),
        Severity.WARNING,
        "an objective is missed, or a warning alert fires",
    ),
    Response(
        Level.LOW,
        timedelta(hours=24),
        Severity.INFO,
        "the measurement is in question, not the service: figures missing, the generator at its limit",
    ),
)
_BY_SEVERITY = {response.severity: response for response in RESPONSES}
_BY_LEVEL = {response.level: response for response in RESPONSES}

BREAKER_RUNBOOKS = {
    "client": "ERROR_RATE.md",
    "error_rate": "ERROR_RATE.md",
    "effective_fallback": "FALLBACK.md",
    "blind": "METRICS_STALLED.md",
}
"""Which page a trip of each input of the breaker leads to."""


def response_to(severity: Severity) -> Response:
    """Return what an alert of this severity asks for."""
    return _BY_SEVERITY[severity]


def response_at(level: Level) -> Response:
    """Return what an incident of this level asks for."""
    return _BY_LEVEL[level]


def runbook(page: str) -> str:
    """Return the path of a page in the repository."""
    return f"{RUNBOOKS}/{page}"


def breaker_runbook(tripped_input: str) -> str:
    """Return the path of the page for a trip; that of the index for an input nobody knows."""
    return runbook(BREAKER_RUNBOOKS.get(tripped_input, "README.md"))
