"""The variation of the gaps between requests, from what each worker accounts for itself. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def gap_cv(hosts: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the root mean square of the gap errors over the ideal gap of a worker's share; None without a gap.

    A gap error is how much longer or shorter the time between two requests was than the schedule asked for. Each
    worker's errors are divided by the mean gap of its own share, so the figure does not depend on their number; 0 is
    a metronome, 1 as uneven as chance. `hosts` are the workers' own accounts (messages.Final.host).
    """
    squares, gaps = 0.0, 0
    for host in hosts:
        ideal_ns = host.get("gap_ideal_ns") or 0
        if ideal_ns > 0:
            squares += (host.get("gap_squares") or 0.0) / ideal_ns**2
            gaps += host.get("gaps") or 0
    return round(math.sqrt(squares / gaps), 6) if gaps else None
