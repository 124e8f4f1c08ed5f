"""The cache in a Redis or Valkey server, which may be slow, gone, or come back while it is used.

Laws: no operation takes longer than its deadline, whatever the server does; times are observed of operations that were
really tried, never made up; after a failure nothing is tried for two seconds, then one operation finds out whether the
server is back, while the others go without the cache.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from loadgen.core.clock import Clock, SystemClock
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.demo.cache import MAX_VALUE_BYTES, CacheUnavailableError
from loadgen.demo.fallback import Reason
from loadgen.demo.health import UnhealthyError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from loadgen.core.redact import Secret
    from loadgen.demo.cache import CacheMeter
    from loadgen.demo.metrics import Metrics

T = TypeVar("T")

PREFIX = "loadgen-demo:"
DEADLINE_S = 0.25
RETRY_NS = 2 * NS_PER_S
_CONNECTIONS = 64
_SCAN_COUNT = 500


class RedisMeter:
    """What is counted about the server itself."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def took(self, op: str, seconds: float) -> None:
        self._metrics.redis_seconds.labels(op).observe(seconds)

    def timed_out(self, op: str) -> None:
        self._metrics.redis_timeouts.labels(op).inc()

    def recovery(self, *, success: bool) -> None:
        self._metrics.redis_recoveries.labels("success" if success else "error").inc()

    def failed(self, at_s: float) -> None:
        self._metrics.redis_last_failure.labels().value = at_s


class Delay(Protocol):
    """How long each operation is to be delayed, in seconds."""

    def __call__(self) -> float: ...


