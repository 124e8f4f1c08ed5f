"""The demo service as a child of a run."""

from __future__ import annotations

import asyncio
import os

import psutil
import pytest

from loadgen.run.demo_service import DemoService


def demo_children() -> list[int]:
    children = psutil.Process().children()
    return [child.pid for child in children if "loadgen.demo" in " ".join(child.cmdline())]


async def test_one_that_is_cut_off_while_it_starts_is_ended() -> None:
    starting = asyncio.create_task(DemoService(os.environ).__aenter__())
    while not demo_children():
        await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(starting, 15)
    assert demo_children() == []
