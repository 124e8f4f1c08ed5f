"""What every request passes on its way in and out: counting, faults, credentials, measuring.

Laws: a load request is counted at arrival, before any fault, and measured once, when its answer is known; /internal/*
and /metrics* are neither. The duration runs from arrival, so it includes what a fault adds.
"""

from __future__ import annotations

import asyncio
import ipaddress
from math import ceil
from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_S
from loadgen.demo.answers import problem
from loadgen.demo.auth import RefusedError
from loadgen.demo.backend import Surroundings
from loadgen.demo.injector import OverloadedError

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware

    from loadgen.demo.service import Service

SURROUNDINGS = web.RequestKey("surroundings", Surroundings)
_UNKNOWN_ROUTE = "unmatched"
_LIMITED = ("/internal/cache", "/internal/test")


def make_gate(service: Service) -> Middleware:
    """Return the one middleware of the service."""

    @web.middleware
    async def gate(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path
        if path.startswith("/internal/"):
            return await _internal(service, request, handler)
        if path.startswith("/metrics"):
            return await _metrics(service, request, handler)
        return await _load(service, request, handler)

    return gate


async def _load(service: Service, request: web.Request, handler: Handler) -> web.StreamResponse:
    arrived_ns = monotonic_ns()
    service.received.note(request.path, arrived_ns)
    service.metrics.in_flight.labels().inc()
    status, size_bytes = 500, 0
    counted = True
    try:
        answer = await _with_faults(service, request, handler)
        status = answer.status
        if isinstance(answer, web.Response) and isinstance(answer.body, bytes):
            size_bytes = len(answer.body)
        return answer
    except web.HTTPException as answer:
        status = answer.status
        raise
    except asyncio.CancelledError:
        counted = False
        raise
    finally:
        service.metrics.in_flight.labels().inc(-1)
        if counted:
            _measure(service, request, status, arrived_ns, size_bytes)


def _measure(service: Service, request: web.Request, status: int, arrived_ns: int, size_bytes: int) -> None:
    done_ns = monotonic_ns()
    resource = request.match_info.route.resource
    route = _UNKNOWN_ROUTE if resource is None else resource.canonical
    method = request.method if request.method in hdrs.METH_ALL else "OTHER"
    service.received.answered += 1
    service.metrics.answered(route, method, status).record((done_ns - arrived_ns) / NS_PER_S, done_ns, size_bytes)


async def _with_faults(service: Service, request: web.Request, handler: Handler) -> web.StreamResponse:
    injector = service.injector
    if injector.faults.hang:
        await injector.hold_load()
    api = request.path.startswith("/api/") and request.match_info.http_exception is None
    try:
        async with injector.slot():
            work_s = injector.work_s(ordinary=api)
            if work_s > 0:
                await asyncio.sleep(work_s)
            if injector.fails():
                return problem(injector.faults.error_status, "INJECTED", "this request was made to fail")
            if api:
                return await _api(service, request, handler)
            return await handler(request)
    except OverloadedError:
        return problem(503, "OVERLOADED", "the queue of the limited capacity is full", {"Retry-After": "1"})


async def _api(service: Service, request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        service.jwt.check(request.headers)
    except RefusedError as refused:
        return _unauthorized(refused, "api")
    request[SURROUNDINGS] = await service.backend.surroundings(service.injector.trouble())
    return await handler(request)


async def _metrics(service: Service, request: web.Request, handler: Handler) -> web.StreamResponse:
    await service.injector.hold_metrics()
    if service.injector.metrics_fail:
        return problem(500, "INJECTED", "the metrics were made to fail")
    try:
        service.scrape_token.check(request.headers)
    except RefusedError as refused:
        return _unauthorized(refused, "metrics")
    return await handler(request)


async def _internal(service: Service, request: web.Request, handler: Handler) -> web.StreamResponse:
    if not _from_loopback(request):
        return problem(403, "LOOPBACK_ONLY", "internal routes answer callers on this host only")
    try:
        service.internal_token.check(request.headers)
    except RefusedError as refused:
        return _unauthorized(refused, "internal")
    if request.path.startswith(_LIMITED):
        resource = request.match_info.route.resource
        wait_s = service.limiter.admit(_UNKNOWN_ROUTE if resource is None else resource.canonical)
        if wait_s is not None:
            return problem(429, "RATE_LIMITED", "too many internal requests", {"Retry-After": str(ceil(wait_s))})
    return await handler(request)


def _from_loopback(request: web.Request) -> bool:
    """Judge by the connection's own peer address, never by a header."""
    peer = None if request.transport is None else request.transport.get_extra_info("peername")
    return peer is not None and ipaddress.ip_address(peer[0].partition("%")[0]).is_loopback


def _unauthorized(refused: RefusedError, realm: str) -> web.Response:
    headers = {"WWW-Authenticate": f'Bearer realm="{realm}"'}
    return problem(401, "UNAUTHORIZED", f"the credential is refused: {refused.reason}", headers)
