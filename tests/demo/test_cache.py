"""The caches, on a clock that jumps."""

from __future__ import annotations

from loadgen.core.units import NS_PER_S
from loadgen.demo.cache import MAX_ENTRIES, MAX_PATTERNS, MAX_VALUE_BYTES, CacheMeter, MemoryCache, NullCache
from loadgen.demo.metrics import Metrics
from tests.support.demo import HandClock


def lines(metrics: Metrics) -> list[str]:
    return [line for line in metrics.exposition().decode().splitlines() if line.startswith("cache_")]


async def test_a_value_lives_for_its_time_and_no_longer() -> None:
    clock = HandClock()
    cache = MemoryCache(CacheMeter(Metrics(), "memory"), ttl_s=10, clock=clock)
    await cache.set("user:1", b"one")

    clock.now_ns = 10 * NS_PER_S - 1
    assert await cache.get("user:1") == b"one"

    clock.now_ns = 10 * NS_PER_S
    assert await cache.get("user:1") is None
    assert await cache.count() == 0


async def test_every_operation_is_counted_by_the_key_up_to_its_colon() -> None:
    metrics = Metrics()
    cache = MemoryCache(CacheMeter(metrics, "memory"), ttl_s=10)

    await cache.get("user:1")
    await cache.set("user:1", b"one")
    await cache.get("user:1")
    await cache.get("user:2")
    await cache.delete("plain")

    assert lines(metrics) == [
        "cache_get_attempts_total 3",
        'cache_hits_total{impl="memory",key_pattern="user"} 1',
        'cache_miss_total{impl="memory",key_pattern="user"} 2',
        'cache_set_total{impl="memory",key_pattern="user"} 1',
        'cache_del_total{impl="memory",key_pattern="plain"} 1',
    ]


async def test_key_patterns_stay_few() -> None:
    metrics = Metrics()
    cache = MemoryCache(CacheMeter(metrics, "memory"), ttl_s=10)

    for number in range(MAX_PATTERNS + 20):
        await cache.get(f"kind{number}:1")

    misses = [line for line in lines(metrics) if line.startswith("cache_miss_total")]
    assert len(misses) == MAX_PATTERNS + 1
    assert misses[-1] == 'cache_miss_total{impl="memory",key_pattern="other"} 20'


async def test_a_full_cache_lets_its_oldest_entry_go() -> None:
    cache = MemoryCache(CacheMeter(Metrics(), "memory"), ttl_s=10)

    for number in range(MAX_ENTRIES + 1):
        await cache.set(f"k:{number}", b"x")

    assert await cache.count() == MAX_ENTRIES
    assert await cache.get("k:0") is None
    assert await cache.get(f"k:{MAX_ENTRIES}") == b"x"


async def test_a_value_that_is_too_large_is_an_error_and_is_not_kept() -> None:
    metrics = Metrics()
    cache = MemoryCache(CacheMeter(metrics, "memory"), ttl_s=10)

    await cache.set("big:1", b"x" * (MAX_VALUE_BYTES + 1))

    assert await cache.count() == 0
    assert 'cache_errors_total{impl="memory",error_type="value_too_large"} 1' in lines(metrics)


async def test_clearing_forgets_everything() -> None:
    cache = MemoryCache(CacheMeter(Metrics(), "memory"), ttl_s=10)
    await cache.set("a", b"1")
    await cache.set("b", b"2")

    assert await cache.clear() == 2
    assert await cache.get("a") is None


async def test_the_null_cache_misses_always() -> None:
    metrics = Metrics()
    cache = NullCache(CacheMeter(metrics, "null"))

    await cache.set("user:1", b"one")
    assert await cache.get("user:1") is None
    assert await cache.delete("user:1") is False
    assert await cache.clear() == await cache.count() == 0
    assert 'cache_miss_total{impl="null",key_pattern="user"} 1' in lines(metrics)
