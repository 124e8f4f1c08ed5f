"""A server that answers as Prometheus's HTTP API does, with what a test gives it."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class Answers:
    """What is answered: the vector of a query, the rules, or for everything `status` and `body`."""

    vector: Callable[[str], list[dict[str, str]]] = lambda _: []
    rules: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    received: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, form: str) -> str:
        if self.body:
            return self.body
        if path.endswith("/rules"):
            return json.dumps({"status": "success", "data": {"groups": [{"rules": self.rules}]}})
        (query,) = parse_qs(form)["query"]
        self.asked.append(query)
        result = [{"metric": labels, "value": [0, "1"]} for labels in self.vector(query)]
        return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}})


@contextmanager
def prom_server(answers: Answers) -> Iterator[Answers]:
    """Run the server on a free port; yield the answers with its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply("")

        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode())

        def _reply(self, form: str) -> None:
            answers.received.append(dict(self.headers.items()))
            text = answers.answer(self.path, form).encode()
            self.send_response(answers.status)
            for name, value in {"Content-Length": str(len(text)), **answers.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    answers.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
