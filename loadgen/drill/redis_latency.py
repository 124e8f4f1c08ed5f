"""Redis becomes slow: every operation takes longer by a delay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_MS, NS_PER_S, format_duration
from loadgen.drill.figure import Figure, above, at_least, at_most, longer_by, seconds, within
from loadgen.drill.incident import Incident, Nature, pause
from loadgen.drill.paths import some_new_keys

if TYPE_CHECKING:
    from loadgen.drill.incident import Scene

LIMIT_S = 0.05
"""Where the alerts on Redis operations begin."""

_SECONDS = "redis_operation_duration_seconds"
_MOST_OF_IT = 0.8
_GOOD_SHARE = 0.99


@dataclass(slots=True)
class RedisLatency(Incident):
    """By the fault panel, which delays the service's client."""

    delay_ns: int
    for_ns: int

    @property
    def nature(self) -> Nature:
        return Nature(
            name="redis-latency",
            length_ns=self.for_ns,
            alert="RedisGetLatencyP95High",
            needs_redis=True,
            series=(f"{_SECONDS}_bucket",),
        )

    def sentence(self) -> str:
        return (
            f"every Redis operation is delayed by {format_duration(self.delay_ns)} for {format_duration(self.for_ns)}"
        )

    def path(self, number: int) -> str:
        return some_new_keys(number)

    def figures(self) -> tuple[Figure, ...]:
        delay_s = self.delay_ns / NS_PER_S
        response = Figure(
            "median response",
            seconds,
            lambda window: window.median_s,
            longer_by(delay_s * _MOST_OF_IT, seconds),
            within(delay_s / 2, seconds),
        )
        return (_p95("get"), _p95("set"), response, good_answers())

    async def begin(self, scene: Scene) -> None:
        await scene.demo.set(redis_delay_ms=self.delay_ns / NS_PER_MS)

    async def last(self, scene: Scene) -> None:
        await pause(self.for_ns)


def _p95(op: str) -> Figure:
    return Figure(
        f"redis {op} p95",
        seconds,
        lambda window: window.quantile(0.95, _SECONDS, op=op),
        above(LIMIT_S, seconds),
        at_most(LIMIT_S, seconds),
    )


def good_answers() -> Figure:
    """The service goes on answering: at least 99 % of our own requests are good all the time."""
    rule = at_least(_GOOD_SHARE, lambda value: f"{value * 100:g} %")
    return Figure("good answers", lambda value: f"{value * 100:.4g} %", lambda window: window.good_share, rule, rule)
