"""Names for one execution, so that its lines can be found among others."""

from __future__ import annotations

import uuid

UNKNOWN = "unknown"
FINGERPRINT_LENGTH = 8


def new_trace_id() -> str:
    """Return a new random trace id: 32 lower-case hexadecimal digits, as W3C trace context has them."""
    return uuid.uuid4().hex


def trace_fingerprint(trace_id: str | None) -> str:
    """Return the first eight characters of a trace id, for people; `unknown` when there is none.

    >>> trace_fingerprint("4bf92f3577b34da6")
    '4bf92f35'
    >>> trace_fingerprint("")
    'unknown'
    """
    return trace_id[:FINGERPRINT_LENGTH] if trace_id else UNKNOWN
