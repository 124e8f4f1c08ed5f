"""Why a run ends before its plan does, and what follows from it.

Laws: a closed table; the first cause decides how the run is wound down, all causes together decide the exit code;
a cause is never taken back.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum

from loadgen.core.errors import ExitCode, worst_exit
from loadgen.core.metadata import Status
from loadgen.core.units import NS_PER_S

SIGTERM_DRAIN_NS = 7 * NS_PER_S
"""Drain after SIGTERM: with the last scrape and the files the whole end stays within 10 s."""


class Cause(Enum):
    """What can end a run early: (status, exit code, whether requests in flight may end, sentence)."""

    BREAKER = (Status.ABORTED_CIRCUIT_BREAKER, ExitCode.BREAKER, "the circuit breaker tripped")
    SIGINT = (Status.INTERRUPTED, ExitCode.SIGINT, "Ctrl-C")
    SIGTERM = (Status.STOPPED, ExitCode.SIGTERM, "SIGTERM")
    SIGHUP = (Status.HANGUP, ExitCode.SIGHUP, "the terminal went away (SIGHUP)")
    STOP_FILE = (Status.STOPPED, ExitCode.INCOMPLETE, "a stop file was found")
    OBSERVER_STOPPED = (Status.STOPPED, ExitCode.SIGTERM, "the observer was asked to stop")
    FAILURE = (Status.FAILED, ExitCode.USAGE, "the run failed")

    @property
    def status(self) -> Status:
        return self.value[0]

    @property
    def exit_code(self) -> ExitCode:
        return self.value[1]

    @property
    def sentence(self) -> str:
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause as it happened, with its particulars."""

    cause: Cause
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.cause.sentence}: {self.detail}" if self.detail else self.cause.sentence


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended: for the command line and for metadata.json."""

    status: Status
    exit_code: ExitCode
    sentence: str


class End:
    """Collects reasons to end; the run waits on `asked`, a wind-down in progress on `urgent`.

    `urgent` is set by a second Ctrl-C: cut everything now.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.urgent = asyncio.Event()
        self.reasons: list[Reason] = []

    def __repr__(self) -> str:
        return f"<End {'; '.join(map(str, self.reasons)) or 'not asked'}>"

    @property
    def first(self) -> Reason | None:
        return self.reasons[0] if self.reasons else None

    def ask(self, cause: Cause, detail: str = "") -> bool:
        """Note a reason; return whether it is the first one. A repeated failure or trip is noted once."""
        first = not self.reasons
        if cause is Cause.SIGINT and any(reason.cause is Cause.SIGINT for reason in self.reasons):
            self.urgent.set()
            return False
        if any(reason.cause is cause for reason in self.reasons):
            return False
        self.reasons.append(Reason(cause, detail))
        self.asked.set()
        return first

    def ending(self, *others: ExitCode) -> Ending:
        """Return how the run ended; `others` are exit codes from elsewhere, such as an INVALID measurement."""
        code = worst_exit([*(reason.cause.exit_code for reason in self.reasons), *others])
        first = self.first
        if first is None:
            return Ending(Status.COMPLETED, code, "completed")
        tripped = next((reason for reason in self.reasons if reason.cause is Cause.BREAKER), first)
        return Ending(tripped.cause.status, code, str(tripped))


def drain_ns(cause: Cause, drain_ns: int, grace_ns: int) -> int:
    """Return how long requests in flight may take to end: the grace after a trip, a bounded drain otherwise."""
    if cause is Cause.BREAKER:
        return grace_ns
    return min(drain_ns, SIGTERM_DRAIN_NS)
