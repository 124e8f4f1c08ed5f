"""The demo service's cache behind a proxy that misbehaves, before a real Valkey: every fault is an outage that ends."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest
import uvloop

from loadgen.core.redact import Secret
from loadgen.demo.cache import CacheMeter, CacheUnavailableError
from loadgen.demo.metrics import Metrics
from loadgen.demo.redis_cache import RETRY_NS, RedisCache, RedisMeter
from loadgen.demo.settings import CacheImpl, Settings
from loadgen.demo.valkey import with_server
from loadgen.drill.proxy import FaultProxy, Way
from loadgen.drill.redis_disconnect import LATE_S, PROXY_WAYS
from tests.support.demo import HandClock, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

READERS = 8


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with with_server(Settings(cache_impl=CacheImpl.REDIS), os.environ) as settings:
        assert settings.redis_url is not None
        yield settings.redis_url.reveal()


async def cut_off(server: str, way: Way) -> tuple[list[object], bytes | None, Page]:
    """Return what readers got while the cache was cut off, what one got afterwards, and the metrics."""
    metrics, clock = Metrics(), HandClock()
    async with FaultProxy(server) as proxy:
        cache = RedisCache(Secret(proxy.url), 60, CacheMeter(metrics, "redis"), RedisMeter(metrics), clock=clock)
        await asyncio.gather(*(cache.set(f"key:{number}", b"value") for number in range(READERS)))
        proxy.do(way, LATE_S)
        await asyncio.sleep(0.01)  # until a reset has arrived on the connections that rest
        got = await asyncio.gather(*(cache.get(f"key:{number}") for number in range(READERS)), return_exceptions=True)
        proxy.do(Way.PASS)
        clock.now_ns += RETRY_NS
        afterwards = await cache.get("key:1")
        await cache.close()
    return list(got), afterwards, Page.parse(metrics.exposition().decode())


@pytest.mark.parametrize("way", PROXY_WAYS)
def test_every_reader_goes_without_and_the_cache_is_used_again(server: str, way: Way) -> None:
    """In uvloop, as the service runs: it has an error of its own for connections that were reset."""
    got, afterwards, page = uvloop.run(cut_off(server, way))

    assert [type(item) for item in got] == [CacheUnavailableError] * READERS
    assert afterwards == b"value"
    assert page.value("redis_recovery_attempts_total", result="success") == 1
    assert page.total("cache_errors_total") >= READERS
