"""A clock that jumps, and a sink that remembers, for playing scenarios without waiting."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S
from loadgen.drill.driver import Driver, Played, Stop, Timing
from tests.support.demo import HandClock, Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.drill.scenario import Scenario
    from loadgen.drill.sink import SinkError


class JumpingStop(Stop):
    """Waits by moving the clock; the end is asked for at `ask_at_s`."""

    def __init__(self, clock: HandClock, ask_at_s: float | None = None) -> None:
        super().__init__()
        self._clock = clock
        self._ask_at_ns = None if ask_at_s is None else round(ask_at_s * NS_PER_S)

    async def pause(self, seconds: float) -> None:
        until_ns = self._clock.now_ns + round(max(seconds, 0) * NS_PER_S)
        if self._ask_at_ns is not None and until_ns >= self._ask_at_ns:
            until_ns = max(self._clock.now_ns, self._ask_at_ns)
            self.ask()
        self._clock.now_ns = until_ns

    async def rest(self, seconds: float) -> None:
        self._clock.now_ns += round(seconds * NS_PER_S)


@dataclass
class RememberingSink:
    """Keeps every page with its time. `failures` are what pushes raise in turn, None for one that works."""

    clock: HandClock
    failures: list[SinkError | None] = field(default_factory=list)
    refusals: list[SinkError] = field(default_factory=list)
    endings: list[SinkError] = field(default_factory=list)
    push_takes_s: float = 0.0
    pages: list[tuple[float, Page]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    place: str = "the sink"
    remedy: str = "by hand"
    labels: Mapping[str, str] = field(default_factory=dict)

    async def begin(self) -> None:
        self.calls.append("begin")
        if self.refusals:
            raise self.refusals.pop(0)

    async def push(self, page: bytes) -> None:
        self.calls.append("push")
        at_s = self.clock.now_ns / NS_PER_S
        self.clock.now_ns += round(self.push_takes_s * NS_PER_S)
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            raise failure
        self.pages.append((at_s, Page.parse(page.decode())))

    async def fall_silent(self) -> None:
        self.calls.append("fall silent")

    async def end(self) -> None:
        self.calls.append("end")
        if self.endings:
            raise self.endings.pop(0)

    async def close(self) -> None:
        self.calls.append("close")


@dataclass
class Drilled:
    """A scenario that was played: how it went, what the sink got, what people were told."""

    played: Played
    sink: RememberingSink
    told: list[str]


async def play(
    scenario: Scenario,
    sink: RememberingSink,
    *,
    duration_s: float = 60,
    interval_s: float = 10,
    ask_at_s: float | None = None,
) -> Drilled:
    """Play a scenario on the sink's clock."""
    told: list[str] = []
    timing = Timing(round(duration_s * NS_PER_S), round(interval_s * NS_PER_S))
    driver = Driver(scenario, sink, timing, JumpingStop(sink.clock, ask_at_s), told.append)
    driver.use(sink.clock)
    return Drilled(await driver.play(), sink, told)
