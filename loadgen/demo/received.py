"""What arrived, as ground truth for whoever sends: counted before any fault, kept over a restart of the counters."""

from __future__ import annotations

from typing import Any

OTHER = "(other)"
MAX_PATHS = 1_000


class Received:
    """Counts load requests at arrival; `last_at_ns` is the CLOCK_MONOTONIC instant of the last, None before it."""

    def __init__(self) -> None:
        self.requests = 0
        self.answered = 0
        self.last_at_ns: int | None = None
        self.by_path: dict[str, int] = {}

    def note(self, path: str, at_ns: int) -> None:
        """Count an arrival; paths beyond the first thousand share one entry."""
        self.requests += 1
        self.last_at_ns = at_ns
        if path not in self.by_path and len(self.by_path) >= MAX_PATHS:
            path = OTHER
        self.by_path[path] = self.by_path.get(path, 0) + 1

    def as_json(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "answered": self.answered,
            "in_flight": self.requests - self.answered,
            "last_at_ns": self.last_at_ns,
            "by_path": self.by_path,
        }
