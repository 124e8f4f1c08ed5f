"""Health of the service: checks of its parts, done in the background, so that asking costs nothing.

Law: any failed check makes the service degraded; the answer is never older than the refresh period and a check.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import monotonic_ns, utc_now
from loadgen.core.units import NS_PER_MS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from loadgen.demo.injector import Injector

    Check = Callable[[], Awaitable[None]]

REFRESH_S = 5.0
_CHECK_TIMEOUT_S = 1.0


class UnhealthyError(Exception):
    """A part of the service that does not do its work; the text says what."""


class Health:
    """Runs the checks every five seconds and holds the last answer, as bytes ready to send."""

    def __init__(self, checks: Mapping[str, Check], injector: Injector) -> None:
        self._checks = dict(checks)
        self._injector = injector
        self._refresher: asyncio.Task[None] | None = None
        self.healthy = False
        self.body = b""

    async def start(self) -> None:
        await self.refresh()
        self._refresher = asyncio.create_task(self._keep_fresh(), name="health checks")

    async def stop(self) -> None:
        if self._refresher is not None:
            self._refresher.cancel()
            with suppress(asyncio.CancelledError):
                await self._refresher

    async def refresh(self) -> None:
        """Run every check now and keep the answer."""
        results = {name: await self._run(name, check) for name, check in self._checks.items()}
        self.healthy = all(result["status"] != "unhealthy" for result in results.values())
        self.body = orjson.dumps(
            {
                "status": "healthy" if self.healthy else "degraded",
                "version": version("loadgen"),
                "timestamp": utc_now().isoformat(),
                "checks": results,
            }
        )

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            await self.refresh()

    async def _run(self, name: str, check: Check) -> dict[str, Any]:
        began_ns = monotonic_ns()
        error = None
        try:
            if name in self._injector.faults.unhealthy:
                raise UnhealthyError("made unhealthy by the fault panel")
            async with asyncio.timeout(_CHECK_TIMEOUT_S):
                await check()
        except (UnhealthyError, OSError) as failure:  # a timeout is an OSError
            error = str(failure) or f"no answer in {_CHECK_TIMEOUT_S} s"
        latency_ms = round((monotonic_ns() - began_ns) / NS_PER_MS, 3)
        return {"status": "healthy" if error is None else "unhealthy", "latency_ms": latency_ms, "error": error}
