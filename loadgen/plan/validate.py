"""Where load may go and which settings fit together.

Laws: every rule looks at settings that were each read without a problem; all broken rules are returned, each under the
name by which the user gave the setting; nothing is sent while one is broken.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loadgen.core.errors import Problem
from loadgen.core.redis_address import read_redis_url
from loadgen.core.units import NS_PER_S, format_duration
from loadgen.plan.exercise import check_exercise
from loadgen.plan.kinds import warmup_rate
from loadgen.plan.mix import origin
from loadgen.plan.model import Kind
from loadgen.plan.replay import check_replay, dues_of, peak_of
from loadgen.plan.shape import check_shape, peak
from loadgen.plan.validate_connection import check_route, check_tls, check_token, places
from loadgen.plan.validate_requests import check_requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgen.core.config import Settings
    from loadgen.core.units import Rate

BUNDLED_METRIC_PROFILES = ("metasheet", "prometheus-http", "relay")
LEAST_IDLE_NS = 60 * NS_PER_S
"""How long production is watched without load at least."""

_HIGHEST_ERROR_RATE = 0.05
_HIGHEST_EFFECTIVE_FALLBACK = 0.20
_USUAL_RATE_FACTOR = 2


def check(settings: Settings, kind: Kind) -> list[Problem]:
    """Return every rule that the settings break for a kind of run."""
    rules = (
        _base_url,
        _hosts,
        check_shape,
        check_replay,
        check_requests,
        _rates,
        _breaker,
        check_exercise,
        _authorization,
        check_tls,
        check_route,
        check_token,
        _workers,
        _metrics,
        _redis,
        _idle,
    )
    return [problem for rule in rules for problem in rule(settings, kind)]


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine by its name or address alone; no name is resolved."""
    name = host.lower().strip("[]")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def highest_rate(settings: Settings) -> Rate:
    """Return the highest rate that production may get: MAX_RATE, or twice the usual LOAD_RATE."""
    return settings.max_rate or settings.usual_rate.times(_USUAL_RATE_FACTOR)


def _base_url(settings: Settings, kind: Kind) -> Iterator[Problem]:
    if settings.base_url is None and kind is Kind.RUN:
        yield Problem("URL", None, "missing: give one, or set LOAD_BASE_URL")
    elif settings.base_url is None:
        yield Problem(settings.label("base_url"), None, "missing: give --base-url URL or set LOAD_BASE_URL")


def _hosts(settings: Settings, kind: Kind) -> Iterator[Problem]:
    if settings.base_url is None:
        return
    for _, host, port in places(settings):
        label = settings.label("base_url") if (host, port) == origin(settings.base_url)[1:] else "--endpoint"
        if settings.profile == "production" and not _spellings(host, port) & set(settings.allowed_hosts):
            remedy = (
                "production needs this host in ALLOWED_HOSTS: add it to .env.phase5 after checking that it is right"
            )
            yield Problem(label, host, remedy)
        if not settings.profile_given and not _stays_here(settings, host, port):
            yield Problem(label, host, "not this machine: say --profile dev, staging or production")


def _spellings(host: str, port: int) -> set[str]:
    """Return how a list may spell a host; an IPv6 address also in brackets."""
    names = {host, f"[{host}]"} if ":" in host else {host}
    return names | {f"{name}:{port}" for name in names}


def _stays_here(settings: Settings, host: str, port: int) -> bool:
    """Say whether requests for a host end on this machine: by its name, its --resolve, or a socket in its place.

    With a proxy they do only where the proxy is on this machine too, since it is what knows the host.
    """
    if settings.unix_socket:
        return True
    replaced = dict(settings.resolve)
    if settings.proxy is None:
        return is_loopback(replaced.get(f"{host}:{port}", host))
    parts = urlsplit(settings.proxy.url)
    through = parts.hostname or ""
    return is_loopback(host) and is_loopback(replaced.get(f"{through}:{parts.port or 80}", through))


def _rates(settings: Settings, kind: Kind) -> Iterator[Problem]:
    if settings.profile != "production":
        return
    highest = highest_rate(settings)
    asked = {"warmup_rate": warmup_rate(settings, kind)}
    if kind is not Kind.WARMUP:
        asked.update([_highest_asked(settings)])
    hops = max((item.follow for item in settings.endpoints), default=0)
    also = f", and each request may follow {hops} redirects" if hops else ""
    for name, rate in asked.items():
        if rate.count * (1 + hops) * highest.per_ns > highest.count * rate.per_ns:
            remedy = (
                f"production allows at most {highest} (MAX_RATE, or 2 × LOAD_RATE){also}: lower it or raise MAX_RATE"
            )
            yield Problem(settings.label(name), str(rate), remedy)


def _highest_asked(settings: Settings) -> tuple[str, Rate]:
    """Return the setting that says how fast requests come, and the highest rate it asks for."""
    if settings.replay is not None:
        return "replay", peak_of(dues_of(settings.replay, settings.speed, settings.requests))
    return ("stages", peak(settings.stages)) if settings.stages else ("rate", settings.rate)


def _breaker(settings: Settings, kind: Kind) -> Iterator[Problem]:
    if settings.profile != "production":
        return
    if settings.no_breaker:
        yield Problem("--no-breaker", None, "refused for production: raise its thresholds instead, up to 5 % and 20 %")
    for name, highest in (
        ("breaker_error_rate", _HIGHEST_ERROR_RATE),
        ("breaker_effective_fallback", _HIGHEST_EFFECTIVE_FALLBACK),
    ):
        threshold: float = getattr(settings, name)
        if threshold > highest:
            yield Problem(settings.label(name), f"{threshold:g}", f"production allows at most {highest:g}")


def _authorization(settings: Settings, kind: Kind) -> Iterator[Problem]:
    if settings.basic is not None and settings.jwt is not None:
        remedy = "the URL has user and password and there is a JWT too: both are Authorization, so remove one"
        yield Problem(settings.label("base_url"), settings.base_url, remedy)


def _workers(settings: Settings, kind: Kind) -> Iterator[Problem]:
    if settings.workers is not None and settings.workers > settings.concurrency:
        remedy = f"every worker needs a connection, and concurrency is {settings.concurrency}: lower it or raise that"
        yield Problem(settings.label("workers"), str(settings.workers), remedy)


def _metrics(settings: Settings, kind: Kind) -> Iterator[Problem]:
    profile = settings.metric_profile
    own_file = profile.endswith(".toml") and Path(profile).is_file()
    if profile not in BUNDLED_METRIC_PROFILES and not own_file:
        remedy = f"neither a .toml file nor one of {', '.join(BUNDLED_METRIC_PROFILES)}"
        yield Problem(settings.label("metric_profile"), profile, remedy)


def _redis(settings: Settings, kind: Kind) -> Iterator[Problem]:
    url = settings.watched_redis
    if url is None and settings.watch_redis:
        remedy = "there is no address: set REDIS_URL, or give --redis-url"
        own = "; with CACHE_IMPL=redis the demo service has one of its own" if settings.demo else ""
        yield Problem("--watch-redis", None, remedy + own)
    if url is not None and settings.redis_url is None:  # a flag was read already
        try:
            read_redis_url(url.reveal())
        except ValueError as error:
            yield Problem("REDIS_URL", str(url), str(error))


def _idle(settings: Settings, kind: Kind) -> Iterator[Problem]:
    if settings.profile == "production" and settings.idle_ns is not None and settings.idle_ns < LEAST_IDLE_NS:
        given = format_duration(settings.idle_ns)
        yield Problem(settings.label("idle_ns"), given, f"production watches at least {format_duration(LEAST_IDLE_NS)}")
