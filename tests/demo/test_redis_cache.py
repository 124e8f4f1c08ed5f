"""The Redis cache, with a real Valkey server that is slowed, stopped and killed."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from redis.asyncio import Redis

from loadgen.core.redact import Secret
from loadgen.core.units import NS_PER_S
from loadgen.demo.cache import MAX_VALUE_BYTES, CacheMeter, CacheUnavailableError
from loadgen.demo.fallback import Reason
from loadgen.demo.health import UnhealthyError
from loadgen.demo.metrics import Metrics
from loadgen.demo.redis_cache import PREFIX, RETRY_NS, RedisCache, RedisMeter
from loadgen.demo.settings import CacheImpl, Settings
from loadgen.demo.valkey import with_server
from tests.support.demo import INSTANT, HandClock, Page, demo_process, running_demo

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

NOBODY = Secret("redis://127.0.0.1:1")


@pytest.fixture(scope="module")
def url() -> Iterator[Secret]:
    """The address of a server that this module shares."""
    with with_server(Settings(cache_impl=CacheImpl.REDIS), os.environ) as settings:
        assert settings.redis_url is not None
        assert settings.own_redis
        yield settings.redis_url


@asynccontextmanager
async def cache_at(url: Secret, metrics: Metrics, **more: Any) -> AsyncIterator[RedisCache]:
    cache = RedisCache(url, 10, CacheMeter(metrics, "redis"), RedisMeter(metrics), **more)
    try:
        await cache.clear()
        yield cache
    finally:
        await cache.close()


def page(metrics: Metrics) -> Page:
    return Page.parse(metrics.exposition().decode())


async def test_values_are_kept_under_our_own_keys_for_their_time(url: Secret) -> None:
    async with cache_at(url, Metrics()) as cache, Redis.from_url(url.reveal()) as other:
        await other.set("foreign", b"stays")
        await cache.set("user:1", b"one")

        assert await cache.get("user:1") == b"one"
        assert await cache.get("user:2") is None
        assert await cache.count() == 1
        assert 9_000 < await other.pttl(PREFIX + "user:1") <= 10_000
        assert await cache.delete("user:1") is True
        assert await cache.delete("user:1") is False
        await cache.set("a", b"1")
        await cache.set("b", b"2")
        assert await cache.clear() == 2
        assert await other.get("foreign") == b"stays"


async def test_operations_are_counted_and_timed_as_they_were(url: Secret) -> None:
    metrics = Metrics()
    async with cache_at(url, metrics) as cache:
        await cache.set("user:1", b"one")
        await cache.get("user:1")
        await cache.get("user:2")
        await cache.set("user:3", b"x" * (MAX_VALUE_BYTES + 1))

    seen = page(metrics)
    assert seen.value("cache_hits_total", impl="redis", key_pattern="user") == 1
    assert seen.value("cache_miss_total", impl="redis", key_pattern="user") == 1
    assert seen.value("cache_errors_total", impl="redis", error_type="value_too_large") == 1
    assert seen.value("redis_operation_duration_seconds_count", op="get") == 2
    assert seen.value("redis_operation_duration_seconds_count", op="set") == 1
    assert seen.value("redis_operation_duration_seconds_sum", op="get") > 2 * 0.00002, "a made up time would be 10 us"


async def test_a_delay_lands_in_the_times_of_the_operations(url: Secret) -> None:
    metrics = Metrics()
    async with cache_at(url, metrics, delay=lambda: 0.06) as cache:
        await cache.get("user:1")

    seen = page(metrics)
    assert seen.value("redis_operation_duration_seconds_sum", op="get") >= 0.06
    assert seen.value("redis_operation_duration_seconds_bucket", op="get", le="0.05") == 0


async def test_without_a_server_one_operation_in_two_seconds_finds_out_and_the_rest_go_without() -> None:
    metrics, clock = Metrics(), HandClock()
    cache = RedisCache(NOBODY, 10, CacheMeter(metrics, "redis"), RedisMeter(metrics), clock=clock)
    reasons = []
    for at_ns in (0, 1, RETRY_NS - 1, RETRY_NS, RETRY_NS + 1):
        clock.now_ns = at_ns
        with pytest.raises(CacheUnavailableError) as raised:
            await cache.get("user:1")
        reasons.append(raised.value.reason)

    bypass, failed = Reason.CIRCUIT_BREAKER, Reason.UPSTREAM_ERROR
    assert reasons == [failed, bypass, bypass, failed, bypass]
    seen = page(metrics)
    assert seen.value("cache_errors_total", impl="redis", error_type="bypassed") == 3
    assert seen.value("cache_errors_total", impl="redis", error_type="connection") == 2
    assert seen.value("cache_miss_total", impl="redis", key_pattern="user") == 5
    assert seen.value("redis_operation_duration_seconds_count", op="get") == 2, "only what was tried is timed"
    assert seen.value("redis_recovery_attempts_total", result="error") == 1
    assert seen.value("redis_last_failure_timestamp") == clock.utc_now().timestamp()
    with pytest.raises(UnhealthyError, match="redis does not answer: connection"):
        await cache.check()
    assert (await cache.count(), await cache.clear(), await cache.server_pid()) == (0, 0, None)
    await cache.close()


async def test_a_server_that_is_back_is_used_again(url: Secret) -> None:
    metrics, clock = Metrics(), HandClock()
    async with cache_at(url, metrics, clock=clock) as cache:
        pid = await cache.server_pid()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(CacheUnavailableError) as raised:
                await cache.get("user:1")
        finally:
            os.kill(pid, signal.SIGCONT)
        assert raised.value.reason is Reason.UPSTREAM_ERROR
        assert "down" in repr(cache)

        clock.now_ns += 2 * NS_PER_S
        assert await cache.get("user:1") is None
        assert "connected" in repr(cache)

    seen = page(metrics)
    assert seen.value("redis_timeouts_total", op="get") == 1
    assert seen.value("redis_recovery_attempts_total", result="success") == 1


async def test_a_refused_command_is_an_error_and_no_outage(url: Secret) -> None:
    metrics = Metrics()
    async with cache_at(url, metrics) as cache, Redis.from_url(url.reveal()) as other:
        await other.rpush(PREFIX + "list", "x")
        with pytest.raises(CacheUnavailableError):
            await cache.get("list")
        assert cache.connected
        assert await cache.get("user:1") is None

    assert page(metrics).value("cache_errors_total", impl="redis", error_type="refused") == 1


async def test_the_panel_slows_a_redis_cache_and_no_other(url: Secret) -> None:
    settings = Settings(cache_impl=CacheImpl.REDIS, redis_url=url, faults=INSTANT)
    async with running_demo(settings) as demo:
        await demo.ask("DELETE", "/internal/cache")
        await demo.fault(redis_delay_ms=40)
        assert (await demo.get("/internal/cache/get?key=x"))[1] == {"key": "x", "value": None}
        assert (await demo.page()).value("redis_operation_duration_seconds_sum", op="get") >= 0.04
    async with running_demo(replace(settings, cache_impl=CacheImpl.MEMORY)) as demo:
        status, told = await demo.ask("PUT", "/internal/fault", json={"redis_delay_ms": 40})

    assert status == 400
    assert "set CACHE_IMPL=redis" in str(told)


async def test_values_can_be_written_and_read_one_by_one(url: Secret) -> None:
    async with running_demo(Settings(cache_impl=CacheImpl.REDIS, redis_url=url, faults=INSTANT)) as demo:
        assert await demo.post("/internal/cache/set", json={"key": "k", "value": "v"}) == (
            200,
            {"key": "k", "stored": True},
        )
        assert await demo.get("/internal/cache/get?key=k") == (200, {"key": "k", "value": "v"})
        assert (await demo.post("/internal/cache/set", json={"key": 1}))[0] == 400
        assert (await demo.post("/internal/cache/set", data="no"))[0] == 400
    async with running_demo(Settings(cache_impl=CacheImpl.REDIS, redis_url=NOBODY, faults=INSTANT)) as demo:
        assert (await demo.get("/internal/cache/get?key=k"))[0] == 503


@pytest.mark.stack
async def test_the_service_survives_the_death_of_its_server_and_uses_it_again() -> None:
    async with demo_process(CACHE_IMPL="redis") as started, aiohttp.ClientSession(started.url) as session:

        async def ask(path: str) -> Any:
            async with session.get(path) as answer:
                assert answer.status == 200
                return await answer.json()

        pid = (await ask("/internal/cache"))["server_pid"]
        await ask("/api/data/x")
        assert (await ask("/api/data/x"))["cached"] is True
        os.kill(pid, signal.SIGKILL)
        assert (await ask("/api/data/x"))["cached"] is False
        async with asyncio.timeout(30):
            while not (await ask("/api/data/x"))["cached"]:
                await asyncio.sleep(0.3)
        assert (await ask("/internal/cache"))["server_pid"] != pid
        async with session.get("/metrics/prom") as answer:
            seen = Page.parse(await answer.text())

    assert seen.value("redis_recovery_attempts_total", result="success") >= 1
    assert seen.value("redis_last_failure_timestamp") > 0
    assert seen.value("metasheet_fallback_effective_total", reason="upstream_error") >= 1
    assert seen.total("metasheet_fallback_effective_total") < seen.total("metasheet_fallback_total")


async def test_no_server_is_left_behind_when_the_service_is_killed() -> None:
    async with demo_process(CACHE_IMPL="redis") as started:
        async with aiohttp.ClientSession(started.url) as session, session.get("/internal/cache") as answer:
            pid = (await answer.json())["server_pid"]
        started.process.kill()
        await started.process.wait()
        async with asyncio.timeout(10):
            while os.path.exists(f"/proc/{pid}"):
                await asyncio.sleep(0.05)
