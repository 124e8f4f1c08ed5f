"""Routes for tests, drills and operators: what was received, the fault panel, the cache, forced fallbacks.

None of them counts as load, and all answer callers on this host only.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from loadgen.demo.answers import json_answer, problem, read_json
from loadgen.demo.board import BoardError, TakenError
from loadgen.demo.cache import CacheUnavailableError
from loadgen.demo.fallback import Reason
from loadgen.demo.faults import FaultError, parse_faults
from loadgen.demo.routes.api import read_through

if TYPE_CHECKING:
    from loadgen.demo.faults import Actions
    from loadgen.demo.service import Service

_BEFORE_FREEZE_S = 0.02


def panel_routes(service: Service) -> web.RouteTableDef:
    """Return the fault panel, bound to `service`."""
    table = web.RouteTableDef()

    @table.get("/internal/fault")
    async def show(_request: web.Request) -> web.Response:
        return json_answer(_state(service))

    @table.put("/internal/fault")
    async def change(request: web.Request) -> web.Response:
        """Set the named faults and leave the others as they are."""
        try:
            faults, actions = parse_faults(await read_json(request), service.injector.faults)
        except FaultError as error:
            return problem(400, "BAD_FAULT", str(error))
        except ValueError as error:
            return problem(400, "NOT_JSON", f"the body must be JSON: {error}")
        if faults.redis_delay_ms and service.cache.impl != "redis":
            return problem(400, "BAD_FAULT", "redis_delay_ms: this service has no Redis cache; set CACHE_IMPL=redis")
        service.injector.set(faults)
        await _act(service, actions)
        return await _take_effect(service)

    @table.delete("/internal/fault")
    async def reset(_request: web.Request) -> web.Response:
        service.lease.drop()
        service.injector.reset()
        return await _take_effect(service)

    return table


def _state(service: Service) -> dict[str, Any]:
    faults = service.injector.faults.model_dump(mode="json")
    return {**faults, "restarts": service.restarts, "lease": service.lease.left_s}


async def _take_effect(service: Service) -> web.Response:
    service.freeze_page()
    await service.health.refresh()
    return json_answer(_state(service))


async def _act(service: Service, actions: Actions) -> None:
    if actions.seed is not None:
        service.injector.seed(actions.seed)
    if actions.lease is not None:
        service.lease.take(actions.lease)
    if actions.restart:
        await service.restart()
    if actions.freeze:
        # a moment later, so that this answer is on its way before the loop stands still
        asyncio.get_running_loop().call_later(_BEFORE_FREEZE_S, time.sleep, actions.freeze)


def board_routes(service: Service) -> web.RouteTableDef:
    """Return the board of synthetic series, bound to `service`."""
    table = web.RouteTableDef()

    @table.get("/internal/synthetic")
    async def show(_request: web.Request) -> web.Response:
        return json_answer(service.board.as_json())

    @table.put("/internal/synthetic")
    async def put(request: web.Request) -> web.Response:
        """Show these series, in the Prometheus text format, on the metrics page from now on."""
        try:
            service.board.put(await request.read())
        except TakenError as error:
            return problem(409, "TAKEN", str(error))
        except BoardError as error:
            return problem(400, "BAD_SERIES", str(error))
        return json_answer(service.board.as_json())

    @table.delete("/internal/synthetic")
    async def clear(_request: web.Request) -> web.Response:
        service.board.clear()
        return json_answer(service.board.as_json())

    return table


def account_routes(service: Service) -> web.RouteTableDef:
    """Return what arrived and the flags in force, bound to `service`."""
    table = web.RouteTableDef()

    @table.get("/internal/received")
    async def received(_request: web.Request) -> web.Response:
        return json_answer({**service.received.as_json(), "restarts": service.restarts})

    @table.get("/internal/flags")
    async def flags(_request: web.Request) -> web.Response:
        return json_answer(service.settings.flags())

    return table


def cache_routes(service: Service) -> web.RouteTableDef:
    """Return the routes of the cache and of forced fallbacks, bound to `service`."""
    table = web.RouteTableDef()

    @table.get("/internal/cache")
    async def cache(_request: web.Request) -> web.Response:
        impl, enabled = service.cache.impl, service.settings.feature_cache
        ttl_s = service.settings.cache_ttl_s if enabled else 0
        shown = {"impl": impl, "enabled": enabled, "entries": await service.cache.count(), "ttl_s": ttl_s}
        if service.settings.own_redis:
            shown["server_pid"] = await service.cache.server_pid()
        return json_answer(shown)

    @table.delete("/internal/cache")
    async def clear(_request: web.Request) -> web.Response:
        return json_answer({"cleared": await service.cache.clear()})

    @table.delete("/internal/cache/{key}")
    async def forget(request: web.Request) -> web.Response:
        key = request.match_info["key"]
        return json_answer({"key": key, "deleted": await service.cache.delete(key)})

    @table.post("/internal/test/fallback")
    async def fallback(request: web.Request) -> web.Response:
        """Take the fallback of the given mode, by making what it stands for happen."""
        if not service.settings.enable_fallback_test:
            return problem(404, "FALLBACK_TEST_DISABLED", "set ENABLE_FALLBACK_TEST=true to allow this")
        try:
            given = await read_json(request)
            mode = Reason(str(given["mode"]) if isinstance(given, dict) and "mode" in given else "")
        except ValueError:
            return problem(400, "BAD_MODE", f"mode is one of {', '.join(Reason)}")
        return json_answer({"mode": mode, "taken": await _take(service, mode)})

    return table


def sample_routes(service: Service) -> web.RouteTableDef:
    """Return the routes for whoever samples the cache by single writes and reads, bound to `service`."""
    table = web.RouteTableDef()

    @table.post("/internal/cache/set")
    async def put(request: web.Request) -> web.Response:
        """Write one value: {"key", "value"}."""
        try:
            given = await read_json(request)
        except ValueError:
            given = None
        if not isinstance(given, dict) or not all(isinstance(given.get(name), str) for name in ("key", "value")):
            return problem(400, "BAD_ENTRY", 'the body is {"key": text, "value": text}')
        await service.cache.set(given["key"], given["value"].encode())
        return json_answer({"key": given["key"], "stored": True})

    @table.get("/internal/cache/get")
    async def look(request: web.Request) -> web.Response:
        """Read one value, `?key=`."""
        key = request.query.get("key", "")
        try:
            value = await service.cache.get(key)
        except CacheUnavailableError as failure:
            return problem(503, "CACHE_UNAVAILABLE", failure.reason.value)
        return json_answer({"key": key, "value": None if value is None else value.decode(errors="replace")})

    return table


async def _take(service: Service, mode: Reason) -> tuple[str, ...]:
    if mode is not Reason.CACHE_MISS:
        return (await service.backend.surroundings(mode)).degraded
    await service.cache.delete("fallback-test:key")
    await read_through(service, "fallback-test:key")
    return (mode.value,)
