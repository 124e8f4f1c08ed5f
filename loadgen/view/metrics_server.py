"""A page of our own metrics over HTTP, in a thread with a loop of its own.

Laws: the supervisor never waits for a reader and no reader for the supervisor; a request has a few seconds to be asked
and an answer a few to be taken, then the connection is cut, as are those beyond `MOST_READERS` at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

MOST_READERS = 16
ASK_S = 5.0
TAKE_S = 10.0
_LONGEST_HEAD = 8_192
_JOIN_NS = 2 * NS_PER_S
_PLAIN = "text/plain; charset=utf-8"
_PATH = "/metrics"


class MetricsServer:
    """Serves `page()` at /metrics on a socket that is bound; `take_s` is the time a reader has."""

    def __init__(
        self, listener: socket.socket, page: Callable[[], str], content_type: str, *, take_s: float = TAKE_S
    ) -> None:
        self._listener = listener
        self._page = page
        self._type = content_type
        self._take_s = take_s
        self._readers = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="self-metrics", daemon=True)
        self._thread.start()
        self._ready.wait(_JOIN_NS / NS_PER_S)

    def __repr__(self) -> str:
        return f"<MetricsServer {'serving' if self._thread.is_alive() else 'closed'}, {self._readers} readers>"

    def close(self) -> None:
        """Stop serving; waits a bounded time."""
        if self._loop is not None and self._over is not None:
            with contextlib.suppress(RuntimeError):  # its loop is closed already
                self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(_JOIN_NS / NS_PER_S)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._answer, sock=self._listener, limit=_LONGEST_HEAD)
        self._ready.set()
        try:
            await self._over.wait()
        finally:
            server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._readers >= MOST_READERS:
            writer.transport.abort()
            return
        self._readers += 1
        try:
            async with asyncio.timeout(ASK_S):
                head = await reader.readuntil(b"\r\n\r\n")
            writer.write(self._response_to(head))
            async with asyncio.timeout(self._take_s):
                await writer.drain()
                writer.close()
                await writer.wait_closed()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            writer.transport.abort()  # a reader that does not ask, or does not take, is cut off
        finally:
            self._readers -= 1

    def _response_to(self, head: bytes) -> bytes:
        words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return _response("400 Bad Request", _PLAIN, "not a request\n")
        method, path = words[0], words[1].partition("?")[0]
        if method not in ("GET", "HEAD"):
            return _response("405 Method Not Allowed", _PLAIN, "GET or HEAD\n")
        if path != _PATH:
            return _response("404 Not Found", _PLAIN, f"the metrics are at {_PATH}\n")
        return _response("200 OK", self._type, self._page(), bodiless=method == "HEAD")


def _response(status: str, content_type: str, body: str, *, bodiless: bool = False) -> bytes:
    data = body.encode()
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(data)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if bodiless else data)
