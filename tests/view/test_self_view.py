"""The outlets of own metrics: a server that nobody can hold up, a file that is whole at any time."""

from __future__ import annotations

import socket
import stat
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import InputError
from loadgen.core.events import Event, EventName, NoView
from loadgen.core.listen_reader import Listen
from loadgen.core.units import NS_PER_S
from loadgen.view.metrics_server import MOST_READERS, MetricsServer
from loadgen.view.metrics_textfile import MetricsTextfile
from loadgen.view.self_account import SelfAccount
from loadgen.view.self_view import EVERY_NS, Outlets, SelfView
from tests.support.demo import HandClock
from tests.support.processes import wait_until
from tests.support.progress import progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HERE = Listen("127.0.0.1", 0)
BIG = "x" * 20_000_000
"""More than the kernel's buffers take for a reader that does not read."""


def ask(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def raw(listener: socket.socket, request: bytes) -> bytes:
    with socket.create_connection(listener.getsockname(), timeout=10) as client:
        client.sendall(request)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def cut(listener: socket.socket, request: bytes) -> bool:
    """Say whether a request got no answer but a connection that was cut."""
    try:
        return not raw(listener, request)
    except (ConnectionResetError, BrokenPipeError):
        return True


def test_own_metrics_are_served_while_a_run_lasts() -> None:
    outlets = Outlets(HERE, "")
    view = outlets.beside(NoView(), {"run_id": "r1"}, print)
    view.progress(progress(sent=7))
    view.event(Event(EventName.PHASE, None, {"phase": "main"}))

    page = ask(outlets.url)
    assert 'loadgen_requests_total{state="sent"} 7' in page
    assert 'loadgen_run_info{run_id="r1"} 1' in page
    url = outlets.url
    view.close()
    with pytest.raises(OSError, match="refused"):
        ask(url)


def test_without_outlets_the_view_is_left_alone() -> None:
    view = NoView()

    assert Outlets(None, "").beside(view, {}, print) is view
    assert Outlets(None, "").url == ""


def test_what_cannot_be_is_found_out_at_once(listener: socket.socket, tmp_path: Path) -> None:
    taken = Listen("127.0.0.1", listener.getsockname()[1])
    with pytest.raises(InputError, match=r"(?s)Address already in use.*cannot be written") as caught:
        Outlets(taken, str(tmp_path / "none" / "x.prom"))
    assert len(caught.value.problems) == 2


def test_a_port_is_given_back_when_something_else_is_wrong(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with pytest.raises(InputError):
        Outlets(Listen("127.0.0.1", port), str(tmp_path / "none" / "x.prom"))
    Outlets(Listen("127.0.0.1", port), "").close()


@pytest.mark.parametrize(
    ("request_line", "status", "body"),
    [
        (b"GET /metrics?x=1 HTTP/1.1", b"200 OK", b"the page"),
        (b"HEAD /metrics HTTP/1.0", b"200 OK", b""),
        (b"GET / HTTP/1.1", b"404 Not Found", b"the metrics are at /metrics\n"),
        (b"POST /metrics HTTP/1.1", b"405 Method Not Allowed", b"GET or HEAD\n"),
        (b"nonsense", b"400 Bad Request", b"not a request\n"),
    ],
)
def test_each_request_has_its_answer(listener: socket.socket, request_line: bytes, status: bytes, body: bytes) -> None:
    server = MetricsServer(listener, lambda: "the page", "text/plain")
    head, _, got = raw(listener, request_line + b"\r\n\r\n").partition(b"\r\n\r\n")
    server.close()

    assert head.startswith(b"HTTP/1.1 " + status + b"\r\n")
    assert b"Connection: close" in head
    assert got == body
    assert repr(server) == "<MetricsServer closed, 0 readers>"


def test_a_head_without_an_end_is_cut_off(listener: socket.socket) -> None:
    server = MetricsServer(listener, lambda: "the page", "text/plain")
    assert cut(listener, b"GET /metrics HTTP/1.1\r\n" + b"x: y\r\n" * 4_000)
    server.close()


def test_a_reader_that_does_not_read_holds_up_nobody(listener: socket.socket) -> None:
    server = MetricsServer(listener, lambda: BIG, "text/plain", take_s=0.3)
    slow = [socket.create_connection(listener.getsockname()) for _ in range(3)]
    for reader in slow:
        reader.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")

    assert len(raw(listener, b"GET /metrics HTTP/1.1\r\n\r\n")) > len(BIG), "others are served meanwhile"
    wait_until(lambda: "0 readers" in repr(server), timeout_s=10, what="the slow readers were cut off")
    for reader in slow:
        reader.close()
    server.close()


def test_readers_beyond_a_bound_are_sent_away(listener: socket.socket) -> None:
    server = MetricsServer(listener, lambda: "the page", "text/plain")
    silent = [socket.create_connection(listener.getsockname()) for _ in range(MOST_READERS)]
    wait_until(lambda: f"{MOST_READERS} readers" in repr(server), timeout_s=10, what="all are there")

    assert cut(listener, b"GET /metrics HTTP/1.1\r\n\r\n")
    for reader in silent:
        reader.close()
    server.close()


def test_taking_a_state_is_quick_whoever_reads(listener: socket.socket) -> None:
    outlets = Outlets(HERE, "")
    view = outlets.beside(NoView(), {"run_id": "r1"}, print)
    address = outlets.url.removeprefix("http://").partition("/")[0].split(":")
    slow = [socket.create_connection((address[0], int(address[1]))) for _ in range(MOST_READERS + 4)]
    began = time.perf_counter()
    for number in range(1_000):
        view.progress(progress(sent=number))
    took = time.perf_counter() - began
    for reader in slow:
        reader.close()
    view.close()

    assert took < 1.0, "a millisecond each at the worst, on a busy machine"


def test_the_textfile_is_whole_for_everybody_and_follows_the_run(tmp_path: Path) -> None:
    clock, path = HandClock(), tmp_path / "loadgen.prom"
    view = SelfView(NoView(), SelfAccount({}, 0.0), None, path, print, clock)

    def sent() -> str:
        return next(line for line in path.read_text().splitlines() if 'state="sent"' in line).split()[-1]

    view.progress(progress(sent=1))
    wait_until(lambda: path.exists() and sent() == "1", timeout_s=5, what="the first page")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    clock.now_ns += EVERY_NS - NS_PER_S
    view.progress(progress(sent=2))
    clock.now_ns += NS_PER_S
    view.progress(progress(sent=3))
    wait_until(lambda: sent() == "3", timeout_s=5, what="the page after ten seconds")
    view.progress(progress(sent=4))
    view.event(Event(EventName.END, None, {"exit_code": 0}))
    view.close()

    assert sent() == "4"
    assert "loadgen_run_exit_code 0" in path.read_text()
    assert [one.name for one in tmp_path.iterdir()] == ["loadgen.prom"]


def test_a_file_that_cannot_be_written_is_told_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    said: list[str] = []
    view = SelfView(NoView(), SelfAccount({}, 0.0), None, tmp_path / "gone" / "x.prom", said.append)
    (tmp_path / "gone").rmdir()
    view.progress(progress())
    view.close()

    assert said == [f"own metrics: {tmp_path}/gone/x.prom: No such file or directory"]


def test_a_disk_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    def stuck() -> str:
        time.sleep(2)
        return ""

    file = MetricsTextfile(tmp_path / "x.prom", stuck)
    file.write()
    file.close(timeout_ns=50_000_000)

    assert file.trouble.endswith("its disk does not answer")
    assert repr(file) == f"<MetricsTextfile {tmp_path}/x.prom>"
