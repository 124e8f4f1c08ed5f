"""The proxy that misbehaves, before a server that answers every line with the same line."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_MS
from loadgen.drill.proxy import FaultProxy, Way

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LINE = b"0123456789\n"
SOON_S = 0.05


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
    writer.close()


@asynccontextmanager
async def proxied() -> AsyncIterator[FaultProxy]:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with FaultProxy(f"redis://127.0.0.1:{port}") as proxy:
            yield proxy


@asynccontextmanager
async def client(proxy: FaultProxy) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(LINE)
    async with asyncio.timeout(5):
        return await reader.readline()


async def test_it_passes_everything_on_until_it_is_told_otherwise() -> None:
    async with proxied() as proxy, client(proxy) as (reader, writer):
        assert [await ask(reader, writer) for _ in range(3)] == [LINE] * 3


async def test_a_socket_with_a_path_can_be_behind_it(tmp_path: Path) -> None:
    path = tmp_path / "s"
    server = await asyncio.start_unix_server(echo, path)
    async with server, FaultProxy(f"unix://{path}") as proxy, client(proxy) as (reader, writer):
        assert await ask(reader, writer) == LINE


async def test_late_replies_come_after_their_delay() -> None:
    async with proxied() as proxy, client(proxy) as (reader, writer):
        proxy.do(Way.LATE, 0.1)
        began_ns = monotonic_ns()

        assert await ask(reader, writer) == LINE
        assert monotonic_ns() - began_ns >= 100 * NS_PER_MS


async def test_a_black_hole_swallows_replies_and_lets_them_go_afterwards() -> None:
    async with proxied() as proxy, client(proxy) as (reader, writer):
        proxy.do(Way.BLACKHOLE)
        writer.write(LINE)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readline(), SOON_S)

        proxy.do(Way.PASS)
        assert await asyncio.wait_for(reader.readline(), 5) == LINE


async def test_a_reset_takes_hold_of_open_and_of_new_connections() -> None:
    async with proxied() as proxy, client(proxy) as (reader, writer):
        assert await ask(reader, writer) == LINE
        proxy.do(Way.RESET)
        with pytest.raises(ConnectionResetError):
            await reader.readline()
        async with client(proxy) as (new, to):
            with pytest.raises(ConnectionError):
                await ask(new, to)

        proxy.do(Way.PASS)
        async with client(proxy) as (new, to):
            assert await ask(new, to) == LINE


async def test_a_half_closed_connection_ends_for_the_reader_and_still_takes_requests() -> None:
    async with proxied() as proxy, client(proxy) as (reader, writer):
        proxy.do(Way.HALF_CLOSE)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.write(LINE)
        await writer.drain()
        async with client(proxy) as (new, to):
            assert await ask(new, to) == b""


async def test_a_truncated_reply_is_half_of_it_and_the_end() -> None:
    async with proxied() as proxy, client(proxy) as (reader, writer):
        proxy.do(Way.TRUNCATE)
        writer.write(LINE)

        assert await asyncio.wait_for(reader.read(), 5) == LINE[: len(LINE) // 2]
