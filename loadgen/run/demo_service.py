"""The demo service as a child of a run: started when no target is given, gone when the run is.

Law: it is the service under test, so its own settings stay in its environment, and nothing of the run's secrets does.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any, Self

import orjson

from loadgen.core.errors import LoadgenError
from loadgen.core.units import NS_PER_S
from loadgen.run.launch import Process, Spec, child_environment, start_plain

if TYPE_CHECKING:
    from collections.abc import Mapping

START_S = 20.0
_END_NS = 2 * NS_PER_S
_OWN_SETTINGS = frozenset({"JWT_SECRET", "DEMO_REQUIRE_JWT", "INTERNAL_API_TOKEN", "METRICS_SCRAPE_TOKEN", "REDIS_URL"})
"""Settings of the service whose names or values look like secrets."""


SAMPLES = 5
INTERVAL = "10s"
WARMUP = "5s"
"""A baseline of the demo takes about a minute: warm-up 5 s, five samples of 10 s."""


class DemoService:
    """An async context manager; once entered `url` is where it listens, `redis_url` where its own Redis, if any."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.url = ""
        self.redis_url = ""
        environment = child_environment(environ, keep=_OWN_SETTINGS)
        # the exercise reloads plugins, which the service refuses unless it is told otherwise
        environment.setdefault("ALLOW_UNSAFE_ADMIN", "true")
        # and writes and reads the cache through internal routes, of which few are allowed for people
        environment.setdefault("INTERNAL_RATE_LIMIT", "60000/m")
        arguments = ("--port", "0", "--die-with", str(os.getpid()))
        self._spec = Spec("demo service", "loadgen.demo", 0, arguments, environment)
        self._process: Process | None = None
        self._announced: asyncio.Future[str] | None = None

    def __repr__(self) -> str:
        return f"<DemoService {self.url or 'not started'} {self._process!r}>"

    async def __aenter__(self) -> Self:
        """Start it and wait until it says where it listens; raise LoadgenError when it does not."""
        self._announced = asyncio.get_running_loop().create_future()
        self._process = await start_plain(self._spec, self._listen)
        self._process.pump.ended.add_done_callback(lambda _: self._on_silence())
        try:
            async with asyncio.timeout(START_S):
                line = await self._announced
                self.url, self.redis_url = url_of(line), own_redis_of(line)
        except (TimeoutError, LoadgenError) as error:
            last = "; ".join(self._process.pump.tail) or "it said nothing"
            await self._end()
            raise LoadgenError(f"the demo service did not start: {last}") from error
        except BaseException:  # Ctrl-C: nobody will leave the block, and what waits for the process would wait for ever
            await self._end()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._end()

    async def _end(self) -> None:
        if self._process is not None:
            self._process.signal(15)
            await self._process.end(_END_NS)

    def _listen(self, line: str) -> None:
        if self._announced is not None and not self._announced.done():
            self._announced.set_result(line)

    def _on_silence(self) -> None:
        if self._announced is not None and not self._announced.done():
            self._announced.set_result("")


def url_of(line: str) -> str:
    """Return the address in the first line of a service of ours; raise LoadgenError when there is none."""
    try:
        announced: dict[str, Any] = orjson.loads(line)
        return str(announced["url"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise LoadgenError("its first line was not an address") from error


def own_redis_of(line: str) -> str:
    """Return the address of the service's own Redis in its first line, which `url_of` could read; empty for none."""
    return str(orjson.loads(line).get("redis_url") or "")
