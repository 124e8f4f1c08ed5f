"""Taking in a whole answer where a target asks for more than its status class, and what follows from it.

Laws: only connections of such targets come here, so the others pay nothing; a body is kept up to `MOST_BODY` bytes and
only where a rule needs it; a followed redirect stays on its connection and its origin, and is part of its request: one
due time, one sent time, one row, one timeout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httptools

from loadgen.net.endpoint import parse_url
from loadgen.net.judge import MOST_BODY

if TYPE_CHECKING:
    from loadgen.net.judge import Check, Headers

_FRAMING = frozenset({b"content-length", b"transfer-encoding"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OF_BODY = ("content-length", "content-type", "content-encoding", "transfer-encoding")


class Answer:
    """One answer as it comes in; feed it until it is `complete`."""

    def __init__(self, check: Check, *, is_head: bool) -> None:
        self._check = check
        self._is_head = is_head
        self._parser = httptools.HttpResponseParser(self)
        self.headers: Headers = []
        self.body = bytearray()
        self.status = 0
        self.framed = self.complete = self.too_long = self.keep_alive = self.has_more = self.interim = False
        self.chunked = False

    def feed(self, data: memoryview) -> None:
        """Take what was read; raise httptools.HttpParserError for what is no answer."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if not self.complete:
                raise
            self.has_more = True  # what follows a complete answer is not held against it

    def on_message_begin(self) -> None:
        self.has_more = self.complete

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.complete:
            return
        lowered = name.lower()
        if lowered in _FRAMING:
            self.framed = True
            self.chunked = self.chunked or lowered == b"transfer-encoding"
        self.headers.append((lowered, value))

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        status = self._parser.get_status_code()
        if status < 200:
            self.interim = True
            self.headers.clear()
            return
        self.status = status
        if self._is_head:
            self.complete, self.keep_alive = True, self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        if self.complete or not self._check.needs_body or self.too_long:
            return
        if len(self.body) + len(data) > MOST_BODY:
            self.too_long = True
            self.body.clear()
        else:
            self.body += data

    def on_message_complete(self) -> None:
        if self.status and not self.complete:
            self.complete, self.keep_alive = True, self._parser.should_keep_alive()

    def end_of_stream(self) -> bool:
        """Say whether the end of the stream completes the answer: it does for one that has no length of its own."""
        self.complete = bool(self.status and not self.framed)
        return self.complete

    @property
    def redirects(self) -> bool:
        """Whether the answer points elsewhere."""
        return self.status in _REDIRECTS and any(name == b"location" for name, _ in self.headers)


def next_hop(request: bytes, origin: str, answer: Answer) -> bytes | None:
    """Return the request that follows a redirect; None when it leads to another origin or to nothing that is a URL.

    303, and 301 or 302 after a POST, are followed with GET and without the body, as browsers do.
    """
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8").split("\r\n")
    method, target, _ = first.split(" ", 2)
    whole = not target.startswith("/")  # as a proxy wants it
    location = next(value for name, value in answer.headers if name == b"location").decode("utf-8", "replace")
    url = urljoin(target if whole else origin + target, location.strip()).partition("#")[0]
    try:
        place, new_target, _ = parse_url(url)
    except ValueError:
        return None
    if str(place) != origin:
        return None
    if (answer.status == 303 and method != "HEAD") or (answer.status in (301, 302) and method == "POST"):
        method, body = "GET", b""
        lines = [line for line in lines if line.partition(":")[0].lower() not in _OF_BODY]
    return (
        "\r\n".join([f"{method} {origin if whole else ''}{new_target} HTTP/1.1", *lines]).encode("utf-8")
        + b"\r\n\r\n"
        + body
    )
