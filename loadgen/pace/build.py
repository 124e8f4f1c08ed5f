"""From the shape of a load to its due times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from loadgen.pace.schedule import Arrivals, Schedule
from loadgen.pace.stage import pieces_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.core.shape import Stage


class Asked(Protocol):
    """What of a plan decides the due times."""

    @property
    def stages(self) -> Sequence[Stage]: ...

    @property
    def requests(self) -> int | None: ...


def schedule_of(asked: Asked) -> Arrivals:
    """Return the schedule that a plan asks for."""
    return Schedule(pieces_of(asked.stages), asked.requests)


def peak_per_s(asked: Asked) -> float:
    """Return the highest rate that a plan asks for."""
    return max(stage.peak.per_s for stage in asked.stages)
