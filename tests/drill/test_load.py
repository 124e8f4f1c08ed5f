"""The drill's own load: bounded, steady, and every request counted; and work that goes on beside a block."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.drill.beside import beside
from loadgen.drill.load import SmallLoad
from tests.support.demo import running_demo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@asynccontextmanager
async def load_at(base_url: str, most: int, rate_per_s: float = 100) -> AsyncIterator[SmallLoad]:
    async with aiohttp.ClientSession() as session:
        yield SmallLoad(session, base_url, lambda number: f"/api/data/{number}", rate_per_s, most)


async def until(load: SmallLoad, answers: int) -> None:
    async with asyncio.timeout(10):
        while len(load.answers) < answers:
            await asyncio.sleep(0.01)


async def test_no_more_than_asked_is_sent_and_no_faster() -> None:
    async with running_demo() as demo, load_at(str(demo.client.make_url("")), most=20) as load:
        began_ns = monotonic_ns()
        async with load.running():
            await until(load, 20)
            assert monotonic_ns() - began_ns >= 19 * NS_PER_S // 100
            await asyncio.sleep(0.05)
        received = await demo.received()

    assert (received["requests"], len(received["by_path"])) == (20, 20)
    assert load.outcomes() == {"http 2xx": 20}


async def test_a_response_counts_from_when_it_was_due() -> None:
    async with running_demo() as demo, load_at(str(demo.client.make_url("")), most=1) as load:
        await demo.fault(latency=80)
        async with load.running():
            await until(load, 1)

    assert load.answers[0].response_ns >= 80 * NS_PER_MS


async def test_a_request_without_an_answer_is_counted_as_such() -> None:
    async with load_at("http://127.0.0.1:1", most=3) as load, load.running():
        await until(load, 3)

    assert load.outcomes() == {"no answer": 3}
    assert not any(answer.good for answer in load.answers)


async def test_work_beside_a_block_ends_with_it_and_what_went_wrong_is_raised() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async with beside(work()):
        await asyncio.sleep(0)
    assert ended.is_set()

    async def trouble() -> None:
        raise ValueError("the work failed")

    with pytest.raises(ValueError, match="the work failed"):
        async with beside(trouble()):
            await asyncio.sleep(0)
