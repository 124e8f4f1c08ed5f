"""Execution traces written by hand."""

from __future__ import annotations

from typing import Any


def trace(trace_id: str, user: str = "ann", **more: Any) -> dict[str, Any]:
    """Return a whole trace as a store keeps it."""
    return {
        "trace_id": trace_id,
        "command": "baseline",
        "user_id": user,
        "started_at": "2026-03-01T12:00:00.000Z",
        "completed_at": "2026-03-01T12:01:00.000Z",
        "duration_ms": 60_000.0,
        "steps": [],
        "error": None,
        "metadata": {},
        **more,
    }


def step(name: str, status: str = "success", duration_ms: float | None = 1_500.0, **details: Any) -> dict[str, Any]:
    """Return a step of a trace."""
    at = "2026-03-01T12:00:00.000Z"
    return {"name": name, "timestamp": at, "status": status, "duration_ms": duration_ms, "details": details}
