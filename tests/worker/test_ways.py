"""Real workers on every way to a target: proxies, sockets, names in TLS, client certificates, short connections."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic_ns as now_ns
from typing import TYPE_CHECKING

import pytest

from loadgen.core.messages import Start, Tick, Token
from loadgen.core.redact import Secret
from loadgen.plan.connection import Proxy, Route
from loadgen.plan.model import Header, Limits, Target, Tls
from tests.support.authority import self_signed, server_context
from tests.support.load_plans import MS, S, check_identities, load_plan
from tests.support.proxy import ConnectProxy
from tests.support.servers import OK, Exchange, FaultServer, answering, refusing_port
from tests.support.worker_process import Account

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.worker_process import WorkerProcess

WHO = Secret("Basic dXNlcjpwYXNz")


def reached(account: Account) -> dict[str, dict[str, int]]:
    """Return the answers, connections and requests by address of the only origin."""
    (addresses,) = account.totals["addresses"].values()
    return dict(addresses)


def through(proxy: ConnectProxy, authorization: Secret | None = None) -> Route:
    return Route(proxy=Proxy("127.0.0.1", proxy.port, authorization))


def test_a_proxy_gets_whole_urls_for_http_and_our_credentials(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server, ConnectProxy(wants=WHO.reveal()) as proxy:
        account = worker.run(load_plan(f"{server.url}there", 20, 1, route=through(proxy, WHO)))

    check_identities(account)
    assert account.totals["done"] == 20
    assert set(proxy.asked) == {f"GET {server.url}there HTTP/1.1"}
    assert all(b"Proxy-Authorization" not in request for request in server.requests)
    assert reached(account)["requests"] == {"127.0.0.1": 20}


def test_a_proxy_opens_tunnels_for_https_once_for_each_connection(worker: WorkerProcess, tmp_path: Path) -> None:
    pem, key = self_signed(tmp_path, "service.test", "DNS:service.test")
    with (
        FaultServer(answering(OK), server_context(pem, key)) as server,
        ConnectProxy(wants=WHO.reveal(), reach=("127.0.0.1", server.port)) as proxy,
    ):
        plan = load_plan(
            "https://service.test/", 20, 1, concurrency=3, route=through(proxy, WHO), tls=Tls(pem.read_bytes())
        )
        account = worker.run(plan)

    check_identities(account)
    assert account.totals["done"] == 20
    assert proxy.asked == ["CONNECT service.test:443 HTTP/1.1"] * 3
    assert account.histogram("connect").total == account.histogram("tls").total == 3


@pytest.mark.parametrize(
    ("proxy", "url", "group", "label"),
    [
        (ConnectProxy(wants="Basic eDp5"), "https://service.test/", "dropped", "proxy_refused"),
        (ConnectProxy(refusal=b"HTTP/1.1 502 No\r\n\r\n"), "https://service.test/", "dropped", "proxy_refused"),
        (ConnectProxy(refusal=b"220 smtp\r\n\r\n"), "https://service.test/", "dropped", "proxy_failed"),
        (ConnectProxy(wants="Basic eDp5"), "http://service.test/", "failed", "proxy_denied"),
    ],
    ids=["407 to CONNECT", "502 to CONNECT", "not HTTP", "407 to a request"],
)
def test_a_proxy_that_refuses_has_an_outcome_of_its_own(
    worker: WorkerProcess, proxy: ConnectProxy, url: str, group: str, label: str
) -> None:
    with proxy:
        account = worker.run(load_plan(url, 20, 0.5, concurrency=2, route=through(proxy)))

    check_identities(account)
    assert account.totals[group] == {label: 10}


def test_a_proxy_that_is_not_there_is_no_fault_of_the_target(worker: WorkerProcess) -> None:
    with refusing_port() as port:
        route = Route(proxy=Proxy("127.0.0.1", port))
        account = worker.run(load_plan("http://service.test/", 20, 0.5, concurrency=2, route=route))

    assert account.totals["dropped"] == {"proxy_failed": 10}


@pytest.fixture
def socket_path() -> Iterator[Path]:
    """A short path: a socket's has at most 107 bytes."""
    with TemporaryDirectory() as folder:
        yield Path(folder) / "s"


