"""The service restarts: its counters begin anew and its start time moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_MS
from loadgen.drill.figure import Figure, above, count, fallen, later, moment, ratio
from loadgen.drill.incident import Incident, Nature, pause
from loadgen.drill.redis_latency import good_answers

if TYPE_CHECKING:
    from loadgen.drill.figure import Value
    from loadgen.drill.incident import Scene
    from loadgen.drill.snapshot import Window

_START = "process_start_time_seconds"


@dataclass(slots=True)
class Restart(Incident):
    """All state is lost in place, as in a new process."""

    for_ns: int = 300 * NS_PER_MS

    @property
    def nature(self) -> Nature:
        return Nature(name="restart", length_ns=self.for_ns, alert="ServiceRestarted", at_once=True, series=(_START,))

    def sentence(self) -> str:
        return "the service loses its counters, cache, documents and snapshots, as a new process would"

    def figures(self) -> tuple[Figure, ...]:
        return (
            Figure("start of the process", moment, lambda window: window.gauge(_START), later()),
            Figure("requests, as counted", count, _requests, fallen()),
            Figure("requests a second", ratio, _per_second, returns=above(0, count)),
            good_answers(),
        )

    async def begin(self, scene: Scene) -> None:
        await scene.demo.set(restart=True)

    async def last(self, scene: Scene) -> None:
        await pause(self.for_ns)


def _requests(window: Window) -> Value:
    return window.end.counts.get("requests")


def _per_second(window: Window) -> Value:
    requests = window.counted("requests")
    return None if requests is None or window.elapsed_s <= 0 else requests / window.elapsed_s
