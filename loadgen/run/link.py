"""The supervisor's end of the link to one child: bytes in, messages out, in order.

Laws: nothing here blocks; a message that does not decode, and a link that closes, are the end of the child and say
why; what the child sent in earlier writes is delivered first.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from loadgen.core.wire import Decoder, Encoder, WireError

if TYPE_CHECKING:
    from loadgen.core.messages import Message


class LinkClosed(Exception):  # noqa: N818 - an ending, not always an error
    """The link is over; the text says how: closed by the child, or bytes that are no message."""


class Link(asyncio.Protocol):
    """An asyncio protocol over one socketpair; `worker` is the child's number, which every message must carry."""

    def __init__(self, worker: int) -> None:
        self._worker = worker
        self._encoder = Encoder(worker)
        self._decoder = Decoder()
        self._transport: asyncio.Transport | None = None
        self._received: asyncio.Queue[Message | None] = asyncio.Queue()
        self._why = ""

    def __repr__(self) -> str:
        state = self._why or ("open" if self._transport is not None else "not connected")
        return f"<Link to {self._worker}: {state}>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        try:
            envelopes = self._decoder.feed(data)
        except WireError as error:
            self._close(f"sent something that is not a message: {error}")
            return
        for envelope in envelopes:
            if envelope.worker != self._worker:
                self._close(f"sent a message in the name of child {envelope.worker}")
                return
            self._received.put_nowait(envelope.message)

    def connection_lost(self, exc: Exception | None) -> None:
        middle = " in the middle of a message" if self._decoder.incomplete else ""
        self._close(f"closed its link{middle}")

    def _close(self, why: str) -> None:
        if self._why:
            return
        self._why = why
        self._received.put_nowait(None)
        if self._transport is not None:
            self._transport.abort()

    @property
    def closed(self) -> bool:
        return bool(self._why)

    def send(self, message: Message) -> None:
        """Queue a message; a closed link takes it and forgets it, since `receive` tells the end."""
        if self._transport is not None and not self._why:
            self._transport.write(self._encoder.encode(message))

    async def receive(self) -> Message:
        """Return the next message; raise LinkClosed after the last one."""
        message = await self._received.get()
        if message is None:
            self._received.put_nowait(None)
            raise LinkClosed(self._why)
        return message

    def close(self) -> None:
        """Close our end; the child sees it and leaves."""
        self._close("was closed by the supervisor")
