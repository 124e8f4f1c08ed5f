"""Why a connection could not be opened, and where addresses come from."""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import Any

import pytest

from loadgen.core.outcome import Outcome
from loadgen.core.tls import client_context
from loadgen.net.connector import ConnectError, Connector, connect_outcome
from loadgen.net.endpoint import Origin
from loadgen.net.resolver import Address, Resolver
from loadgen.net.way import open_tunnel, tunnel_request
from loadgen.worker.host import descriptors
from tests.support.servers import OK, Exchange, FaultServer, answering

S = 1_000_000_000


@pytest.mark.parametrize(
    ("number", "family", "outcome"),
    [
        (errno.ECONNREFUSED, socket.AF_INET, Outcome.CONNECT_REFUSED),
        (errno.ENOBUFS, socket.AF_INET, Outcome.NO_PORT),
        (errno.ENOMEM, socket.AF_INET6, Outcome.NO_PORT),
        (errno.ETIMEDOUT, socket.AF_INET, Outcome.CONNECT_TIMEOUT),
        (errno.EHOSTUNREACH, socket.AF_INET, Outcome.CONNECT_FAILED),
        (errno.EMFILE, socket.AF_INET, Outcome.NO_DESCRIPTOR),
        (errno.ENFILE, socket.AF_INET6, Outcome.NO_DESCRIPTOR),
        (errno.EADDRNOTAVAIL, socket.AF_INET, Outcome.NO_PORT),
        (errno.EADDRNOTAVAIL, socket.AF_INET6, Outcome.CONNECT_FAILED),
    ],
)
def test_the_error_number_decides_who_is_to_blame(number: int, family: int, outcome: Outcome) -> None:
    assert connect_outcome(OSError(number, "x"), family) is outcome


class FixedAddresses(Resolver):
    """A resolver that knows the answer."""

    def __init__(self, *addresses: Address) -> None:
        super().__init__("service.test", 1)
        self._addresses = list(addresses)

    async def addresses(self) -> list[Address]:
        return self._addresses


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    with FaultServer(answering(OK)) as server:
        refusing = Address(socket.AF_INET, ("127.0.0.1", 1))
        good = Address(socket.AF_INET, ("127.0.0.1", server.port))
        connector = Connector(Origin(False, "service.test", 1), FixedAddresses(refusing, good), None, 5 * S)

        protocol = await connector.connect(Closing)
        await protocol.closed.wait()

        assert protocol.peer == ("127.0.0.1", server.port)


async def test_an_opened_connection_tells_its_address_and_how_long_its_parts_took() -> None:
    with FaultServer(answering(OK)) as server:
        good = Address(socket.AF_INET, ("127.0.0.1", server.port))
        connector = Connector(Origin(False, "service.test", 1), FixedAddresses(good), None, 5 * S)

        opened = await connector.open(Closing)
        await opened.protocol.closed.wait()

    assert (opened.address, opened.tls_ns) == ("127.0.0.1", None)
    assert 0 < opened.connect_ns < 5 * S


@pytest.mark.parametrize(
    ("origin", "place"),
    [(Origin(True, "service.test", 443), "service.test:443"), (Origin(True, "::1", 8443), "[::1]:8443")],
)
def test_a_tunnel_is_asked_for_by_host_and_port(origin: Origin, place: str) -> None:
    asked = tunnel_request(origin, "Basic dTpw", "me/1")
    assert (
        asked
        == (
            f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: me/1\r\nProxy-Authorization: Basic dTpw\r\n\r\n"
        ).encode()
    )


async def test_the_answer_of_a_proxy_may_come_in_pieces_and_must_end() -> None:
    async def ask(*pieces: bytes, close: bool = False) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        with ours, theirs:
            asking = asyncio.ensure_future(open_tunnel(asyncio.get_running_loop(), ours, b"CONNECT x\r\n\r\n"))
            for piece in pieces:
                theirs.send(piece)
                await asyncio.sleep(0)
            if close:
                theirs.shutdown(socket.SHUT_WR)
            await asking

    await ask(b"HTTP/1.1 200 Fine\r\nVia: ", b"me\r\n\r\n")
    with pytest.raises(ConnectError, match=r"proxy_refused: the proxy answered 407 Who are you$"):
        await ask(b"HTTP/1.1 407 Who are you\r\nX: secret\r\n\r\nbody")
    with pytest.raises(ConnectError, match="proxy_failed: the proxy closed the connection without an answer"):
        await ask(b"HTTP/1.1 200", close=True)
    with pytest.raises(ConnectError, match="proxy_failed: what the proxy answered is too long"):
        await ask(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 16_384)


