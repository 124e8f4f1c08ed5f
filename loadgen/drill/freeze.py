"""The service stands still for a moment: nothing is answered, then everything late."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_MS, NS_PER_S, format_duration
from loadgen.drill.figure import Figure, above, at_least, below, count, nothing, seconds
from loadgen.drill.incident import Incident, Nature, pause
from loadgen.drill.paths import known_keys

if TYPE_CHECKING:
    from loadgen.drill.incident import Scene

_SECONDS = "http_server_requests_seconds"
_BOUNDS_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
_MOST_OF_IT = 0.9
_BURST, _GAP_NS = 60, NS_PER_MS
"""So many requests, so far apart: each is at work for about 20 ms, and the service stops in the midst of them."""

_SETTLE_NS = 500 * NS_PER_MS


@dataclass(slots=True)
class Freeze(Incident):
    """The whole loop of the service sleeps for a time."""

    for_ns: int

    @property
    def nature(self) -> Nature:
        return Nature(name="freeze", length_ns=self.for_ns, at_once=True, series=(f"{_SECONDS}_bucket",))

    def sentence(self) -> str:
        return f"the service stands still for {format_duration(self.for_ns)}"

    def figures(self) -> tuple[Figure, ...]:
        freeze_s = self.for_ns / NS_PER_S
        bound_s = max(bound for bound in _BOUNDS_S if bound < freeze_s)
        return (
            Figure(
                "longest response",
                seconds,
                lambda window: window.longest_s,
                at_least(freeze_s * _MOST_OF_IT, seconds),
                below(freeze_s / 2, seconds),
            ),
            Figure(
                f"served in over {seconds(bound_s)}",
                count,
                lambda window: window.slower_than(bound_s, _SECONDS),
                above(0, count),
                nothing(),
            ),
        )

    async def begin(self, scene: Scene) -> None:
        """Freeze it in the middle of a burst, so that requests are at work then: those the service sees as slow."""
        under_way: list[asyncio.Future[object]] = []
        try:
            for number in range(_BURST):
                under_way.append(asyncio.ensure_future(scene.load.send(known_keys(number))))
                if number == _BURST // 3:
                    under_way.append(asyncio.ensure_future(scene.demo.set(freeze=self.for_ns / NS_PER_S)))
                await pause(_GAP_NS)
            await asyncio.gather(*under_way)
        finally:
            for task in under_way:
                task.cancel()

    async def last(self, scene: Scene) -> None:
        await pause(_SETTLE_NS)
