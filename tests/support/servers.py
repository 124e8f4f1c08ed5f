"""Real servers with scripted faults, on a port the system chooses, in a thread with its own loop.

A script is a coroutine that serves one connection; `answering(...)` builds one from bytes. The null server runs as a
process of its own, so that it can be stopped by SIGSTOP.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from tests.support.threaded import ThreadedServer

if TYPE_CHECKING:
    from pathlib import Path

Script = Callable[["Exchange"], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"
NO_LENGTH = b"HTTP/1.1 200 OK\r\n\r\nuntil the end"
TRUNCATED = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"
GARBAGE = b"\x16\x03\x01 this is not HTTP\r\n\r\n"


class Exchange:
    """One connection as a script sees it."""

    def __init__(self, server: FaultServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer

    async def request(self) -> bytes | None:
        """Return the next request, body included, or None when the client is gone."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        length = 0
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = await self.reader.readexactly(length) if length else b""
        self.server.requests.append(head + body)
        self.server.received_ns.append(time.monotonic_ns())
        return head + body

    def reset(self) -> None:
        """Close with a RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


def answering(*pieces: bytes, delay_s: float = 0.0, close: bool = False) -> Script:
    """Answer every request with the pieces, each after a delay; close afterwards if asked."""

    async def script(exchange: Exchange) -> None:
        while await exchange.request() is not None:
            for piece in pieces:
                if delay_s:
                    await asyncio.sleep(delay_s)
                exchange.writer.write(piece)
                await exchange.writer.drain()
            if close:
                return

    return script


async def resetting(exchange: Exchange) -> None:
    """Take a request and reset the connection."""
    await exchange.request()
    exchange.reset()


async def closing(exchange: Exchange) -> None:
    """Take a request and close without an answer."""
    await exchange.request()


async def half_closing(exchange: Exchange) -> None:
    """Take a request, close the own direction only, and keep reading."""
    await exchange.request()
    exchange.writer.write_eof()
    await exchange.reader.read()


async def hanging(exchange: Exchange) -> None:
    """Take requests and never answer."""
    while await exchange.request() is not None:
        pass


async def closing_when_idle(exchange: Exchange) -> None:
    """Answer one request as if the connection stayed open, then close it."""
    await exchange.request()
    exchange.writer.write(OK)
    await exchange.writer.drain()


class FaultServer(ThreadedServer):
    """Serves one script on 127.0.0.1, or on the unix socket `at`; a context manager.

    `requests` and `received_ns` tell what arrived.
    """

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None, at: Path | None = None) -> None:
        super().__init__()
        self._script = script
        self._at = at
        self._tls = tls
        self.requests: list[bytes] = []
        self.received_ns: list[int] = []

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/"

    async def listen(self) -> asyncio.Server:
        if self._at is not None:
            return await asyncio.start_unix_server(self.connected, self._at, ssl=self._tls, backlog=1024)
        return await asyncio.start_server(self.connected, "127.0.0.1", 0, ssl=self._tls, backlog=1024)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._script(Exchange(self, reader, writer))


@contextlib.contextmanager
def refusing_port() -> Iterator[int]:
    """Yield a port that refuses connections: bound, so that nobody else takes it, but not listening."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@contextlib.contextmanager
def unaccepting_port() -> Iterator[int]:
    """Yield a port whose queue of connections is full, so that connecting hangs."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


class NullServer:
    """The null server in a process of its own; a context manager."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self.url = ""

    def __enter__(self) -> NullServer:
        command = [sys.executable, "-P", "-m", "loadgen.demo.null", *self._options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.url = json.loads(self.process.stdout.readline())["url"] + "/"
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def freeze(self, for_s: float) -> float:
        """Stop the whole process for about so long; return the seconds it really was stopped."""
        self.process.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        time.sleep(for_s)
        self.process.send_signal(signal.SIGCONT)
        return time.monotonic() - began


def make_certificate(folder: Path) -> Path:
    """Write a self-signed certificate for localhost and 127.0.0.1, with its key, to one PEM file."""
    pem, key = folder / "server.pem", folder / "server.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
         "-keyout", os.fspath(key), "-out", os.fspath(pem)],
        check=True, capture_output=True,
    )  # fmt: skip
    pem.write_text(pem.read_text() + key.read_text())
    return pem


def server_context(pem: Path) -> ssl.SSLContext:
    """Return the context of a TLS server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context
