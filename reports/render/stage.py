"""The nightly file of a night whose service could not be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from loadgen.core.clock import iso_utc

if TYPE_CHECKING:
    from datetime import datetime


def unreachable_json(reason: str, at: datetime) -> str:
    """Return a validation that says na and why."""
    document = {
        "timestamp": iso_utc(at),
        "warnings": [{"metric": "metrics", "issue": "unreachable", "message": reason}],
        "summary": {"total_checks": 0, "passed": 0, "failed": 0, "na": 0, "overall_status": "na"},
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"