def test_a_unix_socket_takes_the_place_of_every_address(worker: WorkerProcess, socket_path: Path) -> None:
    with FaultServer(answering(OK), at=socket_path) as server:
        account = worker.run(
            load_plan("http://no-such-host.invalid/x", 20, 1, concurrency=2, route=Route(unix_socket=str(socket_path)))
        )

    check_identities(account)
    assert account.totals["done"] == 20
    assert server.requests[0].startswith(b"GET /x HTTP/1.1\r\nHost: no-such-host.invalid\r\n")
    assert reached(account)["connections"] == {str(socket_path): 2}
    assert account.totals["lookups"] == {"http://no-such-host.invalid:80": 0}


def test_tls_works_over_a_unix_socket(worker: WorkerProcess, socket_path: Path, tmp_path: Path) -> None:
    pem, key = self_signed(tmp_path, "service.test", "DNS:service.test")
    with FaultServer(answering(OK), server_context(pem, key), at=socket_path):
        route = Route(unix_socket=str(socket_path))
        account = worker.run(load_plan("https://service.test/", 20, 0.5, route=route, tls=Tls(pem.read_bytes())))

    assert account.totals["done"] == 10


def test_a_socket_that_is_not_there_is_a_failed_connection(worker: WorkerProcess, socket_path: Path) -> None:
    account = worker.run(load_plan("http://x/", 20, 0.5, route=Route(unix_socket=str(socket_path))))

    assert account.totals["dropped"] == {"connect_failed": 10}


def test_another_name_in_tls_is_asked_for_and_verified(worker: WorkerProcess, tmp_path: Path) -> None:
    pem, key = self_signed(tmp_path, "inner.test", "DNS:inner.test")
    context = server_context(pem, key)
    names: list[str | None] = []
    context.sni_callback = lambda sock, name, ctx: names.append(name)
    with FaultServer(answering(OK), context) as server:
        url, tls = server.url, Tls(pem.read_bytes())
        asked = worker.run(load_plan(url, 20, 0.5, concurrency=2, tls=tls, route=Route(server_name="inner.test")))
        other = worker.run(load_plan(url, 20, 0.5, concurrency=2, tls=tls, route=Route(server_name="other.test")))

    assert asked.totals["done"] == 10
    assert other.totals["dropped"] == {"tls_failed": 10}
    assert set(names) == {"inner.test", "other.test"}


def test_a_server_that_demands_a_client_certificate_gets_ours(worker: WorkerProcess, tmp_path: Path) -> None:
    pem, key = self_signed(tmp_path, "localhost", "IP:127.0.0.1")
    client, secret = self_signed(tmp_path, "client", password="open sesame")
    with FaultServer(answering(OK), server_context(pem, key, clients=client)) as server:
        ours = Tls(
            pem.read_bytes(),
            client.read_bytes(),
            Secret(secret.read_text()),
            key_password=Secret("open sesame"),
        )
        known = worker.run(load_plan(server.url, 20, 0.5, concurrency=2, tls=ours))
        stranger = worker.run(load_plan(server.url, 20, 0.5, concurrency=2, tls=Tls(pem.read_bytes())))

    assert known.totals["done"] == 10
    assert stranger.totals["done"] == 0
    assert set(stranger.totals["failed"]) <= {"closed_early", "reset", "bad_response"}


