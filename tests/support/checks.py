"""What tests of preflight share: plans from flags, real HTTP services, and a stand-in for the observer's answers."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from loadgen.core.config import Settings, load_settings
from loadgen.plan.load import build_plan
from loadgen.plan.model import Kind, Plan
from loadgen.run.preflight_metrics import Page

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from loadgen.run.preflight_model import Check

ALL_METRICS = {
    "requests": "http_requests_total",
    "latency": "http_server_requests_seconds",
    "fallback": "metasheet_fallback_total",
    "memory": "process_resident_memory_bytes",
}
MANDATORY = ("success", "p95", "p99", "effective_fallback", "error", "memory", "cache_hit")


def planned(
    flags: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
    profile: str | None = None,
    kind: Kind = Kind.BASELINE,
) -> tuple[Settings, Plan]:
    """Return settings and plan; the base URL is a loopback one unless given, and allowed for production."""
    settings = load_settings(
        profile, {"base_url": "http://127.0.0.1:9", **(flags or {})}, {"ALLOWED_HOSTS": "127.0.0.1", **(environ or {})}
    )
    return settings, build_plan(settings, kind, processors=2)


def lines(checks: Sequence[Check]) -> list[str]:
    """Return checks as the texts a test compares."""
    return [f"{check.status.value} {check.name}: {check.message}" for check in checks]


@dataclass
class Service:
    """A real HTTP service that remembers what it was asked."""

    url: str
    requests: list[tuple[str, str]] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)


@asynccontextmanager
async def serving(
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[Service]:
    """Serve every request with `answer` on a port that the system chooses."""
    service = Service("")

    async def handle(request: web.Request) -> web.StreamResponse:
        service.requests.append((request.method, request.path_qs))
        service.authorizations.append(request.headers.get("Authorization", ""))
        return await answer(request)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield service
    finally:
        await runner.cleanup()


def good_page(url: str = "http://127.0.0.1:9/metrics/prom", window: Mapping[str, float | None] | None = None) -> Page:
    """Return what the observer says about a page that has all."""
    return Page(url, ok=True, mode="exposition", metrics=ALL_METRICS, mandatory=MANDATORY, window=dict(window or {}))


@dataclass
class FakeObserver:
    """Stands in for `observe_once`: gives the pages of its script by URL, and remembers how it was asked."""

    pages: Mapping[str, Page] = field(default_factory=dict)
    idle: Page = field(default_factory=good_page)
    asked: list[tuple[tuple[str, ...], int, float]] = field(default_factory=list)

    async def __call__(self, plan: Plan, urls: tuple[str, ...], times: int, pause_s: float) -> Page:
        self.asked.append((urls, times, pause_s))
        if times == 2:
            return self.idle
        return self.pages.get(urls[0]) or good_page(urls[0])
