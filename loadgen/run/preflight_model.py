"""What preflight finds: checks with a status and a sentence, never a bare yes or no.

Law: every check is made and shown; one FAIL is enough not to start.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode

if TYPE_CHECKING:
    from loadgen.core.messages import Body
    from loadgen.plan.model import Plan


class Status(StrEnum):
    """PASS; WARN: go on, but know it; FAIL: do not start; SKIP: does not apply here, and why."""

    PASS = "PASS"  # noqa: S105 - a status, not a password
    WARN = "WARN"
    FAIL = "FAIL"
    SKIP = "SKIP"


@dataclass(frozen=True, slots=True)
class Check:
    """One finding; `message` has no secret in it and, where something is wrong, what to do."""

    name: str
    status: Status
    message: str

    def to_body(self) -> Body:
        """Return the check as metadata.json and --json have it."""
        return {"name": self.name, "status": self.status.value, "message": self.message}


@dataclass(frozen=True, slots=True)
class PreflightResult:
    """All checks in order, the plan with the expected statuses that were seen, and the unarmed breaker inputs.

    `unarmed` maps an input's name to the reason.
    """

    checks: tuple[Check, ...]
    plan: Plan
    unarmed: dict[str, str]

    @property
    def failed(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.status is Status.FAIL)

    @property
    def exit_code(self) -> ExitCode:
        """USAGE when a check failed, else OK; warnings do not stop a run."""
        return ExitCode.USAGE if self.failed else ExitCode.OK


def passed(name: str, message: str) -> Check:
    """Return a PASS."""
    return Check(name, Status.PASS, message)


def warned(name: str, message: str) -> Check:
    """Return a WARN."""
    return Check(name, Status.WARN, message)


def failed(name: str, message: str) -> Check:
    """Return a FAIL."""
    return Check(name, Status.FAIL, message)


def skipped(name: str, message: str) -> Check:
    """Return a SKIP."""
    return Check(name, Status.SKIP, message)
