"""The demo service in the test's own loop, and as a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from loadgen.demo.app import SERVICE, make_app
from loadgen.demo.faults import parse_faults
from loadgen.demo.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from aiohttp import web
    from prometheus_client.metrics_core import Metric

    from loadgen.demo.service import Service

_SETTINGS = frozenset(
    {
        "PORT", "FEATURE_CACHE", "DISABLE_EVENT_BUS", "JWT_SECRET", "DEMO_REQUIRE_JWT", "INTERNAL_API_TOKEN",
        "INTERNAL_RATE_LIMIT", "CACHE_IMPL", "REDIS_URL", "REDIS_ARTIFICIAL_DELAY_MS",
    }
)  # fmt: skip
INSTANT = parse_faults({"latency": 0})[0]
"""Faults of a service that pretends no work, for tests that are not about its latency."""


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_ns = 0

    def monotonic_ns(self) -> int:
        return self.now_ns

    def utc_now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(microseconds=self.now_ns // 1_000)


@dataclass(frozen=True, slots=True)
class Page:
    """A parsed metrics page; samples are keyed by name and sorted label items."""

    families: dict[str, Metric]
    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    @classmethod
    def parse(cls, text: str) -> Page:
        families = {family.name: family for family in text_string_to_metric_families(text)}
        samples = {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families.values()
            for sample in family.samples
        }
        return cls(families, samples)

    def value(self, name: str, **labels: str) -> float:
        """Return one sample; raise KeyError when the page has none."""
        return self.samples[name, frozenset(labels.items())]

    def total(self, name: str) -> float:
        """Return the sum of all samples of a name, 0 without any."""
        return sum(value for (sample, _), value in self.samples.items() if sample == name)


class Demo:
    """A client of a demo service that runs in this loop."""

    def __init__(self, client: TestClient[web.Request, web.Application], service: Service) -> None:
        self.client = client
        self.service = service

    async def ask(self, method: str, path: str, **given: Any) -> tuple[int, Any]:
        """Return the status and the JSON body of an answer, None for a body that is no JSON."""
        async with self.client.request(method, path, **given) as answer:
            raw = await answer.read()
            return answer.status, orjson.loads(raw) if answer.content_type == "application/json" else None

    async def get(self, path: str, **given: Any) -> tuple[int, Any]:
        return await self.ask("GET", path, **given)

    async def post(self, path: str, **given: Any) -> tuple[int, Any]:
        return await self.ask("POST", path, **given)

    async def fault(self, **faults: Any) -> Any:
        status, state = await self.ask("PUT", "/internal/fault", json=faults)
        assert status == 200, state
        return state

    async def page_text(self, headers: Mapping[str, str] | None = None) -> str:
        async with self.client.get("/metrics/prom", headers=headers) as answer:
            assert answer.status == 200
            return await answer.text()

    async def page(self) -> Page:
        return Page.parse(await self.page_text())

    async def received(self) -> Any:
        return (await self.get("/internal/received"))[1]


@asynccontextmanager
async def running_demo(settings: Settings | None = None) -> AsyncIterator[Demo]:
    """Serve on a free port of 127.0.0.1 in this loop; without settings, one that answers at once."""
    app = make_app(settings or Settings(faults=INSTANT))
    server = TestServer(app, host="127.0.0.1")
    async with TestClient(server) as client:
        yield Demo(client, app[SERVICE])


@dataclass(frozen=True, slots=True)
class DemoProcess:
    """A demo service in a process of its own."""

    process: asyncio.subprocess.Process
    url: str


def plain_environment() -> dict[str, str]:
    """Return the environment without what would set the service up otherwise."""
    return {name: value for name, value in os.environ.items() if name not in _SETTINGS}


@asynccontextmanager
async def demo_process(*arguments: str, **environment: str) -> AsyncIterator[DemoProcess]:
    """Start `python -m loadgen.demo` on a free port and end it at the end of the block."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "loadgen.demo", "--port", "0", *arguments,
        env={**plain_environment(), **environment}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        announced = orjson.loads(line)
        assert announced["pid"] == process.pid
        yield DemoProcess(process, announced["url"])
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