async def test_the_error_of_an_address_of_the_other_family_does_not_hide_the_real_one() -> None:
    refusing = Address(socket.AF_INET, ("127.0.0.1", 1))
    elsewhere = Address(socket.AF_INET6, ("::1", 1, 0, 0))
    connector = Connector(Origin(False, "service.test", 1), FixedAddresses(refusing, elsewhere), None, 5 * S)

    with pytest.raises(ConnectError, match=r"connect_refused: http://service\.test:1: .*") as caught:
        await connector.connect(Closing)

    assert caught.value.outcome is Outcome.CONNECT_REFUSED


class Closing(asyncio.Protocol):
    """Notes where it got connected to, and closes."""

    def __init__(self) -> None:
        self.peer: Any = None
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.peer = transport.get_extra_info("peername")
        transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed.set()


async def test_one_answer_serves_a_second_and_addresses_are_taken_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    now_ns, asked = [0], []

    async def lookup(host: str, port: int, family: int) -> list[Address]:
        asked.append((host, port, family))
        return [Address(socket.AF_INET, (one, port)) for one in ("10.0.0.1", "10.0.0.2")]

    monkeypatch.setattr("loadgen.net.resolver.monotonic_ns", lambda: now_ns[0])
    resolver = Resolver("service.test", 80, lookup=lookup)

    turns = [(await resolver.addresses())[0].sockaddr[0] for _ in range(4)]
    assert turns == ["10.0.0.2", "10.0.0.1", "10.0.0.2", "10.0.0.1"]
    assert asked == [("service.test", 80, 0)]

    now_ns[0] = S
    await resolver.addresses()
    assert len(asked) == 2
    assert (resolver.lookups, dict(resolver.answered)) == (2, {"10.0.0.1": 2, "10.0.0.2": 2})


async def test_a_fixed_address_replaces_the_name() -> None:
    addresses = await Resolver("service.invalid", 81, fixed="127.0.0.1").addresses()

    assert [address.sockaddr for address in addresses] == [("127.0.0.1", 81)]


async def test_the_family_limits_the_answers() -> None:
    addresses = await Resolver("localhost", 81, family=socket.AF_INET).addresses()

    assert {address.family for address in addresses} == {socket.AF_INET}


async def test_questions_at_the_same_time_are_asked_once() -> None:
    resolver = Resolver("localhost", 81, family=socket.AF_INET)

    answers = await asyncio.gather(*(resolver.addresses() for _ in range(20)))

    assert all(list(answer) == list(answers[0]) for answer in answers)


async def test_every_caller_learns_that_a_name_does_not_exist() -> None:
    resolver = Resolver("no-such-host.invalid", 81)

    failures = await asyncio.gather(*(resolver.addresses() for _ in range(3)), return_exceptions=True)

    assert all(isinstance(failure, socket.gaierror) for failure in failures)


async def test_descriptors_are_neither_kept_nor_closed_twice_when_servers_hang_up_at_once() -> None:
    async def aborting(exchange: Exchange) -> None:
        exchange.writer.transport.abort()

    tls = await asyncio.to_thread(lambda: client_context(b"", b"", b"", verify=False))
    with FaultServer(aborting) as server:
        resolver = Resolver("127.0.0.1", server.port)
        origin = Origin(False, "127.0.0.1", server.port)
        plain, secure = Connector(origin, resolver, None, 5 * S), Connector(origin, resolver, tls, 5 * S)
        before = await asyncio.to_thread(descriptors)
        for _ in range(40):
            await (await plain.connect(Closing)).closed.wait()
            with pytest.raises(ConnectError, match="tls_failed"):
                await secure.connect(Closing)
        await asyncio.sleep(0.05)

        assert await asyncio.to_thread(descriptors) <= before + 2
