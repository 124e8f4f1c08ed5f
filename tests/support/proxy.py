"""A small HTTP proxy for tests: CONNECT and whole URLs, on a port the system chooses, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
from urllib.parse import urlsplit

from tests.support.threaded import ThreadedServer


class ConnectProxy(ThreadedServer):
    """Passes on what it is asked for; a context manager.

    `asked` has the first line of every request and `credentials` every Proxy-Authorization. With `wants` it answers
    407 to whoever does not send exactly that; with `refusal` it answers this to every CONNECT; with `reach` it
    connects there whatever it is asked for.
    """

    def __init__(self, *, wants: str = "", refusal: bytes = b"", reach: tuple[str, int] | None = None) -> None:
        super().__init__()
        self._wants, self._refusal, self._reach = wants, refusal, reach
        self.asked: list[str] = []
        self.credentials: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            line, *headers = head.decode("latin-1").rstrip("\r\n").split("\r\n")
            given = [text.partition(": ")[2] for text in headers if text.lower().startswith("proxy-authorization:")]
            self.asked.append(line)
            self.credentials += given
            method, target, _ = line.split(" ")
            if self._wants and given != [self._wants]:
                writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
            elif method != "CONNECT":
                await self._pass_on(line, headers, target, writer)
            elif self._refusal:
                writer.write(self._refusal)
                return
            else:
                host, _, port = target.rpartition(":")
                await self._tunnel(reader, writer, self._reach or (host.strip("[]"), int(port)))
                return

    async def _pass_on(self, line: str, headers: list[str], target: str, writer: asyncio.StreamWriter) -> None:
        """Send one request with a path in the place of its URL, and return one answer with a Content-Length."""
        parts = urlsplit(target)
        origin = self._reach or (parts.hostname or "", parts.port or 80)
        there_reader, there = await asyncio.open_connection(*origin)
        kept = [text for text in headers if not text.lower().startswith("proxy-")]
        there.write("\r\n".join([line.replace(target, parts.path or "/"), *kept, "", ""]).encode())
        answer = await there_reader.readuntil(b"\r\n\r\n")
        length = next(int(one.split(b":")[1]) for one in answer.split(b"\r\n") if one.lower().startswith(b"content-le"))
        writer.write(answer + await there_reader.readexactly(length))
        there.close()

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, place: tuple[str, int]) -> None:
        there_reader, there = await asyncio.open_connection(*place)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pump(reader, there))
                both.create_task(_pump(there_reader, writer))
        finally:
            there.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await source.read(65_536):
            sink.write(data)
            await sink.drain()
    sink.close()
