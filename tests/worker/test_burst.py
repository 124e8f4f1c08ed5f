"""Sending what is due: the compiled loop and its twin send the same and stop at the same places."""

from __future__ import annotations

import socket
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.kernel import find_kernel
from loadgen.net.endpoint import Endpoint
from loadgen.net.line import PlainLine
from loadgen.worker.burst import plain_burst

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NEVER_NS = 1 << 62


class Pool:
    """What a line and the loop see of a pool."""

    def __init__(self) -> None:
        self.free: deque[Any] = deque()
        self.backlog: deque[Any] = deque()
        self.serve_until_ns = 0
        self.rows: list[tuple[int, ...]] = []


class World:
    """One pool over socket pairs, with the lines and the loop of one kernel."""

    def __init__(self, kernel: str) -> None:
        compiled = find_kernel()
        self.line: type[Any] = PlainLine if compiled is None else compiled.Line
        self.burst: Callable[..., int] = plain_burst if compiled is None else compiled.burst
        assert (kernel == "python") == (compiled is None)
        self.pool = Pool()
        self.endpoint = Endpoint(0, 0, b"GET / HTTP/1.1\r\n\r\n", is_head=False, expected=frozenset({2}))
        self.sockets: list[tuple[socket.socket, socket.socket]] = []

    def connect(self, count: int) -> None:
        for _ in range(count):
            ours, theirs = socket.socketpair()
            theirs.setblocking(False)
            self.sockets.append((ours, theirs))
            pool = self.pool
            view = memoryview(bytearray(1024))
            line = self.line(pool, view, self.endpoint, pool.rows.append, pool.backlog, pool.free.append)
            line.attach(ours.sendall, lambda: False, ours.fileno())
            pool.free.append(line)

    def send(self, dues: list[int], until_ns: int, send_until_ns: int = NEVER_NS) -> int:
        picks = [self.endpoint] * len(dues)
        return self.burst([*dues, NEVER_NS], picks, 0, [self.pool], until_ns, send_until_ns)

    def received(self) -> list[bytes]:
        found = []
        for _, theirs in self.sockets:
            try:
                found.append(theirs.recv(4096))
            except BlockingIOError:
                found.append(b"")
        return found

    def close(self) -> None:
        for pair in self.sockets:
            for one in pair:
                one.close()


@pytest.fixture
def world(kernel: str) -> Iterator[World]:
    made = World(kernel)
    yield made
    made.close()


def test_what_is_due_goes_to_the_connections_that_are_free_the_longest(world: World) -> None:
    world.connect(3)
    first, second, third = world.pool.free

    assert world.send([10, 20, 30], until_ns=20) == 2

    assert world.received() == [world.endpoint.request, world.endpoint.request, b""]
    assert list(world.pool.free) == [third]
    assert (first.due_ns, second.due_ns) == (10, 20)
    assert (first.busy, second.busy, third.busy) == (True, True, False)
    assert 0 < first.sent_ns <= second.sent_ns


def test_the_end_of_the_block_ends_it(world: World) -> None:
    world.connect(3)
    assert world.send([1, 2], until_ns=NEVER_NS) == 2


def test_it_stops_where_nothing_is_free(world: World) -> None:
    world.connect(1)
    assert world.send([1, 2, 3], until_ns=10) == 1


def test_it_stops_where_something_waits(world: World) -> None:
    world.connect(1)
    world.pool.backlog.append((0, world.endpoint))
    assert world.send([1], until_ns=10) == 0
    assert len(world.pool.free) == 1


def test_nothing_is_sent_without_permission(world: World) -> None:
    world.connect(1)
    assert world.send([1], until_ns=10, send_until_ns=5) == 0
    assert world.received() == [b""]


def test_a_lost_connection_is_left_out_and_the_request_left_to_the_caller(world: World) -> None:
    world.connect(2)
    world.pool.free[0].lost = True
    assert world.send([1, 2], until_ns=10) == 0
    assert len(world.pool.free) == 1


