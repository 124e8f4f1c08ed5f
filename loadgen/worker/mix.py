"""What the engine asks for the endpoints of its arrivals; `loadgen.plan.sequence.Mix` answers, or a trace."""

from __future__ import annotations

from typing import Protocol


class Choice(Protocol):
    """Says which endpoint an arrival goes to."""

    def choose(self, first: int, step: int, count: int) -> list[int]:
        """Return the endpoint numbers of arrivals first, first + step, ... (`count` of them)."""
