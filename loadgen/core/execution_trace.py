"""What one command did, step by step: the record that `loadgen debug-last` shows.

Laws: no clock, instants come in as CLOCK_MONOTONIC ns and stand as wall time by one anchor, so that a clock that is
set meanwhile bends nothing; a step is in progress until it ends, and a trace that was never completed says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import iso_utc
from loadgen.core.units import NS_PER_MS

if TYPE_CHECKING:
    from loadgen.core.clock import WallAnchor

MOST_STEPS = 100
"""What comes later is counted in the metadata and left out."""

KEYS = (
    "trace_id", "command", "user_id", "started_at", "completed_at", "duration_ms", "steps", "error", "metadata",
)  # fmt: skip
"""The keys of a trace as a dictionary, all of them always there."""


class StepStatus(StrEnum):
    """How a step stands."""

    SUCCESS = "success"
    FAILURE = "failure"
    IN_PROGRESS = "in_progress"


@dataclass(slots=True)
class Step:
    """One step: when it began, how long it took (None while it lasts), and what is worth knowing of it."""

    name: str
    began_ns: int
    status: StepStatus = StepStatus.IN_PROGRESS
    duration_ms: float | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ExecutionTrace:
    """One execution of a command by a user of this host; `error` says in words why it failed, None if it did not."""

    trace_id: str
    command: str
    user_id: str
    started: WallAnchor
    completed_ns: int | None = None
    steps: list[Step] = field(default_factory=list)
    error: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def begin(self, name: str, at_ns: int, **details: Any) -> Step:
        """Begin a step."""
        step = Step(name, at_ns, details=details)
        if len(self.steps) < MOST_STEPS:
            self.steps.append(step)
        else:
            self.metadata["steps_left_out"] = self.metadata.get("steps_left_out", 0) + 1
        return step

    def end(self, step: Step, status: StepStatus, at_ns: int, **details: Any) -> None:
        """End a step; one that has ended keeps its first ending."""
        if step.status is StepStatus.IN_PROGRESS:
            step.status = status
            step.duration_ms = _ms(at_ns - step.began_ns)
            step.details.update(details)

    def complete(self, at_ns: int, error: str | None = None) -> None:
        """End the trace: steps that still last have failed if it has, else they are done."""
        self.error = self.error or error
        for step in self.steps:
            self.end(step, StepStatus.FAILURE if self.error else StepStatus.SUCCESS, at_ns)
        self.completed_ns = at_ns

    def to_dict(self) -> dict[str, Any]:
        """Return the trace as primitives, not yet redacted; what only its end tells is None before."""
        done_ns = self.completed_ns
        return {
            "trace_id": self.trace_id,
            "command": self.command,
            "user_id": self.user_id,
            "started_at": iso_utc(self.started.wall),
            "completed_at": None if done_ns is None else iso_utc(self.started.wall_at(done_ns)),
            "duration_ms": None if done_ns is None else _ms(done_ns - self.started.monotonic_ns),
            "steps": [
                {
                    "name": step.name,
                    "timestamp": iso_utc(self.started.wall_at(step.began_ns)),
                    "status": step.status.value,
                    "duration_ms": step.duration_ms,
                    "details": dict(step.details),
                }
                for step in self.steps
            ],
            "error": self.error,
            "metadata": dict(self.metadata),
        }


def is_trace(value: object) -> bool:
    """Say whether something read from a file has the shape of a trace."""
    return (
        isinstance(value, dict)
        and all(key in value for key in KEYS)
        and all(isinstance(value[key], str) for key in ("trace_id", "command", "user_id", "started_at"))
        and isinstance(value["metadata"], dict)
        and isinstance(value["steps"], list)
        and all(isinstance(step, dict) and {"name", "status", "duration_ms"} <= step.keys() for step in value["steps"])
    )


def _ms(duration_ns: int) -> float:
    return round(max(0, duration_ns) / NS_PER_MS, 3)
