"""The aiohttp application: the service, its gate and its routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from loadgen.demo.gate import make_gate
from loadgen.demo.routes import admin, api, internal, probes, scrapes, sessions
from loadgen.demo.service import Service

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from loadgen.demo.settings import Settings

SERVICE = web.AppKey("service", Service)


def make_app(settings: Settings) -> web.Application:
    """Return the application; call it inside the loop that will run it."""
    service = Service(settings)
    app = web.Application(middlewares=[make_gate(service)])
    app[SERVICE] = service
    for table in (
        probes.routes(service),
        scrapes.routes(service),
        api.read_routes(service),
        api.write_routes(service),
        sessions.session_routes(),
        admin.plugin_routes(service),
        admin.snapshot_routes(service),
        internal.panel_routes(service),
        internal.board_routes(service),
        internal.account_routes(service),
        internal.cache_routes(service),
        internal.sample_routes(service),
    ):
        app.add_routes(table)
    app.cleanup_ctx.append(_running)
    app.on_shutdown.append(_let_go)
    return app


async def _running(app: web.Application) -> AsyncIterator[None]:
    service = app[SERVICE]
    await service.start()
    yield
    await service.stop()


async def _let_go(app: web.Application) -> None:
    """Let go whatever a fault holds, so that it does not hold up the shutdown."""
    app[SERVICE].injector.reset()
