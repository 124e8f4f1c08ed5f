"""Timers wake at an absolute instant, never noticeably early, and can be set again and taken back."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable

import pytest

from loadgen.worker.timer import CtypesTimerFd, LoopTimer, OsTimerFd, WakeTimer, best_timer

MS = 1_000_000
Kind = Callable[[asyncio.AbstractEventLoop, Callable[[], None]], WakeTimer]
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="timerfd is Linux's")
SINCE_3_13 = pytest.mark.skipif(not hasattr(os, "timerfd_create"), reason="os.timerfd_* came with Python 3.13")
KINDS = [pytest.param(CtypesTimerFd, marks=LINUX), pytest.param(OsTimerFd, marks=SINCE_3_13), LoopTimer, best_timer]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_timer_fires_at_the_instant_it_was_last_armed_for(kind: Kind) -> None:
    fired: asyncio.Queue[int] = asyncio.Queue()

    def note() -> None:
        timer.disarm()
        fired.put_nowait(time.monotonic_ns())

    timer = kind(asyncio.get_running_loop(), note)
    try:
        at_ns = time.monotonic_ns() + 60 * MS
        timer.arm(time.monotonic_ns() + 10_000 * MS)
        timer.arm(at_ns)
        async with asyncio.timeout(5):
            late_ns = await fired.get() - at_ns
        assert -2 * MS <= late_ns < 500 * MS

        timer.arm(1)
        async with asyncio.timeout(5):
            await fired.get()

        timer.arm(time.monotonic_ns() + 10 * MS)
        timer.disarm()
        await asyncio.sleep(0.05)
        assert fired.empty()
    finally:
        timer.close()
