"""A receiver of messages on loopback: it keeps what it gets and answers as it is told."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Reply:
    """One answer; `hang` answers only when the server is closed."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "ok"
    hang: bool = False


class Webhook:
    """What was received, and what is answered: the given replies in order, the last one for ever."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies) or [Reply()]
        self.bodies: list[Any] = []
        self.paths: list[str] = []
        self.closed = threading.Event()
        self._lock = threading.Lock()
        self.url = ""

    def take(self, path: str, body: bytes) -> Reply:
        with self._lock:
            self.paths.append(path)
            self.bodies.append(json.loads(body))
            return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def webhook(*replies: Reply) -> Iterator[Webhook]:
    """Run a receiver on a free port and yield it."""
    state = Webhook(*replies)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            reply = state.take(self.path, self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            if reply.hang:
                state.closed.wait(30)
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body.encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.closed.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
