"""Answers degrade: fallbacks are forced one by one, or collaborators fail for a share of the requests."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle, islice
from typing import TYPE_CHECKING

import orjson

from loadgen.core.errors import Problem
from loadgen.core.units import format_duration
from loadgen.drill.figure import Figure, above, at_least, at_most, count, nothing, percent, ratio
from loadgen.drill.http_errors import NO_FAULT
from loadgen.drill.incident import Incident, Nature, pause
from loadgen.drill.paths import known_keys

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loadgen.drill.figure import Rule, Value
    from loadgen.drill.incident import Scene
    from loadgen.drill.snapshot import Window

ROUTE = "/internal/test/fallback"
DEGRADING = (
    "http_error", "http_timeout", "message_error", "message_timeout", "upstream_error", "circuit_breaker", "unknown",
)  # fmt: skip
CACHE_MISS = "cache_miss"
MODES = (*DEGRADING, CACHE_MISS)
USUAL = ("http_error", "http_timeout", "upstream_error", "message_error", "message_timeout")
RATIO_LIMIT = 0.6
"""Where the alert on effective / raw fallbacks begins."""

SHARE_LIMIT = 0.08
"""Where a run's circuit breaker trips on effective fallbacks per request."""


@dataclass(slots=True)
class FallbackCount(Incident):
    """`count` forced fallbacks, through `modes` in turn, one each `interval_ns`; needs no fault panel.

    `at_base`: our own load asks for the base URL itself, because the service need not be the demo service.
    """

    count: int
    interval_ns: int
    modes: Sequence[str]
    at_base: bool = False

    @property
    def nature(self) -> Nature:
        return Nature(
            name="fallback-surge",
            length_ns=self.count * self.interval_ns,
            alert="FallbackEffectiveHigh",
            needs_panel=False,
        )

    def sentence(self) -> str:
        modes = ", ".join(self.modes)
        return f"{self.count:,} fallbacks are forced ({modes}), one each {format_duration(self.interval_ns)}"

    def path(self, number: int) -> str:
        return "" if self.at_base else known_keys(number)

    def figures(self) -> tuple[Figure, ...]:
        degrading = sum(mode != CACHE_MISS for mode in islice(cycle(self.modes), self.count))
        raw = Figure("fallbacks (raw)", count, lambda w: w.counted("raw_fallback"), at_least(self.count, count))
        if not degrading:
            return (raw, _effective(nothing()))
        judged = () if CACHE_MISS in self.modes else (_of_raw(),)
        return (raw, _effective(at_least(degrading, count)), *judged)

    def problems(self, scene: Scene) -> list[Problem]:
        if scene.panel is None:
            return []
        problems = _counted_misses(scene)
        if scene.flags.get("ENABLE_FALLBACK_TEST") is not True:
            remedy = f"the service refuses {ROUTE}: start it with ENABLE_FALLBACK_TEST=true, or use --share"
            problems.append(Problem("ENABLE_FALLBACK_TEST", "false", remedy))
        return problems

    async def begin(self, scene: Scene) -> None:
        """Nothing is set: the forced fallbacks are the incident."""

    async def last(self, scene: Scene) -> None:
        await self._force(scene, islice(cycle(self.modes), self.count))

    async def go_on(self, scene: Scene) -> None:
        await self._force(scene, cycle(self.modes))

    async def _force(self, scene: Scene, modes: Iterator[str]) -> None:
        told = False
        for mode in modes:
            answer = await scene.load.send(ROUTE, "POST", orjson.dumps({"mode": mode}))
            if not answer.good and not told:
                told = True
                scene.say(f"POST {ROUTE} answered {answer.status or 'nothing'} to mode {mode}")
            await pause(self.interval_ns)

    async def lift(self, scene: Scene) -> str:
        return NO_FAULT


@dataclass(slots=True)
class FallbackShare(Incident):
    """Collaborators fail for a share of the API requests, by the fault panel."""

    share: float
    for_ns: int
    modes: Sequence[str]

    @property
    def nature(self) -> Nature:
        return Nature(name="fallback-surge", length_ns=self.for_ns, alert="FallbackEffectiveHigh")

    def sentence(self) -> str:
        modes, length = ", ".join(self.modes), format_duration(self.for_ns)
        return f"collaborators fail for {percent(self.share)} of the requests ({modes}) for {length}"

    def figures(self) -> tuple[Figure, ...]:
        per_request = Figure(
            "effective per request",
            percent,
            lambda window: window.share("effective_fallback", "requests"),
            above(SHARE_LIMIT, percent),
            at_most(SHARE_LIMIT, percent),
        )
        return (_effective(at_least(1, count)), per_request, _of_raw())

    def misfits(self) -> list[Problem]:
        problems = []
        if self.share <= SHARE_LIMIT:
            remedy = f"more than {percent(SHARE_LIMIT)}: less crosses no threshold"
            problems.append(Problem("--share", percent(self.share), remedy))
        if CACHE_MISS in self.modes:
            problems.append(Problem("--mode", CACHE_MISS, "is no failure of a collaborator: use it without --share"))
        return problems

    def problems(self, scene: Scene) -> list[Problem]:
        return _counted_misses(scene)

    async def begin(self, scene: Scene) -> None:
        await scene.demo.set(fallback_share=self.share, fallback_modes=list(self.modes))

    async def last(self, scene: Scene) -> None:
        await pause(self.for_ns)


def _effective(moves: Rule) -> Figure:
    return Figure("fallbacks (effective)", count, lambda w: w.counted("effective_fallback"), moves, nothing())


def _of_raw() -> Figure:
    return Figure(
        "effective / raw", ratio, _effective_of_raw, above(RATIO_LIMIT, ratio), at_most(RATIO_LIMIT, ratio)
    )  # fmt: skip


def _effective_of_raw(window: Window) -> Value:
    """Return effective / raw fallbacks; 0 when there was none at all, as the alert has it."""
    raw, effective = window.counted("raw_fallback"), window.counted("effective_fallback")
    if raw is None or effective is None:
        return None
    return effective / raw if raw else 0.0


def _counted_misses(scene: Scene) -> list[Problem]:
    if scene.flags.get("COUNT_CACHE_MISS_AS_FALLBACK") is not True:
        return []
    remedy = "every cache miss counts as effective there, so that the ratio is always 1: start it with false"
    return [Problem("COUNT_CACHE_MISS_AS_FALLBACK", "true", remedy)]
