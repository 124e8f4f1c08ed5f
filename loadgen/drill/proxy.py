"""A TCP proxy that misbehaves: it stands between the demo service and its Redis server.

Laws: it passes everything on, in order, until it is told otherwise; a fault takes hold of open connections and of new
ones; when it is told to pass on again, what was held is let go and the next connection works.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from typing import Self

_CHUNK = 65_536
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, zero seconds: closing sends RST instead of FIN."""


class Way(StrEnum):
    """What the proxy does with the bytes."""

    PASS = "pass"  # noqa: S105 - not a password
    LATE = "late"
    BLACKHOLE = "blackhole"
    RESET = "reset"
    HALF_CLOSE = "half-close"
    TRUNCATE = "truncate"


class FaultProxy:
    """Listens on a port of 127.0.0.1; an async context manager. `upstream` is redis://host:port or unix:///path.

    late: every reply comes `delay_s` later. blackhole: nothing comes back, connections stay open. reset: every
    connection is reset. half-close: our side ends its sending while it still listens. truncate: half of a reply, then
    the end.
    """

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._way = Way.PASS
        self._delay_s = 0.0
        self._changed = asyncio.Event()
        self._open: set[asyncio.StreamWriter] = set()
        self._ended: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    def __repr__(self) -> str:
        return f"<FaultProxy 127.0.0.1:{self.port} {self._way}>"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        assert self._server is not None
        self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def do(self, way: Way, delay_s: float = 0.0) -> None:
        """Begin a fault, or PASS to end it; `delay_s` belongs to LATE."""
        self._way, self._delay_s = way, delay_s
        self._changed.set()
        self._changed = asyncio.Event()
        for writer in list(self._open):
            if way is Way.RESET:
                _reset(writer)
            elif way is Way.HALF_CLOSE:
                self._end(writer)

    def _end(self, writer: asyncio.StreamWriter) -> None:
        """End our sending on a connection, once."""
        if writer not in self._ended and not writer.is_closing():
            self._ended.add(writer)
            writer.write_eof()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        try:
            with contextlib.suppress(OSError):
                await self._serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._tasks.discard(task)
            self._open.discard(writer)
            self._ended.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._way is Way.RESET:
            _reset(writer)
            return
        if self._way is Way.HALF_CLOSE:
            self._end(writer)
        there_reader, there = await self._connect()
        try:
            async with asyncio.TaskGroup() as both:
                back = both.create_task(self._replies(there_reader, writer))
                await self._requests(reader, there)
                back.cancel()
        finally:
            there.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self._upstream)
        if parts.scheme == "unix":
            return await asyncio.open_unix_connection(parts.path)
        return await asyncio.open_connection(parts.hostname or "127.0.0.1", parts.port or 6379)

    async def _requests(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                sink.write(data)
                await sink.drain()

    async def _replies(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                while self._way is Way.BLACKHOLE:
                    await self._changed.wait()
                if self._way is Way.LATE:
                    await asyncio.sleep(self._delay_s)
                if sink.is_closing() or sink in self._ended:
                    break
                if self._way is Way.TRUNCATE:
                    sink.write(data[: len(data) // 2])
                    break
                sink.write(data)
                await sink.drain()
            sink.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close a connection with RST."""
    raw = writer.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
