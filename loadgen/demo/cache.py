"""The cache in front of the documents: a map with a time to live, or nothing at all; Redis has a module of its own.

Laws: every read counts one attempt and one hit or miss; a value is bytes; labels stay few whatever the keys are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from loadgen.core.clock import Clock, SystemClock
from loadgen.core.units import NS_PER_S
from loadgen.demo.health import UnhealthyError

if TYPE_CHECKING:
    from loadgen.demo.fallback import Reason
    from loadgen.demo.metrics import Metrics

MAX_ENTRIES = 10_000
MAX_VALUE_BYTES = 256 * 1024
MAX_PATTERNS = 50


class Cache(Protocol):
    """What the routes need of a cache; `impl` is its label value."""

    impl: str

    async def get(self, key: str) -> bytes | None: ...

    async def set(self, key: str, value: bytes) -> None: ...

    async def delete(self, key: str) -> bool: ...

    async def clear(self) -> int: ...

    async def count(self) -> int: ...

    async def check(self) -> None: ...

    async def server_pid(self) -> int | None: ...

    async def restart(self) -> None: ...

    async def close(self) -> None: ...


class CacheUnavailableError(Exception):
    """The cache cannot be asked; `reason` is the fallback that its reader takes."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class CacheMeter:
    """Counts what a cache does, by implementation and key pattern.

    The pattern is the key up to its first colon; beyond the first fifty it is `other`, since keys come from outside.
    """

    def __init__(self, metrics: Metrics, impl: str) -> None:
        self._metrics = metrics
        self._impl = impl
        self._patterns: set[str] = set()

    def enabled(self, value: bool) -> None:
        self._metrics.cache_enabled.labels(self._impl).value = float(value)

    def get(self, key: str, *, hit: bool) -> None:
        self._metrics.cache_attempts.labels().inc()
        family = self._metrics.cache_hits if hit else self._metrics.cache_miss
        family.labels(self._impl, self._pattern(key)).inc()

    def set(self, key: str) -> None:
        self._metrics.cache_set.labels(self._impl, self._pattern(key)).inc()

    def delete(self, key: str) -> None:
        self._metrics.cache_del.labels(self._impl, self._pattern(key)).inc()

    def error(self, error_type: str) -> None:
        self._metrics.cache_errors.labels(self._impl, error_type).inc()

    def _pattern(self, key: str) -> str:
        pattern = key.partition(":")[0]
        if pattern not in self._patterns:
            if len(self._patterns) >= MAX_PATTERNS:
                return "other"
            self._patterns.add(pattern)
        return pattern


class MemoryCache:
    """A map of this process; an entry lives `ttl_s` seconds and the oldest gives way when the map is full."""

    impl = "memory"

    def __init__(self, meter: CacheMeter, ttl_s: float, clock: Clock | None = None) -> None:
        self._meter = meter
        self._ttl_ns = int(ttl_s * NS_PER_S)
        self._clock = clock or SystemClock()
        self._entries: dict[str, tuple[int, bytes]] = {}

    async def get(self, key: str) -> bytes | None:
        entry = self._entries.get(key)
        if entry is not None and entry[0] <= self._clock.monotonic_ns():
            del self._entries[key]
            entry = None
        self._meter.get(key, hit=entry is not None)
        return None if entry is None else entry[1]

    async def set(self, key: str, value: bytes) -> None:
        """Store a value; one beyond 256 KiB is not stored and counts as an error."""
        if len(value) > MAX_VALUE_BYTES:
            self._meter.error("value_too_large")
            return
        self._entries.pop(key, None)
        if len(self._entries) >= MAX_ENTRIES:
            del self._entries[next(iter(self._entries))]
        self._entries[key] = (self._clock.monotonic_ns() + self._ttl_ns, value)
        self._meter.set(key)

    async def delete(self, key: str) -> bool:
        self._meter.delete(key)
        return self._entries.pop(key, None) is not None

    async def clear(self) -> int:
        count = len(self._entries)
        self._entries.clear()
        return count

    async def count(self) -> int:
        return len(self._entries)

    async def check(self) -> None:
        """Raise UnhealthyError when it has outgrown its bound."""
        if len(self._entries) > MAX_ENTRIES:
            raise UnhealthyError(f"the cache holds {len(self._entries)} entries, more than its {MAX_ENTRIES}")

    async def server_pid(self) -> int | None:
        return None

    async def restart(self) -> None:
        """Lose everything, as a new process would."""
        self._entries.clear()

    async def close(self) -> None:
        """There is nothing to give back."""


class NullCache:
    """Keeps nothing: every read is a miss."""

    impl = "null"

    def __init__(self, meter: CacheMeter) -> None:
        self._meter = meter

    async def get(self, key: str) -> bytes | None:
        self._meter.get(key, hit=False)
        return None

    async def set(self, key: str, value: bytes) -> None:
        """Forget the value."""

    async def delete(self, key: str) -> bool:
        self._meter.delete(key)
        return False

    async def clear(self) -> int:
        return 0

    async def count(self) -> int:
        return 0

    async def check(self) -> None:
        """Nothing can go wrong."""

    async def server_pid(self) -> int | None:
        return None

    async def restart(self) -> None:
        """There is nothing to lose."""

    async def close(self) -> None:
        """There is nothing to give back."""
