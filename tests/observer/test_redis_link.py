"""The connection to a Redis, with a real server that refuses, stands still and goes away."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis.asyncio import Redis

from loadgen.core.redact import Secret
from loadgen.core.units import NS_PER_MS
from observer.redis_link import RedisLink, RedisTrouble
from tests.support.redis_server import RedisServer, redis_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "REDIS.md").read_text()
PASSWORD = "a-long-password"
KEEPS_ALL = ("--slowlog-log-slower-than", "0", "--latency-monitor-threshold", "5")
SLOW = "local n = 0 for i = 1, 3000000 do n = n + i end return n"
DOCUMENTED = "+ping +info +slowlog|get +latency|latest +client|setname"


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """A server with a password that keeps every command in its slow log."""
    with redis_server(*KEEPS_ALL, password=PASSWORD) as running:
        yield running


@asynccontextmanager
async def link_to(url: str, deadline_ms: int = 10_000) -> AsyncIterator[RedisLink]:
    link = RedisLink(Secret(url), deadline_ms * NS_PER_MS)
    try:
        yield link
    finally:
        await link.close()


async def test_a_look_tells_version_memory_keys_and_slow_commands_of_others(server: RedisServer) -> None:
    async with link_to(server.url) as link, Redis.from_url(server.url) as other:
        await link.connect()
        await link.ping()
        first = await link.look(None)
        assert first.slow is not None
        await other.set("user:1", b"a value nobody should see", px=60_000)
        await other.get("user:2")
        look = await link.look(first.slow.newest)

    assert str(look.info["server"]).startswith(("Valkey ", "Redis "))
    assert look.info["role"] == "master"
    assert (look.info["entries"], look.info["entries_that_expire"]) == (1, 1)
    assert look.info["misses"] - first.info["misses"] == 1
    assert look.slow is not None
    assert {"SET": 1, "GET": 1}.items() <= look.slow.by_command.items()
    assert not {"INFO", "SLOWLOG", "PING"} & set(look.slow.by_command), "our own commands are left out"
    assert look.slow.new == sum(look.slow.by_command.values())
    assert "nobody should see" not in repr(look)
    assert look.refused == ()


async def test_a_slow_command_is_in_the_slow_log_and_among_the_latency_events(server: RedisServer) -> None:
    async with link_to(server.url) as link, Redis.from_url(server.url) as other:
        before = await link.look(None)
        assert before.slow is not None
        await other.eval(SLOW, 0)
        look = await link.look(before.slow.newest)
    assert look.slow is not None
    assert (look.slow.slowest_command, look.slow.by_command["EVAL"]) == ("EVAL", 1)
    assert look.slow.slowest_us is not None
    assert look.slow.slowest_us > 5_000
    assert look.events is not None
    assert look.events["command"]["max_ms"] >= 5


async def test_the_permissions_of_the_page_are_enough(server: RedisServer) -> None:
    assert f"`{DOCUMENTED.partition(' +slowlog')[0]}`" in PAGE
    assert f"`{DOCUMENTED.partition('+info ')[2]}`" in PAGE
    async with Redis.from_url(server.url) as other:
        await other.execute_command("ACL", "SETUSER", "page", "on", ">page-password", *DOCUMENTED.split())  # type: ignore[no-untyped-call]
    async with link_to(f"redis://page:page-password@127.0.0.1:{server.port}") as link:
        await link.connect()
        await link.ping()
        look = await link.look(None)
    assert look.refused == ()
    assert look.slow is not None


async def test_what_a_user_may_not_ask_for_is_none_and_named(server: RedisServer) -> None:
    async with Redis.from_url(server.url) as other:
        await other.execute_command("ACL", "SETUSER", "watch", "on", ">watch-password", "+ping", "+info", "+client")  # type: ignore[no-untyped-call]
    async with link_to(f"redis://watch:watch-password@127.0.0.1:{server.port}") as link:
        look = await link.look(None)

    assert (look.slow, look.events) == (None, None)
    assert [reason.partition(":")[0] for reason in look.refused] == ["SLOWLOG", "LATENCY"]


async def test_a_server_that_does_not_tell_of_itself_is_still_there(server: RedisServer) -> None:
    async with Redis.from_url(server.url) as other:
        await other.execute_command("ACL", "SETUSER", "mute", "on", ">mute-password", "+ping")  # type: ignore[no-untyped-call]
    async with link_to(f"redis://mute:mute-password@127.0.0.1:{server.port}") as link:
        await link.ping()
        look = await link.look(None)
    assert set(look.info.values()) == {None}
    assert [reason.partition(":")[0] for reason in look.refused] == ["INFO", "SLOWLOG", "LATENCY"]


async def test_trouble_is_a_connection_a_refusal_or_a_timeout(server: RedisServer) -> None:
    for url, kind in (("redis://127.0.0.1:1", "connection"), (f"redis://127.0.0.1:{server.port}", "refused")):
        async with link_to(url) as link:
            with pytest.raises(RedisTrouble) as raised:
                await link.ping()
        assert raised.value.kind == kind
    async with link_to(f"redis://:wrong-password@127.0.0.1:{server.port}") as link:
        with pytest.raises(RedisTrouble, match="it refuses") as raised:
            await link.look(None)
    assert "wrong-password" not in str(raised.value)


async def test_a_server_that_stands_still_is_a_timeout_and_the_late_answer_is_nobodys(server: RedisServer) -> None:
    async with link_to(server.url, deadline_ms=500) as link:
        await link.connect()
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            with pytest.raises(RedisTrouble, match=r"no answer within 0\.5 s") as raised:
                await link.ping()
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        assert raised.value.kind == "timeout"
        await asyncio.sleep(0.05)
        assert (await link.look(None)).info["role"] == "master"


async def test_a_resolver_that_does_not_answer_holds_one_thread_and_none_that_others_need(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()
    asked: list[str] = []

    def lookup(host: str, *_: object, **__: object) -> list[object]:
        asked.append(host)
        answered.wait(10)
        return []

    monkeypatch.setattr("observer.redis_name.socket.getaddrinfo", lookup)
    async with link_to(server.url.replace("127.0.0.1", "localhost"), deadline_ms=50) as link:
        for _ in range(3):
            with pytest.raises(RedisTrouble) as raised:
                await link.ping()
            assert raised.value.kind == "timeout"
        assert asked == ["localhost"]
        assert [thread.daemon for thread in threading.enumerate() if thread.name == "redis-name"] == [True]
        monkeypatch.undo()
        answered.set()
        await asyncio.sleep(0.01)
    async with link_to(server.url.replace("127.0.0.1", "localhost")) as link:
        await link.ping()


async def test_a_name_that_nobody_knows_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(host: str, *_: object, **__: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr("observer.redis_name.socket.getaddrinfo", lookup)
    async with link_to("redis://nowhere.invalid") as link:
        with pytest.raises(RedisTrouble, match=r"no connection: nowhere\.invalid: Name or service not known") as raised:
            await link.ping()
    assert raised.value.kind == "connection"
