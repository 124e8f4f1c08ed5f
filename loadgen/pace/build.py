"""From the shape of a load to its due times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from loadgen.core.shape import Arrival
from loadgen.pace.poisson import PoissonSchedule
from loadgen.pace.schedule import Arrivals, Profile, Remainder, Schedule
from loadgen.pace.stage import pieces_of
from loadgen.pace.trace import TraceSchedule, unpack_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.core.shape import Replay, Stage


class Asked(Protocol):
    """What of a plan decides the due times."""

    @property
    def stages(self) -> Sequence[Stage]: ...

    @property
    def requests(self) -> int | None: ...

    @property
    def arrival(self) -> Arrival: ...

    @property
    def replay(self) -> Replay | None: ...

    @property
    def skip_ns(self) -> int: ...

    @property
    def seed(self) -> int: ...


def schedule_of(asked: Asked) -> Arrivals:
    """Return the schedule that a plan asks for."""
    whole = _whole(asked)
    return Remainder(whole, asked.skip_ns) if asked.skip_ns else whole


def _whole(asked: Asked) -> Arrivals:
    if asked.replay is not None:
        return TraceSchedule(unpack_numbers(asked.replay.dues), sum(stage.duration_ns for stage in asked.stages))
    if asked.arrival is Arrival.POISSON:
        return PoissonSchedule(Profile(pieces_of(asked.stages)), asked.seed, asked.requests)
    return Schedule(pieces_of(asked.stages), asked.requests)


def peak_per_s(asked: Asked) -> float:
    """Return the highest rate that a plan asks for."""
    if asked.replay is not None:
        return asked.replay.peak.per_s
    return max(stage.peak.per_s for stage in asked.stages)
