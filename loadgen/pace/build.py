"""From the shape of a load to its due times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from loadgen.core.shape import Arrival
from loadgen.pace.poisson import PoissonSchedule
from loadgen.pace.schedule import Arrivals, Profile, Schedule
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

    @property
    def arrival(self) -> Arrival: ...

    @property
    def seed(self) -> int: ...


def schedule_of(asked: Asked) -> Arrivals:
    """Return the schedule that a plan asks for."""
    if asked.arrival is Arrival.POISSON:
        return PoissonSchedule(Profile(pieces_of(asked.stages)), asked.seed, asked.requests)
    return Schedule(pieces_of(asked.stages), asked.requests)


def peak_per_s(asked: Asked) -> float:
    """Return the highest rate that a plan asks for."""
    return max(stage.peak.per_s for stage in asked.stages)
