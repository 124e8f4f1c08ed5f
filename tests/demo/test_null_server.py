"""The null server as the process that tests and floors use."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

from tests.support.servers import NullServer

ANSWER = (
    b"HTTP/1.1 200 OK\r\nServer: null\r\nContent-Type: text/plain\r\nConnection: keep-alive\r\n"
    b"Content-Length: 2\r\n\r\nok"
)


def exchange(server: NullServer, *pieces: bytes, length: int) -> bytes:
    """Send pieces on one connection and return the first bytes of the answer."""
    port = urlsplit(server.url).port
    assert port is not None
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        for piece in pieces:
            sock.sendall(piece)
            time.sleep(0.02)
        while len(received) < length and (data := sock.recv(4096)):
            received += data
    return received


def test_every_request_of_a_connection_gets_the_same_answer() -> None:
    get = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    post = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    with NullServer() as server:
        assert exchange(server, get, get, length=2 * len(ANSWER)) == 2 * ANSWER
        assert exchange(server, post[:20], post[20:], get, length=2 * len(ANSWER)) == 2 * ANSWER
        assert exchange(server, get + get, length=2 * len(ANSWER)) == 2 * ANSWER


def test_what_is_no_request_is_refused_and_the_server_lives_on() -> None:
    with NullServer() as server:
        assert exchange(server, b"\x16\x03\x01nonsense\r\n\r\n", length=24).startswith(b"HTTP/1.1 400 Bad Request")
        assert exchange(server, b"GET / HTTP/1.1\r\n\r\n", length=len(ANSWER)) == ANSWER


def test_a_delay_is_kept() -> None:
    with NullServer("--delay-ms", "150") as server:
        began = time.monotonic()
        assert exchange(server, b"GET / HTTP/1.1\r\n\r\n", length=len(ANSWER)) == ANSWER
        assert time.monotonic() - began >= 0.15


def test_sigterm_ends_it_with_success() -> None:
    with NullServer() as server:
        pass

    assert server.process.returncode == 0
