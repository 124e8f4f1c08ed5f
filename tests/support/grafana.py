"""A server that behaves as Grafana's dashboard API does: tokens, folders, versions, provisioned dashboards."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

EDITOR, VIEWER = "glsa_editor_0123456789", "glsa_viewer_0123456789"


@dataclass
class Grafana:
    """What is stored by uid, and how the next requests are answered."""

    url: str = ""
    prefix: str = ""
    folders: set[str] = field(default_factory=set)
    stored: dict[str, dict[str, Any]] = field(default_factory=dict)
    provisioned: set[str] = field(default_factory=set)
    tokens: list[str] = field(default_factory=list)
    instead: tuple[int, dict[str, str], bytes] | None = None

    def answer(self, path: str, token: str, raw: bytes) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of a POST, in the order in which Grafana checks."""
        self.tokens.append(token)
        if self.instead is not None:
            return self.instead
        if path != f"{self.prefix}/api/dashboards/db":
            return _said(404, {"message": "Not found"})
        if token not in (f"Bearer {EDITOR}", f"Bearer {VIEWER}"):
            return _said(401, {"message": "Invalid API key"})
        try:
            request = json.loads(raw)
        except ValueError:
            return _said(400, {"message": "bad request data"})
        if token == f"Bearer {VIEWER}":
            return _said(403, {"message": "You'll need additional permissions to perform this action."})
        return self._store(request)

    def _store(self, request: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        document, folder = request["dashboard"], request.get("folderUid", "")
        uid = document["uid"]
        if not document.get("title"):
            return _said(400, {"message": "Dashboard title cannot be empty"})
        if folder and folder not in self.folders:
            return _said(404, {"message": "folder not found"})
        if uid in self.provisioned:
            return _said(400, {"message": "Cannot save provisioned dashboard"})
        twins = (item for item in self.stored.values() if item["folder"] == folder and item["uid"] != uid)
        if any(item["title"] == document["title"] for item in twins):
            return _said(412, {"message": "a dashboard with the same name exists", "status": "name-exists"})
        known = self.stored.get(uid)
        if known is not None and not request.get("overwrite"):
            return _said(412, {"message": "changed by someone else", "status": "version-mismatch"})
        version = 1 if known is None else known["version"] + 1
        self.stored[uid] = {**document, "folder": folder, "version": version, "message": request.get("message", "")}
        reply = {"id": 1, "uid": uid, "url": f"{self.prefix}/d/{uid}/x", "status": "success", "version": version}
        return _said(200, reply)


def _said(status: int, reply: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json; charset=UTF-8"}, json.dumps(reply).encode()


@contextmanager
def grafana(prefix: str = "", tls: ssl.SSLContext | None = None) -> Iterator[Grafana]:
    """Run the server on a free port of loopback, over TLS with a context, and yield it."""
    state = Grafana(prefix=prefix)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, headers, body = state.answer(self.path, self.headers.get("Authorization", ""), raw)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    state.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}{prefix}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
