"""One scenario after another, each with a sink of its own, until they are through or the end is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S, format_duration
from loadgen.drill.driver import Driver, Timing
from loadgen.drill.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loadgen.drill.driver import Played, Stop
    from loadgen.drill.lookout import Lookout
    from loadgen.drill.scenario import Scenario
    from loadgen.drill.sink import Sink


@dataclass(frozen=True, slots=True)
class Asked:
    """What is played: `duration_ns` None means as long as each scenario's own rule needs."""

    scenarios: tuple[Scenario, ...]
    duration_ns: int | None
    interval_ns: int
    gap_ns: int

    def lasts_ns(self, scenario: Scenario) -> int:
        return scenario.needs_ns if self.duration_ns is None else self.duration_ns

    def too_short(self) -> list[str]:
        """Return a sentence for each scenario that ends before its alerts can fire."""
        return [
            f"{scenario.name}: {format_duration(self.lasts_ns(scenario))} is too short for {', '.join(scenario.alerts)}"
            f" to fire; they need {format_duration(scenario.needs_ns)}"
            for scenario in self.scenarios
            if self.lasts_ns(scenario) < scenario.needs_ns
        ]


async def play_round(
    asked: Asked,
    open_sink: Callable[[Scenario], Sink],
    stop: Stop,
    tell: Callable[[str], None],
    lookout: Lookout | None = None,
) -> Sequence[Played]:
    """Play the scenarios in their order and watch their alerts, if asked to; one that has a problem is the last."""
    played: list[Played] = []
    for scenario in asked.scenarios:
        if played:
            tell(f"{format_duration(asked.gap_ns)} of rest, in which alerts resolve")
            await stop.pause(asked.gap_ns / NS_PER_S)
        if stop.asked:
            break
        sink = open_sink(scenario)
        try:
            driver = Driver(scenario, sink, Timing(asked.lasts_ns(scenario), asked.interval_ns), stop, tell)
            if lookout is None:
                played.append(await driver.play())
            else:
                played.append(await Watch(lookout, asked.interval_ns, stop, tell).play(driver))
        finally:
            await sink.close()
        if played[-1].problem:
            break
    return played
