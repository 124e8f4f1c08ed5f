"""One HTTP/1.1 connection: everything that is not the usual case, on top of the line that is.

Laws: one request at a time, one write per request; every request that was written ends in exactly one row. State:
idle (in `free`), busy, lost.
"""

from __future__ import annotations

import asyncio
import ssl
from time import monotonic_ns
from typing import TYPE_CHECKING, Any, cast

import httptools

from loadgen.core.kernel import find_kernel
from loadgen.core.outcome import Outcome
from loadgen.net.answer import Answer, next_hop
from loadgen.net.cookies import Cookies
from loadgen.net.judge import Answered, judge
from loadgen.net.line import HEAD_END, PlainLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.net.judge import Check
    from loadgen.net.pool import Pool

    class _Line(PlainLine, asyncio.BufferedProtocol):
        """What every connection has below it."""
else:
    _Line = object

_LINGER_S = 1.0
_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


class ReceiveBuffer:
    """The one buffer that every connection of a process reads into: bytes are used up before the next read."""

    def __init__(self, size: int = 256 * 1024) -> None:
        self.data = bytearray(size)
        self.view = memoryview(self.data)


class Connection(_Line):
    """What a connection does beside its line: opening, parsing what is new, ending in every other way.

    Once `lost` it stays so; a new connection is a new object.
    """

    def __init__(self, pool: Pool, buffer: ReceiveBuffer) -> None:
        put_free = pool.put_free if pool.bounded else pool.free.append
        super().__init__(pool, buffer.view, pool.no_endpoint, pool.record, pool.backlog, put_free)
        self._pool = pool
        self._buffer = buffer
        self._parser: httptools.HttpResponseParser | None = None
        self.transport: asyncio.Transport | None = None
        self.retire_ns = 0
        self.address = ""
        self._expect_next()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        fd = -1
        if transport.get_extra_info("sslcontext") is None:
            # with a limit of 0 uvloop writes to the socket inside write(), so that `sent` is when the bytes leave
            self.transport.set_write_buffer_limits(high=0)
            fd = transport.get_extra_info("socket").fileno()
        self.attach(self.transport.write, self.transport.is_closing, fd)

    # --- everything that is not the common case ------------------------------------------------------------------

    def _expect_next(self) -> None:
        self.fresh = True
        self._status = self._first_ns = 0
        self._framing = self._hop = b""
        self._answer: Answer | None = None
        self._hops = 0
        self._complete = self._extra = self._interim = self._keep_alive = False

    def _parse(self, nbytes: int, now_ns: int) -> None:
        if not self.busy:
            self._pool.unsolicited += 1
            self.close()
            return
        in_one_read, self.fresh = self.fresh, False
        self._first_ns = self._first_ns or now_ns
        if self.endpoint.check is not None:
            self._examine(self.endpoint.check, nbytes, now_ns, in_one_read=in_one_read)
            return
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        try:
            self._parser.feed_data(self._buffer.view[:nbytes])
        except httptools.HttpParserUpgrade:
            self._end(Outcome.UNEXPECTED_STATUS, now_ns, reusable=False)
            return
        except httptools.HttpParserError:
            # what follows a complete response is not held against it
            self._extra = True
            if not self._complete:
                self._end(Outcome.BAD_RESPONSE, now_ns, reusable=False)
                return
        if self._complete:
            outcome = self.endpoint.judge(self._status)
            reusable = self._keep_alive and not self._extra
            if reusable and in_one_read and not self._interim and self._framing != b"transfer-encoding":
                head = bytes(self._buffer.view[: self._buffer.data.find(HEAD_END, 0, nbytes) + 4])
                self.endpoint.remember(head, nbytes, self.endpoint.base | outcome)
            self._end(outcome, now_ns, reusable=reusable)

    def on_message_begin(self) -> None:
        self._extra = self._complete

    def on_header(self, name: bytes, value: bytes) -> None:
        lowered = name.lower()
        if lowered in _FRAMING:
            self._framing = lowered

    def on_headers_complete(self) -> None:
        parser = self._parser
        if self._complete or parser is None:
            return
        status = parser.get_status_code()
        if status < 200:
            self._interim = True
            return
        self._status = status
        if self.endpoint.is_head:
            # a parser expects the body that Content-Length names, so the next response needs a new one
            self._complete, self._keep_alive = True, parser.should_keep_alive()
            self._parser = None

    def on_message_complete(self) -> None:
        if self._status and not self._complete and self._parser is not None:
            self._complete, self._keep_alive = True, self._parser.should_keep_alive()

    def eof_received(self) -> None:
        """Take the end of the stream: it completes a response that has no length of its own."""
        if self.busy and self.endpoint.check is not None:
            self._examine_end(self.endpoint.check, monotonic_ns())
        elif self.busy:
            ends_body = self._status and not self._framing
            outcome = self.endpoint.judge(self._status) if ends_body else Outcome.CLOSED_EARLY
            self._end(outcome, monotonic_ns(), reusable=False)
        else:
            self.close()

    # --- answers that are looked into ----------------------------------------------------------------------------

    def _examine(self, check: Check, nbytes: int, now_ns: int, *, in_one_read: bool) -> None:
        answer = self._answer
        if answer is None:
            answer = self._answer = Answer(check, is_head=self.endpoint.is_head)
        try:
            answer.feed(self._buffer.view[:nbytes])
        except httptools.HttpParserUpgrade:
            self._end(Outcome.UNEXPECTED_STATUS, now_ns, reusable=False)
            return
        except httptools.HttpParserError:
            self._end(Outcome.BAD_RESPONSE, now_ns, reusable=False)
            return
        if not answer.complete:
            return
        ending = self._settle(check, answer, now_ns)
        if ending is None:
            return
        reusable = answer.keep_alive and not answer.has_more and ending != Outcome.ABORTED
        if check.by_head_alone and reusable and in_one_read and not answer.interim and not answer.chunked:
            head = bytes(self._buffer.view[: self._buffer.data.find(HEAD_END, 0, nbytes) + 4])
            self.endpoint.remember(head, nbytes, self.endpoint.base | ending)
        self._end(ending, now_ns, reusable=reusable)

    def _examine_end(self, check: Check, now_ns: int) -> None:
        answer = self._answer
        ending: int | None = Outcome.CLOSED_EARLY
        if answer is not None and answer.end_of_stream():
            ending = self._settle(check, answer, now_ns)
        if ending is not None:
            self._end(ending, now_ns, reusable=False)

    def _settle(self, check: Check, answer: Answer, now_ns: int) -> int | None:
        """Return how a complete answer ends the request; None when a redirect is followed."""
        self._take_cookies(answer)
        if check.follow and answer.redirects:
            hop = None
            if self._hops < check.follow and answer.keep_alive and not answer.has_more:
                hop = next_hop(self._hop or self.endpoint.request, self._pool.origin, answer)
            if hop is None or self.transport is None:
                return Outcome.REDIRECT_NOT_FOLLOWED
            if now_ns >= self._pool.send_until_ns:
                return Outcome.ABORTED
            self._hop, self._answer = hop, None
            self._hops += 1
            self._pool.bytes_added += len(hop)
            self.transport.write(self._dressed(hop))
            return None
        answered = Answered(answer.status, answer.headers, bytes(answer.body))
        return judge(check, self.endpoint.judge(answer.status), answered, too_long=answer.too_long)

    def _take_cookies(self, answer: Answer) -> None:
        """Do nothing with cookies: few plans ask for them."""

    def _dressed(self, request: bytes) -> bytes:
        """Return a request with what this connection adds: nothing."""
        return request

    # --- endings -------------------------------------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        if self.busy:
            outcome = Outcome.CLOSED_EARLY
            if isinstance(exc, ssl.SSLError):
                outcome = Outcome.BAD_RESPONSE
            elif isinstance(exc, OSError):
                outcome = Outcome.RESET
            self._end(outcome, monotonic_ns(), reusable=False)
        self.close()

    def pause_writing(self) -> None:
        """Go on: one request at a time is written, so the transport holds at most one."""

    def resume_writing(self) -> None:
        """Go on: see pause_writing."""

    def fail(self, outcome: Outcome, now_ns: int) -> None:
        """End the request in flight and cut the connection, since an answer may still come."""
        self._end(outcome, now_ns, reusable=False)
        if self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        """Leave the pool and close; a connection that is lost already stays so."""
        if self.lost:
            return
        self.lost = True
        if self.transport is not None:
            self.transport.close()
        self._pool.gone(self)

    def leave(self) -> None:
        """Leave the pool after the last answer, and close unless the server was told that it is to close.

        Whoever closes first keeps the port for a minute: with a connection for each request a few hundred a second
        would use up the ports of this host.
        """
        if self.lost or not self._pool.one_request or self.transport is None:
            self.close()
            return
        self.lost = True
        self._pool.gone(self)
        asyncio.get_running_loop().call_later(_LINGER_S, self.transport.close)

    def _end(self, outcome: int, now_ns: int, *, reusable: bool) -> None:
        if self._hops:
            self._pool.hops[self._hops] += 1
        if self._first_ns != now_ns:
            self._pool.marks.in_parts(self.sent_ns, self._first_ns, now_ns)
        self._pool.record((self.due_ns, self.free_ns, self.sent_ns, now_ns, self.endpoint.base | outcome))
        self.busy = False
        self._expect_next()
        if not reusable:
            self.leave()
            return
        self.free_ns = now_ns
        if self._pool.backlog or self.last:
            self._pool.freed(self)
        else:
            self._pool.put_free(self)


