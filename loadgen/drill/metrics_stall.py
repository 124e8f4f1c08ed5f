"""The metrics stall: the page is answered and never changes, while the service goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.units import format_duration
from loadgen.drill.figure import Figure, above, count, nothing
from loadgen.drill.incident import Incident, Nature, pause
from loadgen.drill.redis_latency import good_answers

if TYPE_CHECKING:
    from loadgen.drill.incident import Scene


@dataclass(slots=True)
class MetricsStall(Incident):
    """The page stays as it is at the begin."""

    for_ns: int

    @property
    def nature(self) -> Nature:
        return Nature(name="metrics-stall", length_ns=self.for_ns, alert="MetricsStalled")

    def sentence(self) -> str:
        return f"the metrics page stays as it is for {format_duration(self.for_ns)}"

    def figures(self) -> tuple[Figure, ...]:
        some = above(0, count)
        return (
            Figure("requests, by the metrics", count, lambda window: window.counted("requests"), nothing(), some),
            Figure("processor time, s", lambda value: f"{value:.3g}", lambda w: w.counted("cpu_s"), nothing(), some),
            Figure("requests, by ourselves", count, lambda window: float(len(window.answers)), some, some),
            good_answers(),
        )

    async def begin(self, scene: Scene) -> None:
        await scene.demo.set(metrics_stall=True)

    async def last(self, scene: Scene) -> None:
        await pause(self.for_ns)
