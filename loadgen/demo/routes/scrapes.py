"""The metrics pages: text for Prometheus and JSON for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from loadgen.demo.answers import json_answer

if TYPE_CHECKING:
    from loadgen.demo.service import Service

_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def routes(service: Service) -> web.RouteTableDef:
    """Return the routes of this module, bound to `service`."""
    table = web.RouteTableDef()

    @table.get("/metrics/prom")
    async def exposition(_request: web.Request) -> web.Response:
        return web.Response(body=service.metrics_page(), headers={"Content-Type": _TEXT})

    @table.get("/internal/metrics")
    @table.get("/metrics")
    async def as_json(_request: web.Request) -> web.Response:
        return json_answer(service.metrics.as_json())

    return table
