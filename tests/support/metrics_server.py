"""Real HTTP servers on port 0 that serve metrics as a test scripts them, and a small Prometheus HTTP API."""

from __future__ import annotations

import asyncio
import gzip
import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
"""The samples of one instance: (name, labels as pairs) -> value."""


@dataclass
class MetricsServer:
    """A server whose answer is `answer`; it counts requests and keeps their headers."""

    answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
    url: str = ""
    requests: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)
    peers: set[object] = field(default_factory=set)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        self.headers.append(dict(request.headers))
        assert request.transport is not None
        self.peers.add(request.transport.get_extra_info("peername"))
        return await self.answer(request)


@asynccontextmanager
async def serving(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[MetricsServer]:
    """Serve every path with `answer` on 127.0.0.1, at `url` + /metrics."""
    server = MetricsServer(answer)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    assert runner.addresses
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def text(
    body: str | Callable[[], str], *, status: int = 200, content_type: str = "text/plain", **headers: str
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return an answer with a body, or with what a function returns at each request."""

    async def answer(request: web.Request) -> web.StreamResponse:
        said = body if isinstance(body, str) else body()
        return web.Response(text=said, status=status, content_type=content_type, headers=headers)

    return answer


def packed(body: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return an answer that is gzipped whatever was asked for."""

    async def answer(request: web.Request) -> web.StreamResponse:
        headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain; version=0.0.4"}
        return web.Response(body=gzip.compress(body.encode()), headers=headers)

    return answer


async def hanging(request: web.Request) -> web.StreamResponse:
    """Accept and never answer."""
    await asyncio.sleep(3600)
    raise AssertionError("unreachable")


@dataclass
class FakePrometheus:
    """The part of the Prometheus HTTP API that the observer uses, over samples given by a test.

    `samples` maps (job, instance) to {(name, labels as sorted pairs): value}; `age_s` is how old the newest sample is.
    """

    samples: dict[tuple[str, str], Samples]
    now_s: float = 1_700_000_000.0
    age_s: float = 3.0
    interval_s: float = 15.0
    up: dict[tuple[str, str], int] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    queries: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.path.endswith("/api/v1/query") and request.method == "POST":
            form = await request.post()
            query = str(form["query"])
            self.queries.append(query)
            return web.json_response({"status": "success", "data": self._evaluate(query)})
        if request.path.endswith("/api/v1/targets/metadata"):
            data = [{"metric": name, "type": kind} for name, kind in self.declared.items()]
            return web.json_response({"status": "success", "data": data})
        return web.Response(status=302, headers={"Location": "/graph"})

    def _evaluate(self, query: str) -> dict[str, Any]:
        newest_s = self.now_s - self.age_s
        if query in ("time()", "vector(1)"):
            return {"resultType": "scalar", "result": [self.now_s, str(self.now_s)]}
        if query.startswith("up"):
            ups: list[dict[str, Any]] = []
            for (job, instance), state in self.up.items():
                values: list[list[object]] = [[newest_s - back * self.interval_s, "1"] for back in range(4, 0, -1)]
                metric = {"__name__": "up", "job": job, "instance": instance}
                values.append([newest_s, str(state)])
                ups.append({"metric": metric, "values": values})
            return {"resultType": "matrix", "result": ups}
        if query.startswith("max by (scenario) (loadgen_synthetic_scenario{"):
            return {"resultType": "vector", "result": self._in_force(query, newest_s)}
        if "timestamp(" in query:
            asked = set(re.findall(r"timestamp\((\w+)", query))
            jobs = re.findall(r'job="([^"]*)"', query)
            result = [
                {"metric": {"job": job, "instance": instance}, "value": [self.now_s, str(newest_s)]}
                for (job, instance), series in self.samples.items()
                if any(name in asked for name, _ in series) and (not jobs or job in jobs)
            ]
            return {"resultType": "vector", "result": result}
        return {"resultType": "vector", "result": self._aggregate(query, newest_s)}

    def _in_force(self, query: str, newest_s: float) -> list[dict[str, Any]]:
        jobs = re.findall(r'job="([^"]*)"', query)
        return [
            {"metric": {"scenario": dict(pairs)["scenario"]}, "value": [newest_s, repr(value)]}
            for (job, _), series in self.samples.items()
            for (name, pairs), value in series.items()
            if name == "loadgen_synthetic_scenario" and value > 0 and (not jobs or job in jobs)
        ]

    def _aggregate(self, query: str, newest_s: float) -> list[dict[str, Any]]:
        plain = re.fullmatch(r'\{__name__="([^"]*)".*\}', query)
        if plain is not None:
            return [
                {"metric": {"__name__": name, "job": job, "instance": instance, **dict(pairs)},
                 "value": [newest_s, repr(value)]}
                for (job, instance), series in self.samples.items()
                for (name, pairs), value in series.items()
                if name == plain[1]
            ]  # fmt: skip
        match = re.fullmatch(r'(sum|max) by \(([^)]*)\) \(\{__name__=~"([^"]*)".*\}\)', query)
        assert match is not None, query
        how, by, names = match[1], [label.strip() for label in match[2].split(",")], match[3].split("|")
        groups: dict[tuple[tuple[str, str], ...], list[float]] = {}
        for (job, instance), series in self.samples.items():
            for (name, pairs), value in series.items():
                if name in names:
                    labels = {"__name__": name, "job": job, "instance": instance, **dict(pairs)}
                    key = tuple((label, labels[label]) for label in by if label in labels)
                    groups.setdefault(key, []).append(value)
        combine = sum if how == "sum" else max
        return [{"metric": dict(key), "value": [newest_s, repr(combine(values))]} for key, values in groups.items()]
