"""Brings the faults of the panel about: draws, delays, hangs and the limit of capacity.

Laws: each fault has a random source of its own, so that one does not shift another; what hangs is let go when the
fault is lifted, and is then answered as after any stall.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from itertools import cycle
from random import Random
from typing import TYPE_CHECKING

from loadgen.demo.faults import Capacity, Faults
from loadgen.demo.latency import ORDINARY

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from loadgen.demo.fallback import Reason


class OverloadedError(Exception):
    """The queue in front of the limited capacity is full."""


class Turnstile:
    """Lets `concurrent` requests through at once, first come first served, each for its service time."""

    def __init__(self, capacity: Capacity) -> None:
        self._slots = asyncio.Semaphore(capacity.concurrent)
        self._service_s = capacity.service_ms / 1_000
        self._queue = capacity.queue
        self._waiting = 0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a slot for the service time and the body of the block; raise OverloadedError when the queue is full."""
        if self._slots.locked() and self._queue is not None and self._waiting >= self._queue:
            raise OverloadedError
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
        try:
            if self._service_s:
                await asyncio.sleep(self._service_s)
            yield
        finally:
            self._slots.release()


class Injector:
    """The faults in force and everything that is drawn from them."""

    def __init__(self, seed: int, faults: Faults | None = None) -> None:
        self.faults = Faults()
        self._seed = seed
        self._let_go = asyncio.Event()
        self.seed(seed)
        self._turnstile: Turnstile | None = None
        self._modes: Iterator[Reason] = cycle(self.faults.fallback_modes)
        self._since_set = 0
        self.set(faults or self.faults)

    def seed(self, seed: int) -> None:
        """Start every random source anew."""
        self._errors = Random(f"{seed} errors")
        self._latency = Random(f"{seed} latency")
        self._fallbacks = Random(f"{seed} fallbacks")
        self._operations = Random(f"{seed} operations")

    def set(self, faults: Faults) -> None:
        """Put `faults` in force from now on; whatever hangs without need is let go."""
        before, self.faults = self.faults, faults
        if faults.error_every != before.error_every:
            self._since_set = 0
        if faults.fallback_modes != before.fallback_modes:
            self._modes = cycle(faults.fallback_modes)
        if faults.capacity != before.capacity:
            self._turnstile = Turnstile(faults.capacity) if faults.capacity else None
        self._let_go.set()
        self._let_go = asyncio.Event()

    def reset(self) -> None:
        """Lift every fault and seed the random sources as at the start."""
        self.seed(self._seed)
        self.set(Faults())

    async def hold_load(self) -> None:
        """Keep a load request waiting while the panel says so."""
        while self.faults.hang:
            await self._let_go.wait()

    async def hold_metrics(self) -> None:
        """Keep a scrape waiting while the panel says so."""
        while self.faults.metrics_dead == "hang" or self.faults.hang in (True, "all"):
            await self._let_go.wait()

    @property
    def metrics_fail(self) -> bool:
        return self.faults.metrics_dead in (True, "error")

    def slot(self) -> AbstractAsyncContextManager[None]:
        """Return the block to serve a request in; raises OverloadedError on entry when there is no room."""
        return nullcontext() if self._turnstile is None else self._turnstile.slot()

    def work_s(self, *, ordinary: bool) -> float:
        """Draw the work time of a request in seconds; without a fault only `ordinary` API work takes time."""
        model = self.faults.latency
        if model is None:
            return ORDINARY.draw_s(self._latency) if ordinary else 0.0
        return model.draw_s(self._latency)

    def fails(self) -> bool:
        """Decide whether this load request answers the error status."""
        faults = self.faults
        self._since_set += 1
        if faults.error_every and self._since_set % faults.error_every == 0:
            return True
        return faults.error_share > 0 and self._errors.random() < faults.error_share

    def trouble(self) -> Reason | None:
        """Decide whether a collaborator of this API request fails, and in which way."""
        share = self.faults.fallback_share
        if share > 0 and self._fallbacks.random() < share:
            return next(self._modes)
        return None

    def breaks(self, share: float) -> bool:
        """Decide whether a plugin or snapshot operation fails, for a share of them."""
        return share > 0 and self._operations.random() < share
