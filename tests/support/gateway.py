"""A Pushgateway as far as a driver needs one, in the test's own loop: groups, failures, a record of requests."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from tests.support.demo import Page
from tests.support.metrics_server import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Group = tuple[str, str]


@dataclass
class FakeGateway:
    """`groups` maps (job, instance) to what was pushed last; `answers` are statuses given in turn before it works."""

    url: str = ""
    groups: dict[Group, Page] = field(default_factory=dict)
    pushed_at_s: dict[Group, float] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.rel_url.raw_path}")
        self.headers.append(dict(request.headers))
        status = self.answers.pop(0) if self.answers else 200
        if status != 200:
            return web.Response(status=status, text="text format parsing error in line 1\n")
        if request.path == "/api/v1/metrics":
            return web.json_response({"status": "success", "data": [self._described(group) for group in self.groups]})
        _, _, _, job, _, instance = request.path.split("/")
        if request.method == "DELETE":
            self.groups.pop((job, instance), None)
            return web.Response(status=202)
        self.groups[job, instance] = Page.parse(await request.text())
        self.pushed_at_s[job, instance] = time.clock_gettime(time.CLOCK_REALTIME)
        return web.Response()

    def _described(self, group: Group) -> dict[str, Any]:
        value = f"{self.pushed_at_s.get(group, 0.0):.9e}"
        return {
            "labels": {"job": group[0], "instance": group[1]},
            "push_time_seconds": {"type": "GAUGE", "metrics": [{"labels": {}, "value": value}]},
        }


@asynccontextmanager
async def fake_gateway() -> AsyncIterator[FakeGateway]:
    """Serve a gateway without groups on a free port of 127.0.0.1."""
    gateway = FakeGateway()
    async with serving(gateway.answer) as server:
        gateway.url = server.url
        yield gateway
