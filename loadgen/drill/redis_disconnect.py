"""Redis is gone: killed, stopped, or cut off by a proxy that misbehaves."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns
from loadgen.core.errors import Problem
from loadgen.core.units import NS_PER_MS, NS_PER_S, format_duration
from loadgen.drill.figure import Figure, Rule, above, at_least, count, later, moment, nothing
from loadgen.drill.incident import Incident, Nature, pause
from loadgen.drill.panel import NotLiftedError, PanelError
from loadgen.drill.proxy import Way
from loadgen.drill.redis_latency import good_answers
from loadgen.drill.server import is_stopped, kill_server, stopped

if TYPE_CHECKING:
    from loadgen.drill.incident import Scene

KILL, STOP = "kill", "stop"
PROXY_WAYS = (Way.BLACKHOLE, Way.LATE, Way.RESET, Way.HALF_CLOSE, Way.TRUNCATE)
WAYS = (KILL, STOP, *(way.value for way in PROXY_WAYS))
SILENT = (STOP, Way.BLACKHOLE.value, Way.LATE.value)
"""Ways in which operations end by their deadline, not by an error."""

LATE_S = 0.5
"""Twice the service's deadline for an operation."""

_LOOK_NS = 500 * NS_PER_MS
_RECOVERIES, _LAST_FAILURE = "redis_recovery_attempts_total", "redis_last_failure_timestamp"
_EFFECTIVE = "metasheet_fallback_effective_total"
_WORDS = {
    KILL: "the Valkey server is killed (SIGKILL), again whenever it is back",
    STOP: "the Valkey server is stopped (SIGSTOP) and keeps its connections",
    Way.BLACKHOLE.value: "a proxy swallows every reply of the server",
    Way.LATE.value: f"a proxy delays every reply by {LATE_S:g} s, longer than the service waits",
    Way.RESET.value: "a proxy resets every connection to the server",
    Way.HALF_CLOSE.value: "a proxy ends its side of every connection",
    Way.TRUNCATE.value: "a proxy cuts every reply in half",
}


@dataclass(slots=True)
class RedisDisconnect(Incident):
    """`how` is one of WAYS."""

    how: str
    for_ns: int
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)
    _pid: int | None = None

    @property
    def nature(self) -> Nature:
        return Nature(
            name="redis-disconnect",
            length_ns=self.for_ns,
            alert="RedisFailuresRecent",
            needs_redis=True,
            at_once=True,
            series=(
                _RECOVERIES,
                _LAST_FAILURE,
                _EFFECTIVE,
                "redis_timeouts_total",
                "cache_errors_total",
                "cache_hits_total",
            ),
            needs_proxy=self._by_proxy,
        )

    @property
    def _by_proxy(self) -> bool:
        return self.how not in (KILL, STOP)

    def sentence(self) -> str:
        return f"{_WORDS[self.how]}, for {format_duration(self.for_ns)}"

    def figures(self) -> tuple[Figure, ...]:
        some = above(0, count)
        waited = [_rise("redis timeouts", "redis_timeouts_total", some)] if self.how in SILENT else []
        return (
            _rise("recovery attempts that failed", _RECOVERIES, some, result="error"),
            Figure(
                "recovery attempts that succeeded",
                count,
                lambda window: window.increase(_RECOVERIES, result="success"),
                returns=at_least(1, count),
                whole=True,
            ),
            Figure("last failure", moment, lambda window: window.gauge(_LAST_FAILURE), later()),
            _rise("failed cache operations", "cache_errors_total", some),
            *waited,
            _rise("fallbacks of the cache", _EFFECTIVE, some),
            Figure(
                "cache hits",
                count,
                lambda window: window.increase("cache_hits_total", impl="redis"),
                returns=above(0, count),
            ),
            good_answers(),
        )

    def problems(self, scene: Scene) -> list[Problem]:
        if self._by_proxy or scene.cache.get("server_pid") is not None:
            return []
        remedy = "needs a Valkey server of the service's own: give it CACHE_IMPL=redis and no REDIS_URL, or --demo"
        return [Problem("--how", self.how, remedy)]

    async def begin(self, scene: Scene) -> None:
        await scene.demo.set()
        if self._by_proxy:
            assert scene.proxy is not None
            scene.proxy.do(Way(self.how), LATE_S)
            return
        self._pid = int(str(scene.cache["server_pid"]))
        if self.how == STOP:
            await self._open.enter_async_context(stopped(self._pid))
        else:
            kill_server(self._pid)

    async def last(self, scene: Scene) -> None:
        if self.how != KILL:
            await pause(self.for_ns)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self.for_ns / NS_PER_S):
                await self.go_on(scene)

    async def go_on(self, scene: Scene) -> None:
        while self.how == KILL:
            await pause(_LOOK_NS)
            pid = (await scene.demo.get("/internal/cache")).get("server_pid")
            if pid is not None:
                kill_server(int(pid))

    async def lift(self, scene: Scene) -> str:
        if scene.proxy is not None:
            scene.proxy.do(Way.PASS)
        await self._open.aclose()
        panel = await Incident.lift(self, scene)
        if self._pid is not None and is_stopped(self._pid):
            raise NotLiftedError(f"the Valkey server is still stopped: kill -CONT {self._pid}")
        if self._by_proxy:
            return f"{panel}; the proxy passes everything on again"
        if self.how == STOP:
            return f"{panel}; the server was continued (SIGCONT)"
        return f"{panel}; {await _back(scene)}"


async def _back(scene: Scene) -> str:
    """Wait until the keeper of the server has started it again; raise NotLiftedError after half a minute."""
    deadline = monotonic_ns() + 30_000 * NS_PER_MS
    while monotonic_ns() < deadline:
        try:
            pid = (await scene.demo.get("/internal/cache")).get("server_pid")
        except PanelError:
            pid = None
        if pid is not None:
            return f"the server runs again as process {pid}"
        await pause(_LOOK_NS)
    raise NotLiftedError("the Valkey server has not come back: restart the demo service")


def _rise(name: str, series: str, moves: Rule, **labels: str) -> Figure:
    """Return the figure of a counter that must rise during the incident and stand still after it."""
    return Figure(name, count, lambda window: window.increase(series, **labels), moves, nothing())
