"""The worker's end of the link to its supervisor: messages in, messages out, over one inherited socket.

Laws: it never blocks; what cannot be written at once waits in the transport, and the lease bounds how long.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, cast

from loadgen.core.wire import Decoder, Encoder, WireError

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.core.messages import Message


class Link(asyncio.Protocol):
    """One link; `on_message` gets each message, `on_lost` is called once when the other end is gone or garbled."""

    def __init__(self, number: int, on_message: Callable[[Message], None], on_lost: Callable[[str], None]) -> None:
        self._encoder = Encoder(number)
        self._decoder = Decoder()
        self._on_message = on_message
        self._on_lost = on_lost
        self._transport: asyncio.WriteTransport | None = None
        self._closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            envelopes = self._decoder.feed(data)
        except WireError as error:
            self._on_lost(f"the supervisor's message cannot be read: {error}")
            return
        for envelope in envelopes:
            self._on_message(envelope.message)

    def eof_received(self) -> None:
        self._on_lost("the supervisor closed the link")

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if not self._closed.done():
            self._closed.set_result(None)
        self._on_lost("the link to the supervisor is broken" if exc else "the supervisor closed the link")

    def send(self, message: Message) -> None:
        """Write a message; without a link it is of no use to anybody and is left out."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(self._encoder.encode(message))

    async def close(self, within_s: float) -> None:
        """Let what was written leave, for at most `within_s`, then close."""
        transport = self._transport
        if transport is None:
            return
        transport.close()
        try:
            async with asyncio.timeout(within_s):
                await asyncio.shield(self._closed)
        except TimeoutError:
            transport.abort()


async def open_link(
    descriptor: int, number: int, on_message: Callable[[Message], None], on_lost: Callable[[str], None]
) -> Link:
    """Take over an inherited socket; raise OSError when the descriptor is not a connected stream socket."""
    sock = socket.socket(fileno=descriptor)
    sock.setblocking(False)
    loop = asyncio.get_running_loop()
    _, link = await loop.create_unix_connection(lambda: Link(number, on_message, on_lost), sock=sock)
    return link
