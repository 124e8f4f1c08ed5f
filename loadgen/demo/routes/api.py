"""The API that load is put on: a greeting, documents behind the cache, and an endpoint that always fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from loadgen.demo.answers import json_answer, problem, read_json
from loadgen.demo.cache import CacheUnavailableError
from loadgen.demo.documents import StoreFullError
from loadgen.demo.fallback import Reason
from loadgen.demo.gate import SURROUNDINGS

if TYPE_CHECKING:
    from loadgen.demo.service import Service

_GREETINGS = {"en": "hello", "de": "hallo"}


async def read_through(service: Service, key: str) -> tuple[Any, bool]:
    """Return a document and whether the cache had it; a miss reads the origin and is a fallback.

    So is a cache that cannot be asked: the origin is read, and nothing is written back.
    """
    try:
        cached = await service.cache.get(key)
    except CacheUnavailableError as failure:
        service.fallbacks.record(failure.reason)
        return await service.documents.read(key), False
    if cached is not None:
        return orjson.loads(cached), True
    service.fallbacks.record(Reason.CACHE_MISS)
    document = await service.documents.read(key)
    await service.cache.set(key, orjson.dumps(document))
    return document, False


def read_routes(service: Service) -> web.RouteTableDef:
    """Return the routes that read, bound to `service`."""
    table = web.RouteTableDef()

    @table.get("/api/v2/hello")
    async def hello(request: web.Request) -> web.Response:
        around = request[SURROUNDINGS]
        greeting, _ = await read_through(service, "greeting:default")
        word = _GREETINGS.get(around.settings["locale"], "hello")
        return json_answer({"message": word, "greeting": greeting["value"], "degraded": around.degraded})

    @table.get("/api/data/{key}")
    async def read(request: web.Request) -> web.Response:
        document, cached = await read_through(service, request.match_info["key"])
        return json_answer({**document, "cached": cached, "degraded": request[SURROUNDINGS].degraded})

    @table.get("/api/sim-error")
    async def sim_error(_request: web.Request) -> web.Response:
        if not service.settings.allow_unsafe_admin:
            return problem(403, "UNSAFE_DISABLED", "set ALLOW_UNSAFE_ADMIN=true to allow this")
        return problem(500, "SIMULATED", "this endpoint always fails")

    return table


def write_routes(service: Service) -> web.RouteTableDef:
    """Return the routes that change documents, bound to `service`."""
    table = web.RouteTableDef()

    @table.put("/api/data/{key}")
    async def write(request: web.Request) -> web.Response:
        key = request.match_info["key"]
        try:
            service.documents.write(key, await read_json(request))
        except StoreFullError as error:
            return problem(507, "STORE_FULL", str(error))
        except ValueError as error:
            return problem(400, "NOT_JSON", f"the body must be JSON: {error}")
        await service.cache.delete(key)
        return json_answer({"key": key, "revision": service.documents.revision})

    @table.delete("/api/data/{key}")
    async def delete(request: web.Request) -> web.Response:
        key = request.match_info["key"]
        existed = service.documents.delete(key)
        await service.cache.delete(key)
        return json_answer({"key": key, "deleted": existed}, 200 if existed else 404)

    return table
