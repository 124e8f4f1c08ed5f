"""One connection to a Redis: a few commands, each with a deadline, and failures as one kind of error.

Law: nothing here takes longer than it is given, whatever the server does; after a failure the connection is thrown
away, so that a late answer is never taken for the next one's.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, BusyLoadingError, RedisError, ResponseError
from redis.exceptions import ConnectionError as NoConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from loadgen.core.units import NS_PER_S
from observer.redis_figures import CLIENT_NAME, SlowLog, info_figures, latency_events, slow_log
from observer.redis_name import Name

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from loadgen.core.redact import Secret

T = TypeVar("T")

_SLOW_ENTRIES = 128
_LEAVE_S = 0.2


class RedisTrouble(Exception):  # noqa: N818 - a finding about a server, not about us
    """No answer: `kind` is timeout, connection or refused."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Look:
    """What a server told of itself; a part that it refuses is None and named in `refused` with its reason."""

    info: dict[str, Any]
    slow: SlowLog | None
    events: dict[str, dict[str, int]] | None
    refused: tuple[str, ...] = ()


class RedisLink:
    """The connection, made at the first command and again after a failure."""

    def __init__(self, url: Secret, deadline_ns: int) -> None:
        """Prepare the client for an address that `read_redis_url` accepted; nothing is connected yet."""
        self._deadline_s = deadline_ns / NS_PER_S
        pool = ConnectionPool.from_url(
            url.reveal(),
            max_connections=1,
            socket_timeout=self._deadline_s,
            socket_connect_timeout=self._deadline_s,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
            protocol=2,
            driver_info=None,  # it is looked up on the disk for every new connection
        )
        self._client = Redis.from_pool(pool)
        self._name = Name(urlsplit(url.reveal()).hostname or "")
        self._named = False

    def __repr__(self) -> str:
        return f"<RedisLink {'used' if self._named else 'not connected'}>"

    async def ping(self) -> None:
        """Send a PING and wait for its answer; raise RedisTrouble."""
        await self.connect()
        await self._within(self._ping())

    async def connect(self) -> None:
        """Connect and say who we are, so that the next command is not slowed by it; raise RedisTrouble."""
        if not self._named:
            await self._within(self._introduce())

    async def look(self, last_slow: int | None) -> Look:
        """Ask for INFO, the slow log since entry `last_slow` and the latency events; raise RedisTrouble."""
        await self.connect()
        return await self._within(self._look(last_slow))

    async def close(self) -> None:
        """Give the connection back, or up."""
        with contextlib.suppress(TimeoutError, RedisError, OSError):
            async with asyncio.timeout(_LEAVE_S):
                await self._client.aclose()
                await self._client.connection_pool.disconnect()

    async def _ping(self) -> None:
        await self._command("PING")

    async def _introduce(self) -> None:
        await self._name.look_up()
        with contextlib.suppress(ResponseError):  # it may be denied, and then our own slow commands count as others'
            await self._command("CLIENT", "SETNAME", CLIENT_NAME)
        self._named = True

    async def _look(self, last_slow: int | None) -> Look:
        refused: list[str] = []
        try:
            info: dict[str, Any] = await self._client.info()
        except ResponseError as error:  # a proxy may not have it, and a user not be allowed it
            info = {}
            refused.append(f"INFO: {error}")
        slow = await self._allowed("SLOWLOG", ("GET", _SLOW_ENTRIES), refused)
        events = await self._allowed("LATENCY", ("LATEST",), refused)
        return Look(
            info_figures(info),
            None if slow is None else slow_log(slow, last_slow),
            None if events is None else latency_events(events),
            tuple(refused),
        )

    async def _allowed(self, command: str, arguments: tuple[Any, ...], refused: list[str]) -> Any:
        """Return the reply of a command that a server may deny or not have; None then."""
        try:
            return await self._command(command, *arguments)
        except ResponseError as error:
            refused.append(f"{command}: {error}")
            return None

    async def _command(self, *words: Any) -> Any:
        return await self._client.execute_command(*words)  # type: ignore[no-untyped-call]

    async def _within(self, work: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await work
        except (RedisError, OSError) as error:  # a TimeoutError is an OSError
            self._named = False
            with contextlib.suppress(RedisError, OSError):
                await self._client.connection_pool.disconnect()
            raise RedisTrouble(*_told(error, self._deadline_s)) from error


def _told(error: Exception, deadline_s: float) -> tuple[str, str]:
    """Return the kind of a failure, of which there are few, and a sentence."""
    if isinstance(error, RedisTimeoutError | TimeoutError):
        return "timeout", f"no answer within {deadline_s:g} s"
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, BusyLoadingError):
        return "connection", f"not ready: {text}"
    if isinstance(error, AuthenticationError) or not isinstance(error, NoConnectionError | OSError):
        return "refused", f"it refuses: {text}"
    return "connection", f"no connection: {text}"
