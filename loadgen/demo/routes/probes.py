"""Routes that say whether the service works: the index, health, liveness and readiness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from loadgen.demo.answers import json_answer

if TYPE_CHECKING:
    from loadgen.demo.service import Service


def routes(service: Service) -> web.RouteTableDef:
    """Return the routes of this module, bound to `service`."""
    table = web.RouteTableDef()

    @table.get("/")
    async def index(_request: web.Request) -> web.Response:
        return json_answer({"service": "loadgen demo", "api": "/api/v2/hello", "metrics": "/metrics/prom"})

    @table.get("/health")
    async def health(_request: web.Request) -> web.Response:
        status = 200 if service.health.healthy else 503
        return web.Response(body=service.health.body, status=status, content_type="application/json")

    @table.get("/livez")
    async def livez(_request: web.Request) -> web.Response:
        return json_answer({"status": "alive"})

    @table.get("/readyz")
    async def readyz(_request: web.Request) -> web.Response:
        ready = service.health.healthy
        return json_answer({"status": "ready" if ready else "not ready"}, 200 if ready else 503)

    return table
