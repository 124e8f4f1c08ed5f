"""Requests fail: a number of them on purpose, or a share of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.errors import Problem
from loadgen.core.units import NS_PER_S, format_duration
from loadgen.drill.figure import Figure, above, at_least, at_most, below, count, percent, ratio
from loadgen.drill.incident import Incident, Nature, pause
from loadgen.drill.paths import known_keys

if TYPE_CHECKING:
    from loadgen.drill.figure import Rule, Value
    from loadgen.drill.incident import Scene
    from loadgen.drill.snapshot import Window

LEAST_SUCCESS = 0.98
"""Where the alert on success begins; the service level objective too."""

ERROR_LIMIT = 0.01
NO_FAULT = "undone: there was nothing to undo, the requests have been sent"


def error_figures(errors: Rule) -> tuple[Figure, ...]:
    """Return what failing requests move: `errors` is how many there must be."""
    return (
        Figure("server errors (5xx)", count, lambda window: window.counted("errors_5xx"), errors),
        Figure(
            "error rate",
            percent,
            lambda window: window.share("errors_5xx", "requests"),
            above(ERROR_LIMIT, percent),
            at_most(ERROR_LIMIT, percent),
        ),
        Figure(
            "success rate",
            percent,
            lambda window: window.share("success", "requests"),
            below(LEAST_SUCCESS, percent),
            at_least(LEAST_SUCCESS, percent),
        ),
        Figure("error budget burn", ratio, _burn, above(1, ratio), at_most(1, ratio)),
    )


def _burn(window: Window) -> Value:
    """Return how many times as fast as it may the error budget, 1 % of the requests, is used up."""
    success = window.share("success", "requests")
    return None if success is None else (1 - success) / ERROR_LIMIT


@dataclass(slots=True)
class HttpErrorCount(Incident):
    """`count` requests to a route that always fails, one each `interval_ns`; needs no fault panel.

    `at_base`: our own load asks for the base URL itself, because the service need not be the demo service.
    """

    count: int
    interval_ns: int
    rate_per_s: float
    failing_path: str = "/api/sim-error"
    at_base: bool = False

    @property
    def nature(self) -> Nature:
        return Nature(
            name="http-errors", length_ns=self.count * self.interval_ns, alert="HttpSuccessRateLow", needs_panel=False
        )

    def sentence(self) -> str:
        return f"{self.count:,} requests to {self.failing_path}, one each {format_duration(self.interval_ns)}"

    def path(self, number: int) -> str:
        return "" if self.at_base else known_keys(number)

    def figures(self) -> tuple[Figure, ...]:
        return error_figures(at_least(self.count, count))

    def misfits(self) -> list[Problem]:
        failing = NS_PER_S / self.interval_ns
        share = failing / (failing + self.rate_per_s)
        if 1 - share < LEAST_SUCCESS:
            return []
        remedy = (
            f"{failing:g}/s of {failing + self.rate_per_s:g}/s is {percent(share)}, which leaves the success at"
            f" {percent(LEAST_SUCCESS)} or above: shorten the interval or lower --rate"
        )
        return [Problem("INTERVAL", format_duration(self.interval_ns), remedy)]

    def problems(self, scene: Scene) -> list[Problem]:
        if scene.panel is None or scene.flags.get("ALLOW_UNSAFE_ADMIN") is True:
            return []
        return [Problem("ALLOW_UNSAFE_ADMIN", "false", "the service refuses /api/sim-error: start it with true")]

    async def begin(self, scene: Scene) -> None:
        """Nothing is set: the requests are the incident."""

    async def last(self, scene: Scene) -> None:
        for number in range(self.count):
            answer = await scene.load.send(self.failing_path)
            if number == 0 and answer.status < 500:
                scene.say(f"{self.failing_path} answered {answer.status or 'nothing'}, not a server error")
            await pause(self.interval_ns)

    async def go_on(self, scene: Scene) -> None:
        while True:
            await scene.load.send(self.failing_path)
            await pause(self.interval_ns)

    async def lift(self, scene: Scene) -> str:
        return NO_FAULT


@dataclass(slots=True)
class HttpErrorShare(Incident):
    """A share of all load requests answers 500, by the fault panel."""

    share: float
    for_ns: int

    @property
    def nature(self) -> Nature:
        return Nature(name="http-errors", length_ns=self.for_ns, alert="HttpSuccessRateLow")

    def sentence(self) -> str:
        return f"{percent(self.share)} of all requests answer 500 for {format_duration(self.for_ns)}"

    def figures(self) -> tuple[Figure, ...]:
        return error_figures(at_least(1, count))

    def misfits(self) -> list[Problem]:
        if self.share > 1 - LEAST_SUCCESS:
            return []
        remedy = f"more than {percent(1 - LEAST_SUCCESS)}: less leaves the success at or above the alert's threshold"
        return [Problem("--share", percent(self.share), remedy)]

    async def begin(self, scene: Scene) -> None:
        await scene.demo.set(error_share=self.share)

    async def last(self, scene: Scene) -> None:
        await pause(self.for_ns)
