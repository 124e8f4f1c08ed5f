"""One page over HTTP on the loopback address.

Laws: only GET of / is answered, only to requests that name this machine as their host (a page of another site that
resolves its own name to 127.0.0.1 gets nothing), and nothing is kept between requests.
"""

from __future__ import annotations

import signal
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

from loadgen.core.end_signal import EndSignal
from loadgen.core.errors import LoadgenError

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_S = 0.25
_HOSTS = ("127.0.0.1", "localhost")


def serve_page(page: Callable[[], str], port: int, announce: Callable[[str], None]) -> None:
    """Serve what `page` returns until the user interrupts; raise LoadgenError when the port cannot be had."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if (self.headers.get("Host") or "").rpartition(":")[0] not in _HOSTS:
                self._answer(HTTPStatus.FORBIDDEN, "This page is for this machine only.\n", "text/plain")
            elif self.path != "/":
                self._answer(HTTPStatus.NOT_FOUND, "There is only one page: /\n", "text/plain")
            else:
                self._show()

        def _show(self) -> None:
            try:
                text = page()
            except LoadgenError as error:
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}\n", "text/plain")
                return
            self._answer(HTTPStatus.OK, text, "text/html")

        def _answer(self, status: HTTPStatus, text: str, kind: str) -> None:
            body = text.encode("utf-8", "replace")
            self.send_response(status)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("X-Frame-Options", "DENY")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Say nothing: the terminal belongs to the address."""

    try:
        server = HTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise LoadgenError(
            f"127.0.0.1:{port}: cannot be listened on ({error.strerror}); choose another --port"
        ) from error
    # as an exception Ctrl-C can be lost, where it falls into a destructor that swallows it
    with server, EndSignal(signal.SIGINT) as interrupted:
        server.timeout = _LOOK_S
        announce(f"http://127.0.0.1:{server.server_port}/")
        while not interrupted.wait(0):
            server.handle_request()