class RedisCache:
    """Values under `loadgen-demo:` keys, with a time to live that the server keeps."""

    impl = "redis"

    def __init__(
        self,
        url: Secret,
        ttl_s: float,
        meter: CacheMeter,
        redis_meter: RedisMeter,
        delay: Delay = lambda: 0.0,
        clock: Clock | None = None,
    ) -> None:
        """Prepare the client; nothing is connected before the first operation. `url` was checked by the settings."""
        self._meter = meter
        self._redis = redis_meter
        self._delay = delay
        self._clock = clock or SystemClock()
        self._ttl_ms = max(1, round(ttl_s * 1_000))
        pool = BlockingConnectionPool.from_url(
            url.reveal(),
            max_connections=_CONNECTIONS,
            timeout=DEADLINE_S,
            socket_timeout=DEADLINE_S,
            socket_connect_timeout=DEADLINE_S,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
        )
        self._client = Redis.from_pool(pool)
        self._down_until_ns: int | None = None

    def __repr__(self) -> str:
        return f"<RedisCache {'connected' if self.connected else 'down'}>"

    @property
    def connected(self) -> bool:
        """Whether the last that was heard of the server was good."""
        return self._down_until_ns is None

    async def get(self, key: str) -> bytes | None:
        """Return a value; raise CacheUnavailableError when the server cannot be asked, which counts as a miss."""
        value: bytes | None = None
        try:
            value = await self._do("get", lambda: self._read(key))
        finally:
            self._meter.get(key, hit=value is not None)
        return value

    async def set(self, key: str, value: bytes) -> None:
        """Store a value; one beyond 256 KiB is not stored, and counts as an error as a failed operation does."""
        if len(value) > MAX_VALUE_BYTES:
            self._meter.error("value_too_large")
            return
        if await self._tried("set", lambda: self._client.set(PREFIX + key, value, px=self._ttl_ms)):
            self._meter.set(key)

    async def delete(self, key: str) -> bool:
        """Remove a value; one that cannot be reached lives on until its time is over."""
        self._meter.delete(key)
        return bool(await self._tried("del", lambda: self._client.delete(PREFIX + key)))

    async def clear(self) -> int:
        """Remove every value of this cache, and no other; return how many, 0 without a server."""
        return await self._tried("del", self._remove_all) or 0

    async def count(self) -> int:
        """Return how many values there are, 0 without a server."""
        found = 0
        try:
            async with _connected(), asyncio.timeout(DEADLINE_S):
                async for _ in self._client.scan_iter(match=PREFIX + "*", count=_SCAN_COUNT):
                    found += 1
        except (RedisError, OSError):  # that it is down is told by `check` and by the metrics
            return 0
        return found

    async def check(self) -> None:
        """Ask the server whether it is there; raise UnhealthyError when it is not."""
        try:
            async with _connected(), asyncio.timeout(DEADLINE_S):
                await self._client.ping()
        except (RedisError, OSError) as error:
            raise UnhealthyError(f"redis does not answer: {_kind(error)}") from error

    async def restart(self) -> None:
        """Lose what a new process would lose: the connections, not the values."""
        self._down_until_ns = None
        await self._client.connection_pool.disconnect()

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()

    async def server_pid(self) -> int | None:
        """Return the process of the server, None while it does not say."""
        try:
            async with _connected(), asyncio.timeout(DEADLINE_S):
                told = await self._client.info("server")
        except (RedisError, OSError):  # it is down, which `check` and the metrics tell
            return None
        return int(told["process_id"])

    async def _read(self, key: str) -> bytes | None:
        value = await self._client.get(PREFIX + key)
        return value.encode() if isinstance(value, str) else value

    async def _remove_all(self) -> int:
        keys = [key async for key in self._client.scan_iter(match=PREFIX + "*", count=_SCAN_COUNT)]
        return int(await self._client.unlink(*keys)) if keys else 0

    async def _tried(self, op: str, command: Callable[[], Awaitable[T]]) -> T | None:
        """Do an operation whose failure, counted, is nobody's failure."""
        try:
            return await self._do(op, command)
        except CacheUnavailableError:
            return None

    async def _do(self, op: str, command: Callable[[], Awaitable[T]]) -> T:
        now_ns = self._clock.monotonic_ns()
        finds_out = self._down_until_ns is not None
        if self._down_until_ns is not None:
            if now_ns < self._down_until_ns:
                self._meter.error("bypassed")
                raise CacheUnavailableError(Reason.CIRCUIT_BREAKER)
            self._down_until_ns = now_ns + RETRY_NS  # whoever comes meanwhile goes without
        try:
            result = await self._timed(op, command)
        except (RedisError, OSError) as error:
            self._fail(op, error, finds_out=finds_out)
            raise CacheUnavailableError(Reason.UPSTREAM_ERROR) from error
        if finds_out:
            self._redis.recovery(success=True)
        self._down_until_ns = None
        return result

    async def _timed(self, op: str, command: Callable[[], Awaitable[T]]) -> T:
        began_ns = self._clock.monotonic_ns()
        try:
            delay_s = self._delay()
            if delay_s:
                await asyncio.sleep(delay_s)
            async with _connected(), asyncio.timeout(DEADLINE_S):
                return await command()
        finally:
            self._redis.took(op, (self._clock.monotonic_ns() - began_ns) / NS_PER_S)

    def _fail(self, op: str, error: Exception, *, finds_out: bool) -> None:
        self._meter.error(_kind(error))
        if isinstance(error, RedisTimeoutError | TimeoutError):
            self._redis.timed_out(op)
        if finds_out:
            self._redis.recovery(success=False)
        if isinstance(error, NoConnectionError | RedisTimeoutError | OSError):  # a refused command is no outage
            self._redis.failed(self._clock.utc_now().timestamp())
            self._down_until_ns = self._clock.monotonic_ns() + RETRY_NS


@asynccontextmanager
async def _connected() -> AsyncIterator[None]:
    """Turn uvloop's RuntimeError on a connection that was reset while it rested into the error that it is."""
    try:
        yield
    except RuntimeError as error:
        if "closed" not in str(error):
            raise
        raise NoConnectionError(str(error)) from error


def delay_of(start_ms: float, panel_ms: Callable[[], float]) -> Delay:
    """Return the delay of every operation: what the service was started with, and what the panel adds."""
    return lambda: (start_ms + panel_ms()) * NS_PER_MS / NS_PER_S


def _kind(error: Exception) -> str:
    """Return a short name of a failure, of which there are few, for a label."""
    if isinstance(error, RedisTimeoutError | TimeoutError):
        return "timeout"
    return "connection" if isinstance(error, NoConnectionError | OSError) else "refused"