class PlainConnection(Connection, PlainLine, asyncio.BufferedProtocol):
    """A connection of a pool, in Python alone."""


class CookieConnection(PlainConnection):
    """A connection that keeps the cookies of its answers and sends them back, for the endpoints that ask for it."""

    def __init__(self, pool: Pool, buffer: ReceiveBuffer) -> None:
        super().__init__(pool, buffer)
        self._cookies = Cookies()

    def attach(self, write: Callable[[bytes], None], is_closing: Callable[[], bool], fd: int) -> None:
        """Put the cookies between a request and the transport."""
        super().attach(lambda request: write(self._dressed(request)), is_closing, fd)

    def _take_cookies(self, answer: Answer) -> None:
        if self.endpoint.check is not None and self.endpoint.check.cookies:
            self._cookies.take(answer.headers, self._hop or self.endpoint.request)

    def _dressed(self, request: bytes) -> bytes:
        check = self.endpoint.check
        if check is None or not check.cookies:
            return request
        dressed = self._cookies.added_to(request)
        self._pool.bytes_added += len(dressed) - len(request)
        return dressed


def connection_type() -> Callable[[Pool, ReceiveBuffer], Connection]:
    """Return the class of connections: over the compiled line where there is one."""
    kernel = find_kernel()
    if kernel is None:
        return PlainConnection
    line: Any = kernel.Line

    class CompiledConnection(Connection, line, asyncio.BufferedProtocol):  # type: ignore[misc] # chosen at run time
        """A connection of a pool whose usual case is compiled."""

    return CompiledConnection
