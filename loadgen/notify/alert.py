"""What an alert is: a severity, a sentence without figures, and the particulars beside it.

Law: `message` holds nothing that changes from one occurrence to the next; figures go into `details`, where they do not
make two alerts of one matter look like two matters.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - the dataclass is read by its annotations
from enum import StrEnum

_SHOWN_HEX = 16


class Severity(StrEnum):
    """How bad it is; the order is that of the members, mildest first."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def sign(self) -> str:
        return _SIGNS[self]


_SIGNS = {Severity.INFO: "📢", Severity.WARNING: "🟡", Severity.ERROR: "⚠️", Severity.CRITICAL: "🔴"}


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that somebody should know.

    `name` is its stable name (CamelCase, as Alertmanager wants it), `subject` what it is about (the target): a
    critical alert mutes the warnings of its subject. `details` are (title, text) pairs. `per_trace` makes alerts of
    different traces different matters; without it a new run of the same trouble is the same matter. `link` may be a
    URL or a path. `at` is when it began (aware).
    """

    name: str
    severity: Severity
    message: str
    subject: str
    at: datetime
    root_cause: str = ""
    trace_id: str = ""
    run_id: str = ""
    link: str = ""
    details: tuple[tuple[str, str], ...] = ()
    per_trace: bool = False

    @property
    def key(self) -> str:
        """The de-duplication key: 16 hex digits of SHA-256 over severity, message, subject and trace.

        >>> from datetime import UTC
        >>> Alert("Trip", Severity.CRITICAL, "tripped", "", datetime(2026, 1, 1, tzinfo=UTC)).key
        'c7435020e17c4c65'
        """
        trace = self.trace_id if self.per_trace and self.trace_id else "none"
        message = f"{self.subject}: {self.message}" if self.subject else self.message
        return hashlib.sha256(f"{self.severity.value}:{message}:{trace}".encode()).hexdigest()[:_SHOWN_HEX]
