"""Plugins and snapshots: the operations whose success and duration a baseline also judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from loadgen.demo.answers import json_answer, problem, read_json
from loadgen.demo.plugins import PluginError
from loadgen.demo.snapshots import SnapshotError, UnknownSnapshotError

if TYPE_CHECKING:
    from loadgen.demo.service import Service


def plugin_routes(service: Service) -> web.RouteTableDef:
    """Return the routes of the plugins, bound to `service`."""
    table = web.RouteTableDef()

    @table.get("/api/plugins")
    async def plugins(_request: web.Request) -> web.Response:
        return json_answer({"plugins": service.plugins.as_json()})

    @table.post("/api/admin/plugins/{id}/reload-unsafe")
    async def reload_plugin(request: web.Request) -> web.Response:
        if not service.settings.allow_unsafe_admin:
            return problem(403, "UNSAFE_DISABLED", "set ALLOW_UNSAFE_ADMIN=true to allow this")
        try:
            plugin = await service.plugins.reload(request.match_info["id"])
        except KeyError:
            return problem(404, "UNKNOWN_PLUGIN", f"there is no plugin {request.match_info['id']}")
        except PluginError as error:
            return problem(500, "RELOAD_FAILED", str(error))
        return json_answer({"plugin": plugin.as_json()})

    return table


def snapshot_routes(service: Service) -> web.RouteTableDef:
    """Return the routes of the snapshots, bound to `service`."""
    table = web.RouteTableDef()

    @table.get("/api/snapshots")
    async def snapshots(_request: web.Request) -> web.Response:
        return json_answer({"snapshots": service.snapshots.as_json()})

    @table.post("/api/snapshots")
    async def create(request: web.Request) -> web.Response:
        try:
            given = await read_json(request)
            snapshot = await service.snapshots.create(str(given.get("name", "")) if isinstance(given, dict) else "")
        except ValueError as error:
            return problem(400, "NOT_JSON", f"the body must be JSON: {error}")
        except SnapshotError as error:
            return problem(500, "SNAPSHOT_FAILED", str(error))
        return json_answer(snapshot.as_json(), 201)

    @table.post("/api/snapshots/{id}/restore")
    async def restore(request: web.Request) -> web.Response:
        try:
            snapshot = await service.snapshots.restore(request.match_info["id"])
        except UnknownSnapshotError as error:
            return problem(404, "UNKNOWN_SNAPSHOT", str(error))
        except SnapshotError as error:
            return problem(500, "SNAPSHOT_FAILED", str(error))
        # what the cache holds belongs to the documents of before
        await service.cache.clear()
        return json_answer(snapshot.as_json())

    @table.delete("/api/snapshots/{id}")
    async def remove(request: web.Request) -> web.Response:
        try:
            service.snapshots.remove(request.match_info["id"])
        except UnknownSnapshotError as error:
            return problem(404, "UNKNOWN_SNAPSHOT", str(error))
        return json_answer({"deleted": request.match_info["id"]})

    return table