def test_an_error_of_a_send_is_told(world: World) -> None:
    world.connect(1)
    world.pool.free[0].attach(_refuse, lambda: False, -1)
    with pytest.raises(ValueError, match="refused"):
        world.send([1], until_ns=10)


def _refuse(request: bytes) -> None:
    raise ValueError("refused")


def test_an_answer_frees_the_connection_or_sends_what_waits(world: World) -> None:
    world.connect(1)
    line = world.pool.free[0]
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    world.endpoint.remember(answer[:-2], len(answer), 0)
    for serve_until_ns, waiting in ((0, 0), (NEVER_NS, 1)):
        world.pool.free.clear()
        line.send(5, world.endpoint, 6)
        world.pool.serve_until_ns = serve_until_ns
        world.pool.backlog.extend([(7, world.endpoint)] * waiting)
        line.get_buffer(-1)[: len(answer)] = answer
        line.buffer_updated(len(answer))

        assert world.pool.rows.pop()[:1] == (5,)
        assert list(world.pool.free) == [line] * (not waiting)
        assert not world.pool.backlog
        assert line.busy is bool(waiting)
    assert line.due_ns == 7


def test_what_the_socket_does_not_take_goes_to_the_transport_and_so_does_all_that_follows(world: World) -> None:
    world.connect(1)
    written: list[bytes] = []
    line = world.pool.free[0]
    ours, theirs = world.sockets[0]
    ours.setblocking(False)
    line.attach(written.append, lambda: False, ours.fileno())
    large = Endpoint(0, 0, b"x" * 4_000_000, is_head=False, expected=frozenset({2}))

    line.send(1, large, 2)
    line.send(3, world.endpoint, 4)

    theirs.setblocking(True)
    taken = b""
    while len(taken) + len(written[0]) < len(large.request):
        taken += theirs.recv(1 << 20)
    assert taken + written[0] == large.request
    assert written[1] == world.endpoint.request


def test_a_transport_that_closes_is_not_written_past(world: World) -> None:
    world.connect(1)
    closed: list[Any] = []
    written: list[bytes] = []

    class Closing(world.line):  # type: ignore[name-defined,misc] # chosen at run time
        def close(self) -> None:
            closed.append(self)

    ours, _ = world.sockets[0]
    pool = world.pool
    line = Closing(pool, memoryview(bytearray(64)), world.endpoint, pool.rows.append, pool.backlog, pool.free.append)
    line.attach(written.append, lambda: True, ours.fileno())

    line.send(1, world.endpoint, 2)

    assert (closed, written, world.received()) == ([line], [world.endpoint.request], [b""])
    assert list(pool.backlog) == [(1, world.endpoint)]
    assert line.busy is False


def test_a_head_that_was_seen_with_another_length_is_not_settled(world: World) -> None:
    world.connect(1)
    parsed: list[tuple[int, int]] = []

    class Parsing(world.line):  # type: ignore[name-defined,misc] # chosen at run time
        def _parse(self, nbytes: int, now_ns: int) -> None:
            parsed.append((nbytes, now_ns))

    pool = world.pool
    line = Parsing(pool, memoryview(bytearray(256)), world.endpoint, pool.rows.append, pool.backlog, pool.free.append)
    line.attach(world.sockets[0][0].sendall, lambda: False, -1)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    world.endpoint.remember(answer[:-2], len(answer), 7)
    line.get_buffer(-1)[: len(answer)] = answer
    for nbytes, settled in ((len(answer), 1), (len(answer) - 1, 1), (20, 1), (len(answer), 2)):
        line.send(5, world.endpoint, 6)
        line.buffer_updated(nbytes)
        assert len(pool.rows) == settled

    assert [nbytes for nbytes, _ in parsed] == [len(answer) - 1, 20]
    assert line.bytes_in == 3 * len(answer) - 1 + 20
    assert pool.rows[0][4] == 7
