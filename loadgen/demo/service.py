"""The demo service as one object: its parts, put together, started, stopped and restarted in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.demo.adapter import HttpAdapter, tenant_service
from loadgen.demo.auth import JwtGuard, TokenGuard
from loadgen.demo.backend import Backend
from loadgen.demo.board import Board
from loadgen.demo.bus import MessageBus
from loadgen.demo.cache import Cache, CacheMeter, MemoryCache, NullCache
from loadgen.demo.documents import Documents
from loadgen.demo.fallback import FallbackRecorder
from loadgen.demo.health import Health, UnhealthyError
from loadgen.demo.injector import Injector
from loadgen.demo.lease import Lease
from loadgen.demo.limiter import RateLimiter
from loadgen.demo.metrics import Metrics
from loadgen.demo.plugins import Plugins
from loadgen.demo.received import Received
from loadgen.demo.settings import CacheImpl
from loadgen.demo.snapshots import Snapshots

if TYPE_CHECKING:
    from loadgen.demo.health import Check
    from loadgen.demo.settings import Settings


class Service:
    """Everything behind the routes; made inside a running loop."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.board = Board(self.metrics.registry.names())
        self.received = Received()
        self.injector = Injector(settings.seed, settings.faults)
        self.fallbacks = FallbackRecorder(self.metrics, count_cache_miss=settings.count_cache_miss_as_fallback)
        self.cache = self._make_cache()
        self.documents = Documents()
        self.adapter = HttpAdapter(self.metrics)
        self.bus = MessageBus(self.metrics, enabled=not settings.disable_event_bus)
        self.backend = Backend(self.adapter, self.bus, self.fallbacks)
        self.plugins = Plugins(self.metrics, self.injector, settings.seed)
        self.snapshots = Snapshots(self.documents, self.metrics, self.injector, settings.seed)
        self.jwt = JwtGuard(settings.jwt_secret, self.metrics, required=settings.require_jwt)
        self.scrape_token = TokenGuard(settings.metrics_scrape_token, "x-metrics-token", self.metrics)
        self.internal_token = TokenGuard(settings.internal_api_token, "x-internal-token", self.metrics)
        self.limiter = RateLimiter(settings.internal_limit, self.metrics)
        self.health = Health(self._checks(), self.injector)
        self.stalled_page: bytes | None = None
        self.lease = Lease(self._lift)
        self.restarts = 0

    def _make_cache(self) -> Cache:
        settings = self.settings
        self._meter = CacheMeter(self.metrics, settings.cache_impl.value if settings.feature_cache else "null")
        self._meter.enabled(settings.feature_cache)
        if not settings.feature_cache:
            return NullCache(self._meter)
        if settings.cache_impl is CacheImpl.MEMORY or settings.redis_url is None:
            return MemoryCache(self._meter, settings.cache_ttl_s)
        from loadgen.demo.redis_cache import RedisCache, RedisMeter, delay_of  # a heavy import, and rarely needed

        delay = delay_of(settings.redis_delay_ms, lambda: self.injector.faults.redis_delay_ms)
        meter = RedisMeter(self.metrics)
        return RedisCache(settings.redis_url, settings.cache_ttl_s, self._meter, meter, delay)

    def _checks(self) -> dict[str, Check]:
        async def documents() -> None:
            await self.documents.read("health")

        async def event_bus() -> None:
            if self.bus.enabled and not self.bus.running:
                raise UnhealthyError("the responder of the message bus has ended")

        async def upstream() -> None:
            await tenant_service("health", None)

        return {"documents": documents, "cache": self.cache.check, "event_bus": event_bus, "upstream": upstream}

    async def start(self) -> None:
        await self.bus.start()
        await self.health.start()
        self.freeze_page()

    async def stop(self) -> None:
        self.lease.drop()
        self.injector.reset()
        await self.health.stop()
        await self.bus.stop()
        await self.cache.close()

    async def restart(self) -> None:
        """Lose what a new process would lose: counters, cache, documents, snapshots, plugin state.

        What arrived stays counted in `received`, which is the truth of whoever sends.
        """
        self.restarts += 1
        self.metrics.restart()
        self._meter.enabled(self.settings.feature_cache)
        await self.cache.restart()
        self.documents.clear()
        self.snapshots.clear()
        self.plugins.restart()
        self.board.clear()

    def metrics_page(self) -> bytes:
        """Return the page that a scrape gets: the service's own families, then what stands on the board."""
        if self.stalled_page is not None:
            return self.stalled_page
        return self.metrics.exposition() + self.board.page

    def _lift(self) -> None:
        """Lift the faults, and the figures made up along with them, of a drill that no longer says it is there."""
        self.injector.reset()
        self.board.clear()
        self.freeze_page()

    def freeze_page(self) -> None:
        """Keep the metrics page of this moment while the panel stalls it, else let it live."""
        if not self.injector.faults.metrics_stall:
            self.stalled_page = None
        elif self.stalled_page is None:
            self.stalled_page = self.metrics_page()
