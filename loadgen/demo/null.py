"""The null server: answers every request with the same empty 200, as fast as uvloop can, on loopback only.

Laws: the first line on stdout is {"url": ...}; it holds no state but its count, and ends with SIGTERM or SIGINT.
It is the floor that latency, lag and the highest rate of this host are measured against.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import ssl
import sys
from functools import partial
from typing import TYPE_CHECKING, cast

import httptools
import uvloop

if TYPE_CHECKING:
    from collections.abc import Callable

_RESPONSE = (
    b"HTTP/1.1 200 OK\r\nServer: null\r\nContent-Type: text/plain\r\nConnection: keep-alive\r\n"  # for HTTP/1.0 clients
    b"Content-Length: 2\r\n\r\nok"
)
_HEAD_END = b"\r\n\r\n"


class NullProtocol(asyncio.Protocol):
    """Answers each request of one connection `delay_s` after it is complete, in order."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpRequestParser | None = None
        self._write: Callable[[bytes], None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)  # uvloop then writes at once instead of once a round
        self._write = self._transport.write

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = self._write = None

    def data_received(self, data: bytes) -> None:
        # a whole GET in one read needs no parser: this is what makes the server cheaper than the generator
        if self._parser is None and data.startswith(b"GET ") and data.find(_HEAD_END) == len(data) - 4:
            if self._delay_s or self._write is None:
                self.on_message_complete()
            else:
                self._write(_RESPONSE)
            return
        if self._parser is None:
            self._parser = httptools.HttpRequestParser(self)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                self._transport.close()

    def on_message_complete(self) -> None:
        if self._delay_s:
            self._loop.call_later(self._delay_s, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        if self._transport is not None:
            self._transport.write(_RESPONSE)


async def serve(port: int, delay_s: float, tls: ssl.SSLContext | None = None) -> None:
    """Serve on 127.0.0.1 until SIGTERM or SIGINT; port 0 takes a free one. Prints the address first."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    server = await loop.create_server(partial(NullProtocol, delay_s), "127.0.0.1", port, ssl=tls, backlog=1024)
    scheme = "http" if tls is None else "https"
    bound = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps({"url": f"{scheme}://127.0.0.1:{bound}"}) + "\n")
    sys.stdout.flush()
    try:
        await ended.wait()
    finally:
        server.close()


def main() -> None:
    """Run the server with the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m loadgen.demo.null", description="A server that does nothing.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--delay-ms", type=float, default=0.0, help="time before each answer")
    parser.add_argument("--cert", help="PEM file with certificate and key: serve https")
    options = parser.parse_args()
    tls = None
    if options.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.cert)
    uvloop.run(serve(options.port, options.delay_ms / 1000, tls))


if __name__ == "__main__":
    main()
