"""Waiting that can be cut short: the observer's one place that lets time pass."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from loadgen.core.clock import Clock


class Pause(Protocol):
    """Lets time pass until an instant, or until somebody calls `wake`."""

    def wake(self) -> None: ...

    async def until(self, at_ns: int | None) -> None: ...


class LoopPause:
    """The real one, on the event loop's timers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """End the present wait, or the next one at once."""
        self._woken.set()

    async def until(self, at_ns: int | None) -> None:
        """Wait until the monotonic instant, or only until woken when it is None."""
        timeout_s = None if at_ns is None else max(0, at_ns - self._clock.monotonic_ns()) / NS_PER_S
        try:
            async with asyncio.timeout(timeout_s):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()
