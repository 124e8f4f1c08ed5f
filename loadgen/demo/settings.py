"""What the demo service is told when it starts: flags of the environment, then options of the command line.

Law: a setting that cannot be honoured is a problem that stops the start; nothing falls back silently.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from loadgen.core.errors import InputError, Problem
from loadgen.core.redact import Secret, fingerprint
from loadgen.core.redis_address import REMEDY
from loadgen.core.units import NS_PER_S, Rate, parse_duration_ns, parse_rate
from loadgen.demo.faults import Faults, initial_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

LOOPBACK = "127.0.0.1"
DEFAULT_PORT = 8901
_HIGHEST_DELAY_MS = 60_000
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off", ""})


class CacheImpl(Enum):
    """Where cached values are kept, as CACHE_IMPL names it."""

    MEMORY = "memory"
    REDIS = "redis"


@dataclass(frozen=True, slots=True)
class Settings:
    """One demo service; `port` 0 takes any free port, `cache_ttl_s` is in seconds.

    With the Redis cache and no `redis_url`, whoever starts the service starts a server for it and sets the address
    and `own_redis`.
    """

    host: str = LOOPBACK
    port: int = 0
    feature_cache: bool = True
    enable_fallback_test: bool = True
    count_cache_miss_as_fallback: bool = False
    allow_unsafe_admin: bool = True
    disable_event_bus: bool = False
    require_jwt: bool = False
    jwt_secret: Secret = field(default_factory=lambda: Secret("dev-secret"))
    metrics_scrape_token: Secret | None = None
    internal_api_token: Secret | None = None
    internal_limit: Rate = field(default_factory=lambda: parse_rate("600/m"))
    cache_impl: CacheImpl = CacheImpl.MEMORY
    redis_url: Secret | None = None
    redis_delay_ms: float = 0.0
    own_redis: bool = False
    cache_ttl_s: float = 10.0
    seed: int = 1
    faults: Faults | None = None

    def flags(self) -> dict[str, bool]:
        """Return the environment flags in force, under their own names."""
        return {
            "FEATURE_CACHE": self.feature_cache,
            "ENABLE_FALLBACK_TEST": self.enable_fallback_test,
            "COUNT_CACHE_MISS_AS_FALLBACK": self.count_cache_miss_as_fallback,
            "ALLOW_UNSAFE_ADMIN": self.allow_unsafe_admin,
            "DISABLE_EVENT_BUS": self.disable_event_bus,
            "DEMO_REQUIRE_JWT": self.require_jwt,
        }


class _Reader:
    """Reads variables one by one and keeps every problem for one message."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[Problem] = []

    def text(self, name: str) -> str:
        return self._environ.get(name, "").strip()

    def flag(self, name: str, default: bool) -> bool:
        if name not in self._environ:
            return default
        text = self.text(name).lower()
        if text not in _TRUE | _FALSE:
            self.problems.append(Problem(name, text, "write true or false"))
        return text in _TRUE

    def secret(self, name: str) -> Secret | None:
        text = self.text(name)
        return Secret(text) if text else None

    def port(self, name: str, default: int) -> int:
        text = self.text(name)
        if not text:
            return default
        if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
            self.problems.append(Problem(name, text, "write a port from 0 (any) to 65535"))
            return default
        return int(text)

    def rate(self, name: str, default: str) -> Rate:
        text = self.text(name) or default
        try:
            return parse_rate(text)
        except ValueError as error:
            self.problems.append(Problem(name, text, str(error)))
            return parse_rate(default)

    def cache_impl(self) -> CacheImpl:
        text = self.text("CACHE_IMPL").lower() or CacheImpl.MEMORY.value
        try:
            return CacheImpl(text)
        except ValueError:
            self.problems.append(Problem("CACHE_IMPL", text, "write memory or redis"))
            return CacheImpl.MEMORY

    def redis_url(self, impl: CacheImpl) -> Secret | None:
        text = self.text("REDIS_URL")
        if not text or impl is not CacheImpl.REDIS:
            return None
        try:
            parts = urlsplit(text)
            known = parts.scheme in ("redis", "rediss") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            known = False
        if not (known or (text.startswith("unix:///") and len(text) > len("unix:///"))):
            self.problems.append(Problem("REDIS_URL", fingerprint(text), REMEDY))
            return None
        return Secret(text)

    def redis_delay_ms(self, impl: CacheImpl) -> float:
        text = self.text("REDIS_ARTIFICIAL_DELAY_MS") or "0"
        if not (text.isascii() and text.isdigit() and int(text) <= _HIGHEST_DELAY_MS):
            remedy = f"write a whole number of ms from 0 to {_HIGHEST_DELAY_MS:,}"
        elif int(text) and impl is not CacheImpl.REDIS:
            remedy = "only a Redis cache can be delayed: set CACHE_IMPL=redis too, or unset it"
        else:
            return float(text)
        self.problems.append(Problem("REDIS_ARTIFICIAL_DELAY_MS", text, remedy))
        return 0.0


def read_settings(environ: Mapping[str, str], *, default_port: int = 0) -> Settings:
    """Read the service's variables from `environ`; raise InputError with every problem found."""
    reader = _Reader(environ)
    impl = reader.cache_impl()
    settings = Settings(
        cache_impl=impl,
        redis_url=reader.redis_url(impl),
        redis_delay_ms=reader.redis_delay_ms(impl),
        port=reader.port("PORT", default_port),
        feature_cache=reader.flag("FEATURE_CACHE", True),
        enable_fallback_test=reader.flag("ENABLE_FALLBACK_TEST", True),
        count_cache_miss_as_fallback=reader.flag("COUNT_CACHE_MISS_AS_FALLBACK", False),
        allow_unsafe_admin=reader.flag("ALLOW_UNSAFE_ADMIN", True),
        disable_event_bus=reader.flag("DISABLE_EVENT_BUS", False),
        require_jwt=reader.flag("DEMO_REQUIRE_JWT", False),
        jwt_secret=reader.secret("JWT_SECRET") or Secret("dev-secret"),
        metrics_scrape_token=reader.secret("METRICS_SCRAPE_TOKEN"),
        internal_api_token=reader.secret("INTERNAL_API_TOKEN"),
        internal_limit=reader.rate("INTERNAL_RATE_LIMIT", "600/m"),
    )
    if reader.problems:
        raise InputError(reader.problems)
    return settings


def require_loopback(host: str, *, anyway: bool) -> None:
    """Raise InputError unless `host` is a loopback address or the caller insists.

    The fault panel can stop the service and the admin routes are open, so other hosts must not reach it by accident.
    """
    if anyway or host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        remedy = "the demo service is meant for this host only; use 127.0.0.1, or insist with --host-anyway"
        raise InputError([Problem("--host", host, remedy)])


def with_options(environ: Mapping[str, str], given: Mapping[str, Any]) -> Settings:
    """Read the environment and lay the options of `loadgen demo` over it; raise InputError."""
    require_loopback(given["host"], anyway=given["host_anyway"])
    settings = read_settings(environ, default_port=DEFAULT_PORT)
    try:
        ttl_ns = parse_duration_ns(given["cache_ttl"])
    except ValueError as error:
        raise InputError([Problem("--cache-ttl", given["cache_ttl"], str(error))]) from error
    return replace(
        settings,
        host=given["host"],
        port=settings.port if given["port"] is None else given["port"],
        require_jwt=settings.require_jwt or given["require_jwt"],
        cache_ttl_s=ttl_ns / NS_PER_S,
        seed=given["seed"],
        faults=initial_faults(given["faults"]),
    )
