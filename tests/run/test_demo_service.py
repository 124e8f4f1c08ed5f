"""The demo service as a child of a run."""

from __future__ import annotations

import asyncio
import os

import aiohttp
import psutil
import pytest

from loadgen.run.demo_service import DemoService, own_redis_of


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


async def test_its_own_settings_reach_it_although_they_look_like_secrets() -> None:
    environ = {**os.environ, "DEMO_REQUIRE_JWT": "true", "MY_API_TOKEN": "not-for-it"}
    async with DemoService(environ) as demo, aiohttp.ClientSession(demo.url) as session:
        async with session.get("/api/plugins") as answer:
            assert answer.status == 401
        async with session.get("/internal/flags") as answer:
            flags = await answer.json()
        (pid,) = demo_children()
        given = psutil.Process(pid).environ()

    assert (flags["DEMO_REQUIRE_JWT"], flags["ALLOW_UNSAFE_ADMIN"]) == (True, True)
    assert "MY_API_TOKEN" not in given


def test_a_redis_of_its_own_is_told_in_its_first_line() -> None:
    assert own_redis_of('{"url": "http://127.0.0.1:1", "redis_url": "unix:///x"}') == "unix:///x"
    assert own_redis_of('{"url": "http://127.0.0.1:1"}') == ""
