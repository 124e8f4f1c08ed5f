"""One connection's usual case, from a request to the row of its answer: the hot path in Python.

Laws: it has a compiled twin (`loadgen.core._kernel.Line`) that does the same, which tests hold to the same answers;
no allocation, call or check per request that could be made per connection. Everything unusual is `Exchange`'s.

A response whose head was seen before and which arrives in one read is settled by one dictionary look-up; all else
goes through httptools. Measured with the null server's response: 1.0 us instead of 3.9 us.
"""

from __future__ import annotations

from time import monotonic_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable

    from loadgen.net.endpoint import Endpoint
    from loadgen.net.pool import Pool
    from loadgen.net.protocol import Connection

HEAD_END = b"\r\n\r\n"


class PlainLine:
    """Sends one request, and settles an answer that was seen before; `_parse` and `close` are the subclass's."""

    __slots__ = (
        "_backlog",
        "_find",
        "_free_append",
        "_is_closing",
        "_record",
        "_view",
        "_write",
        "busy",
        "bytes_in",
        "due_ns",
        "endpoint",
        "free_ns",
        "fresh",
        "last",
        "lost",
        "pool",
        "requests",
        "sent_ns",
    )  # fmt: skip

    def __init__(
        self,
        pool: Pool,
        view: memoryview,
        endpoint: Endpoint,
        record: Callable[[tuple[int, int, int, int, int]], None],
        backlog: deque[tuple[int, Endpoint]],
        free_append: Callable[[Connection], None],
    ) -> None:
        self.pool = pool
        self._view = view
        self._find = view.obj.find  # type: ignore[attr-defined] # the bytearray behind it
        self.endpoint = endpoint
        self._record = record
        self._backlog = backlog
        self._free_append = free_append
        self._write: Callable[[bytes], None] = _refuse_write
        self._is_closing: Callable[[], bool] = bool
        self.due_ns = self.free_ns = self.sent_ns = self.bytes_in = self.requests = 0
        self.busy = self.lost = self.last = False
        self.fresh = True

    def attach(self, write: Callable[[bytes], None], is_closing: Callable[[], bool], fd: int) -> None:
        """Take the transport's methods; the socket's number, or -1 where it must not be written to, is the twin's."""
        self._write, self._is_closing = write, is_closing

    def send(self, due_ns: int, endpoint: Endpoint, now_ns: int) -> None:
        """Write one request on this idle connection; put it back to wait when the connection turns out to be dead."""
        self.due_ns = due_ns
        self.sent_ns = now_ns
        self.endpoint = endpoint
        self.busy = True
        self.requests += 1
        self._write(endpoint.request)
        if self._is_closing():
            self.busy = False
            self.requests -= 1
            self._backlog.appendleft((due_ns, endpoint))
            self.close()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        now_ns = monotonic_ns()
        self.bytes_in += nbytes
        if self.fresh and self.busy:
            head = bytes(self._view[: self._find(HEAD_END, 0, nbytes) + 4])
            known = self.endpoint.heads.get(head)
            if known is not None and known[0] == nbytes:
                self._record((self.due_ns, self.free_ns, self.sent_ns, now_ns, known[1]))
                self.busy = False
                self.free_ns = now_ns
                if not self._backlog and not self.last:
                    self._free_append(self)  # type: ignore[arg-type] # every line is a connection
                elif not self.last and (now_ns := monotonic_ns()) < self.pool.serve_until_ns:
                    due_ns, endpoint = self._backlog.popleft()
                    self.send(due_ns, endpoint, now_ns)
                else:
                    self.pool.freed(self)  # type: ignore[arg-type]
                return
        self._parse(nbytes, now_ns)

    def _parse(self, nbytes: int, now_ns: int) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


def _refuse_write(request: bytes) -> None:
    raise RuntimeError("a request was given to a connection that is not open")