def test_each_request_has_its_own_connection_and_waits_for_it(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        account = worker.run(load_plan(server.url, 50, 1, route=Route(requests_per_connection=1)))

    check_identities(account)
    assert (account.totals["done"], account.totals["connects"], server.connections) == (50, 50, 50)
    assert all(b"\r\nConnection: close\r\n" in request for request in server.requests)
    assert account.histogram("connect").total == 50
    # due, then connected, then sent: the time to connect is in the wait, and so in the response
    assert account.histogram("wait").percentile(50) >= account.histogram("connect").percentile(50) * 0.9


@pytest.mark.parametrize("rate_per_s", [50, 2000], ids=["idle", "with a backlog"])
def test_a_connection_gets_no_more_requests_than_allowed(worker: WorkerProcess, rate_per_s: float) -> None:
    counts: list[int] = []

    async def counting(exchange: Exchange) -> None:
        number = len(counts)
        counts.append(0)
        while await exchange.request() is not None:
            counts[number] += 1
            exchange.writer.write(OK)

    with FaultServer(counting) as server:
        limits = Limits(timeout_ns=5 * S, drain_ns=5 * S)
        route = Route(requests_per_connection=7)
        account = worker.run(load_plan(server.url, rate_per_s, 1, limits=limits, concurrency=2, route=route))

    check_identities(account)
    assert account.totals["done"] == rate_per_s
    assert sum(counts) == rate_per_s
    assert max(counts) == 7
    assert reached(account) == {
        "answers": {"127.0.0.1": 1},
        "connections": {"127.0.0.1": account.totals["connects"]},
        "requests": {"127.0.0.1": rate_per_s},
    }


def test_the_first_byte_and_the_rest_are_timed_apart_when_they_come_apart(worker: WorkerProcess) -> None:
    head, body = OK.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", b"ok"
    with FaultServer(answering(head, body, delay_s=0.05)) as server:
        account = worker.run(load_plan(server.url, 20, 1, concurrency=5))

    check_identities(account)
    first, rest, service = (account.histogram(name) for name in ("first_byte", "transfer", "service"))
    assert first.total == rest.total == service.total == 20
    assert 45 * MS < first.min_ns < 95 * MS
    assert 45 * MS < rest.min_ns < 95 * MS
    assert service.min_ns > 95 * MS


def test_an_answer_in_one_read_has_no_transfer_and_one_that_never_comes_has_neither(worker: WorkerProcess) -> None:
    calls: list[None] = []

    async def every_other(exchange: Exchange) -> None:
        while await exchange.request() is not None:
            calls.append(None)
            if len(calls) % 2:
                exchange.writer.write(OK)

    with FaultServer(every_other) as server:
        limits = Limits(timeout_ns=200 * MS, drain_ns=2 * S)
        account = worker.run(load_plan(server.url, 20, 1, limits=limits, concurrency=10))

    check_identities(account)
    assert account.totals["done"] == account.totals["failed"]["timeout"] == 10
    assert account.histogram("first_byte").total == account.histogram("transfer").total == 10
    assert account.histogram("transfer").max_ns < 2_000
    assert account.histogram("first_byte").max_ns < 200 * MS


def test_a_renewed_token_is_in_every_request_from_then_on(worker: WorkerProcess) -> None:
    old, new = Secret("first-token-1234"), Secret("second-token-5678")
    with FaultServer(answering(OK)) as server:
        bearer = (Header("Authorization", Secret(f"Bearer {old.reveal()}")),)
        own = (Header("Authorization", Secret("Basic b3duOm93bg==")),)
        targets = (
            Target("ours", server.url + "ours", headers=bearer, expected=(2,)),
            Target("own", server.url + "own", headers=own, expected=(2,)),
        )
        account = Account(worker.prepare(load_plan(server.url, 40, 1, targets=targets, bearer=old)), now_ns() + 50 * MS)
        worker.send(Start(account.t0_ns))
        for message in worker.messages(20):
            if not account.ticks and isinstance(message, Tick):
                worker.send(Token(new.reveal()))
            account.take(message)
            if account.final is not None:
                break

    check_identities(account)
    ours = [request.count(b"second") for request in server.requests if request.startswith(b"GET /ours")]
    assert ours == sorted(ours), "once renewed, the old one is not used again"
    assert (ours[0], ours[-1]) == (0, 1)
    assert all(b"Basic b3duOm93bg==" in one for one in server.requests if one.startswith(b"GET /own"))
