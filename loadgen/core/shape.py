"""The shape of a load as values: stages, how arrivals are spread, and what a closed or replayed load is made of.

Laws: no behaviour and no arithmetic, which is `loadgen.pace`'s; a rate of 0 is a pause and only a stage may have it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from loadgen.core.units import Rate  # noqa: TC001 - the plan's codec resolves annotations at run time

SHAPES = ("ramp", "step", "spike", "rollout")
"""The usual load profiles by name; what they are is in `loadgen.plan.profiles`."""


class Arrival(Enum):
    """How arrivals follow each other at a given rate.

    CONSTANT spaces them evenly; POISSON draws them by the seed as independent events of that rate.
    """

    CONSTANT = "constant"
    POISSON = "poisson"


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed load: as many requests at a time as there are connections, each slot resting `think_ns` in between."""

    think_ns: int = 0


@dataclass(frozen=True, slots=True)
class Replay:
    """A recorded trace: when each request is due and which one it is, packed by `loadgen.plan.replay`.

    `dues` and `picks` are packed numbers, one for each arrival; `requests` is a compressed JSON list of
    [target, method, path] below `prefix`. `peak` is the highest number of arrivals within a second.
    """

    dues: bytes
    picks: bytes
    requests: bytes
    prefix: str
    peak: Rate
    speed: str = "1"


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of load: constant at `rate`, or a straight line from `rate` to `to`; either may be 0, a pause."""

    rate: Rate
    duration_ns: int
    to: Rate | None = None
    name: str = ""

    @property
    def peak(self) -> Rate:
        """The highest rate of the stage."""
        return self.rate if self.to is None else max(self.rate, self.to, key=lambda rate: rate.per_s)
