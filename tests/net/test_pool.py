"""A pool of real connections against real servers: how each kind of answer ends a request."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from loadgen.core.outcome import Outcome
from loadgen.core.tls import client_context
from loadgen.net.connector import Connector
from loadgen.net.endpoint import Endpoint, build_request, parse_url
from loadgen.net.pool import Pool, PoolLimits
from loadgen.net.protocol import Connection, ReceiveBuffer
from loadgen.net.resolver import Resolver
from tests.support.servers import (
    CHUNKED,
    GARBAGE,
    NO_LENGTH,
    OK,
    TRUNCATED,
    Exchange,
    FaultServer,
    Script,
    answering,
    closing,
    closing_when_idle,
    half_closing,
    hanging,
    make_certificate,
    refusing_port,
    resetting,
    server_context,
    unaccepting_port,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator
    from pathlib import Path

MS = 1_000_000
Row = tuple[int, int, int, int, int]


class Client:
    """A pool, the rows it recorded, and requests sent one at a time."""

    def __init__(
        self,
        url: str,
        capacity: int = 1,
        timeout_ns: int = 5_000 * MS,
        tls: ssl.SSLContext | None = None,
        method: str = "GET",
    ) -> None:
        origin = parse_url(url)[0]
        self.rows: list[Row] = []
        connector = Connector(origin, Resolver(origin.host, origin.port), tls, timeout_ns)
        limits = PoolLimits(capacity, timeout_ns, 300_000 * MS)
        self.pool = Pool(connector, limits, self.rows.append, ReceiveBuffer())
        self.pool.serve = self._serve
        self.endpoint = Endpoint(
            0, 0, build_request(method, url, [], b"", "test"), is_head=method == "HEAD", expected=frozenset({2})
        )

    def _serve(self, pool: Pool, connection: Connection) -> None:
        due_ns, endpoint = pool.backlog.popleft()
        connection.send(due_ns, endpoint, time.monotonic_ns())

    async def request(self, within_s: float = 5) -> Outcome:
        """Send one request and wait for its row."""
        known = len(self.rows)
        connection = self.pool.take_free()
        if connection is None:
            self.pool.wait(time.monotonic_ns(), self.endpoint)
        else:
            connection.send(time.monotonic_ns(), self.endpoint, time.monotonic_ns())
        async with asyncio.timeout(within_s):
            while len(self.rows) == known:
                await asyncio.sleep(0.002)
                self.pool.sweep(time.monotonic_ns())
        return Outcome(self.rows[-1][4])


@asynccontextmanager
async def client(
    url: str, capacity: int = 1, timeout_ns: int = 5_000 * MS, tls: ssl.SSLContext | None = None, method: str = "GET"
) -> AsyncIterator[Client]:
    one = Client(url, capacity, timeout_ns, tls, method)
    try:
        yield one
    finally:
        one.pool.close()
        await asyncio.sleep(0.01)


STATUS = b"HTTP/1.1 %s X\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(answering(OK), Outcome.OK, id="an expected status is a success"),
        pytest.param(answering(OK[:10], OK[10:45], OK[45:], delay_s=0.01), Outcome.OK, id="a response in pieces"),
        pytest.param(answering(CHUNKED), Outcome.OK, id="a chunked response is complete"),
        pytest.param(answering(CHUNKED[:60], CHUNKED[60:], delay_s=0.01), Outcome.OK, id="chunks may come late"),
        pytest.param(answering(NO_LENGTH, close=True), Outcome.OK, id="without a length the end completes a response"),
        pytest.param(
            answering(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), Outcome.OK, id="an interim response is passed over"
        ),
        pytest.param(answering(b"HTTP/1.1 204 No Content\r\n\r\n"), Outcome.OK, id="204 has no body"),
        pytest.param(answering(STATUS % b"302"), Outcome.UNEXPECTED_REDIRECT, id="a redirect nobody expected"),
        pytest.param(answering(STATUS % b"404"), Outcome.HTTP_4XX, id="4xx"),
        pytest.param(answering(STATUS % b"503"), Outcome.HTTP_5XX, id="5xx"),
        pytest.param(answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
                     Outcome.UNEXPECTED_STATUS, id="a switch of protocols is none we asked for"),
        pytest.param(answering(GARBAGE), Outcome.BAD_RESPONSE, id="garbage is a bad response"),
        pytest.param(answering(TRUNCATED, close=True), Outcome.CLOSED_EARLY, id="a body cut short closed early"),
        pytest.param(closing, Outcome.CLOSED_EARLY, id="closed without an answer"),
        pytest.param(half_closing, Outcome.CLOSED_EARLY, id="closed in one direction"),
        pytest.param(resetting, Outcome.RESET, id="reset"),
    ],
)  # fmt: skip
async def test_an_answer_ends_the_request(script: Script, expected: Outcome) -> None:
    with FaultServer(script) as server:
        async with client(server.url) as one:
            assert await one.request() is expected
            assert await one.request() is expected

            due_ns, free_ns, sent_ns, done_ns, _ = one.rows[-1]
            assert due_ns <= sent_ns <= done_ns
            assert 0 < free_ns <= sent_ns
            assert len(one.rows) == 2


async def test_connections_are_kept_for_all_framings_that_allow_it() -> None:
    with FaultServer(answering(CHUNKED)) as chunked, FaultServer(answering(OK)) as plain:
        async with client(chunked.url) as one, client(plain.url) as other:
            for _ in range(5):
                assert await one.request() is Outcome.OK
                assert await other.request() is Outcome.OK

        assert (chunked.connections, plain.connections) == (1, 1)


async def test_a_head_response_ends_at_its_head_whatever_length_it_names() -> None:
    with FaultServer(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")) as server:
        async with client(server.url, method="HEAD") as one:
            for _ in range(3):
                assert await one.request() is Outcome.OK

        assert server.connections == 1


async def test_a_response_longer_than_it_says_is_complete_but_ends_the_connection() -> None:
    with FaultServer(answering(OK + b"more")) as server:
        async with client(server.url) as one:
            assert [await one.request() for _ in range(3)] == [Outcome.OK] * 3

        assert server.connections == 3


async def test_connection_close_is_honoured() -> None:
    with FaultServer(answering(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")) as server:
        async with client(server.url) as one:
            assert [await one.request() for _ in range(2)] == [Outcome.OK] * 2

        assert server.connections == 2


async def test_a_known_head_with_a_longer_body_is_not_taken_for_complete() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"
    with FaultServer(answering(head + b"ab", b"cdef", delay_s=0.01)) as server:
        async with client(server.url) as one:
            one.endpoint.remember(head, len(head) + 6, Outcome.OK)
            assert [await one.request() for _ in range(2)] == [Outcome.OK] * 2

        assert (server.connections, len(server.requests)) == (1, 2)


async def test_a_connection_closed_while_idle_is_replaced_for_the_next_request() -> None:
    with FaultServer(closing_when_idle) as server:
        async with client(server.url) as one:
            assert await one.request() is Outcome.OK
            await asyncio.sleep(0.05)
            assert await one.request() is Outcome.OK

        assert server.connections == 2


async def test_a_request_that_cannot_be_written_is_sent_on_another_connection() -> None:
    async def resetting_when_idle(exchange: Exchange) -> None:
        await exchange.request()
        exchange.writer.write(OK)
        await exchange.writer.drain()
        await asyncio.sleep(0.05)
        exchange.reset()

    with FaultServer(resetting_when_idle) as server:
        async with client(server.url) as one:
            assert await one.request() is Outcome.OK
            time.sleep(0.2)  # the loop must not see the reset before the request is written
            assert await one.request() is Outcome.OK

        assert (server.connections, len(server.requests), len(one.rows)) == (2, 2, 2)


async def test_bytes_nobody_asked_for_close_the_connection_and_are_counted() -> None:
    with FaultServer(answering(OK, OK, delay_s=0.01)) as server:
        async with client(server.url) as one:
            assert await one.request() is Outcome.OK
            await asyncio.sleep(0.05)
            assert one.pool.unsolicited == 1
            assert not one.pool.connections


async def test_a_hang_times_out_and_is_recorded_at_no_less_than_the_timeout() -> None:
    with FaultServer(hanging) as server:
        async with client(server.url, timeout_ns=100 * MS) as one:
            assert await one.request() is Outcome.TIMEOUT
            _, _, sent_ns, done_ns, _ = one.rows[0]
            assert 100 * MS <= done_ns - sent_ns < 1_000 * MS
            assert not one.pool.connections


async def test_a_request_that_waits_longer_than_the_timeout_is_dropped() -> None:
    with FaultServer(hanging) as server:
        async with client(server.url, timeout_ns=200 * MS) as one:
            await one.pool.warm()
            waiting = asyncio.ensure_future(one.request())
            await asyncio.sleep(0.05)
            one.pool.wait(time.monotonic_ns() - 190 * MS, one.endpoint)
            assert await waiting is Outcome.DROPPED_LATE
            due_ns, free_ns, sent_ns, done_ns, _ = one.rows[0]
            assert done_ns - due_ns >= 200 * MS
            assert (free_ns, sent_ns) == (0, 0)


async def test_a_refused_connection_ends_one_request_each_and_never_spins() -> None:
    with refusing_port() as port:
        async with client(f"http://127.0.0.1:{port}/", capacity=4) as one:
            assert [await one.request() for _ in range(3)] == [Outcome.CONNECT_REFUSED] * 3
            await asyncio.sleep(0.05)
            assert len(one.rows) == 3
            assert one.pool.opening == 0


async def test_without_any_connection_one_refusal_speaks_for_all_that_waited() -> None:
    with refusing_port() as port:
        async with client(f"http://127.0.0.1:{port}/", capacity=1) as one:
            for _ in range(50):
                one.pool.backlog.append((time.monotonic_ns(), one.endpoint))
            assert await one.request() is Outcome.CONNECT_REFUSED
            await asyncio.sleep(0.02)
            assert [row[4] for row in one.rows] == [Outcome.CONNECT_REFUSED] * 51


async def test_a_connection_that_is_not_accepted_times_out() -> None:
    with unaccepting_port() as port:
        async with client(f"http://127.0.0.1:{port}/", timeout_ns=200 * MS) as one:
            assert await one.request() in (Outcome.CONNECT_TIMEOUT, Outcome.DROPPED_LATE)


async def test_a_name_that_does_not_exist_is_a_dns_failure() -> None:
    async with client("http://no-such-host.invalid/") as one:
        assert await one.request(20) is Outcome.DNS_FAILED


async def test_warming_opens_every_connection_and_tells_failures() -> None:
    with FaultServer(answering(OK)) as server, refusing_port() as port:
        async with client(server.url, capacity=40) as good, client(f"http://127.0.0.1:{port}/", capacity=3) as bad:
            assert not await good.pool.warm()
            assert len(good.pool.free) == good.pool.connects == 40
            assert await bad.pool.warm() == {"connect_refused": 3}
            assert bad.pool.unopened.startswith(f"the connection was refused: http://127.0.0.1:{port}: ")
            assert good.pool.unopened == ""


async def test_an_old_connection_is_replaced_without_a_gap() -> None:
    with FaultServer(answering(OK)) as server:
        async with client(server.url, capacity=2) as one:
            await one.pool.warm()
            first = list(one.pool.connections)
            assert sorted((c.retire_ns - c.free_ns) // MS for c in first) == [150_000, 300_000]
            for connection in first:
                connection.retire_ns = 1
            for _ in range(10):
                one.pool.sweep(time.monotonic_ns())
                await asyncio.sleep(0.01)
            assert not one.pool.connections & set(first)
            assert len(one.pool.connections) == 2
            assert await one.request() is Outcome.OK


async def test_https_is_verified_against_the_given_authority(tmp_path: Path) -> None:
    pem = await asyncio.to_thread(make_certificate, tmp_path)
    ca_pem = (await asyncio.to_thread(pem.read_bytes)).split(b"-----BEGIN PRIVATE")[0]
    trusting = await asyncio.to_thread(lambda: client_context(ca_pem, b"", b"", verify=True))
    plain = await asyncio.to_thread(lambda: client_context(b"", b"", b"", verify=True))
    careless = await asyncio.to_thread(lambda: client_context(b"", b"", b"", verify=False))
    context = await asyncio.to_thread(server_context, pem)
    with FaultServer(answering(OK), context) as server:
        for tls, expected in ((trusting, Outcome.OK), (plain, Outcome.TLS_FAILED), (careless, Outcome.OK)):
            async with client(server.url, tls=tls) as one:
                assert await one.request() is expected
                assert await one.request() is expected


async def test_plain_text_on_a_tls_port_and_the_reverse_are_told_apart() -> None:
    careless = await asyncio.to_thread(lambda: client_context(b"", b"", b"", verify=False))
    with FaultServer(answering(OK)) as server:
        async with client(server.url.replace("http", "https"), tls=careless, timeout_ns=500 * MS) as one:
            assert await one.request() in (Outcome.TLS_FAILED, Outcome.CONNECT_TIMEOUT, Outcome.DROPPED_LATE)
