"""What a worker makes of answers that are looked into: expectations, coding, redirects, cookies."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import pytest

from loadgen.core.expectation import read_expectations
from loadgen.plan.model import Header, Target
from tests.support.kernels import kernel as kernel
from tests.support.load_plans import check_identities, load_plan
from tests.support.servers import CHUNKED, Exchange, FaultServer, answering
from tests.support.worker_process import WorkerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgen.plan.model import LoadPlan
    from tests.support.worker_process import Account


class Lasting:
    """One worker for many plans, as a capacity search uses it; another one when its lease ran out in between."""

    def __init__(self) -> None:
        self.process = WorkerProcess()

    def run(self, plan: LoadPlan) -> Account:
        try:
            return self.process.run(plan)
        except BrokenPipeError:
            self.process.close()
            self.process = WorkerProcess()
            return self.process.run(plan)


@pytest.fixture(scope="module")
def lasting() -> Iterator[Lasting]:
    worker = Lasting()
    yield worker
    worker.process.close()


def _answer(body: bytes, head: str = "", status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _run(worker: WorkerProcess | Lasting, url: str, *rules: str, **more: object) -> Account:
    target = Target("only", url, expected=(2,), expect=read_expectations(list(rules)), **more)  # type: ignore[arg-type]
    return worker.run(load_plan(url, 100, 0.2, targets=(target,), concurrency=2))


JSON = b'{"status": "ok", "items": [{"id": 7}], "on": true}'
GZIPPED = _answer(gzip.compress(JSON), "Content-Encoding: gzip\r\n")
TWO_MEMBERS = _answer(gzip.compress(b"stat") + gzip.compress(b"us"), "Content-Encoding: gzip\r\n")
DEFLATED = _answer(zlib.compress(JSON), "Content-Encoding: deflate\r\n")
LONG = _answer(b"a" * (1 << 20) + b"z")
BOMB = _answer(gzip.compress(b"a" * (1 << 21)), "Content-Encoding: gzip\r\n")


@pytest.mark.parametrize(
    ("answer", "rules", "label"),
    [
        pytest.param(_answer(JSON), ["status 200", "json $.items[0].id=7", "contains ok"], "", id="all hold"),
        pytest.param(_answer(JSON), ["json $.on=true", "json $.status = ok", "matches it.*7"], "", id="values"),
        pytest.param(_answer(JSON), ["json $.on=1"], "expect:json $.on=1", id="true is not 1"),
        pytest.param(_answer(JSON), ["contains ok", "lacks items"], "expect:lacks items", id="lacks"),
        pytest.param(_answer(b"no json"), ["json $.a"], "expect:json $.a", id="no json"),
        pytest.param(_answer(b"", status="201 X"), ["status 200"], "expect:status 200", id="status"),
        pytest.param(_answer(b"", status="404 X"), ["status 404"], "", id="expected 404"),
        pytest.param(_answer(b"", status="500 X"), ["contains x"], "http_5xx", id="class first"),
        pytest.param(_answer(b"", "X-A: 1\r\n"), ["header x-a=1", "header X-A"], "", id="header"),
        pytest.param(_answer(b"", "X-A: 1\r\n"), ["header x-a=2"], "expect:header x-a=2", id="other header"),
        pytest.param(GZIPPED, ["contains status"], "", id="gzip"),
        pytest.param(TWO_MEMBERS, ["contains status"], "", id="gzip in two members"),
        pytest.param(DEFLATED, ["contains status"], "", id="deflate"),
        pytest.param(_answer(JSON, "Content-Encoding: gzip\r\n"), ["contains a"], "body_unreadable", id="no gzip"),
        pytest.param(_answer(JSON, "Content-Encoding: br\r\n"), ["contains a"], "body_unreadable", id="brotli"),
        pytest.param(_answer(JSON, "Content-Encoding: br\r\n"), ["status 200"], "", id="brotli not read"),
        pytest.param(LONG, ["contains a"], "body_too_long", id="too long"),
        pytest.param(BOMB, ["contains a"], "body_too_long", id="too long when decoded"),
        pytest.param(CHUNKED, ["contains hello world"], "", id="chunked"),
    ],
)  # fmt: skip
def test_each_answer_is_judged_by_its_rules(lasting: Lasting, answer: bytes, rules: list[str], label: str) -> None:
    with FaultServer(answering(answer)) as server:
        account = _run(lasting, server.url, *rules)

    assert account.totals["failed"] == ({label: 20} if label else {})
    assert account.totals["done"] == (0 if label else 20)
    assert account.totals["bytes_in"] == 20 * len(answer)
    check_identities(account)


def test_the_first_rule_that_does_not_hold_names_the_failure(worker: WorkerProcess, kernel: str) -> None:
    with FaultServer(answering(_answer(b"x"))) as server:
        target = Target(
            "only", server.url, expected=(2,), expect=read_expectations({"one": "contains x", "two": "contains y"})
        )
        other = Target("other", server.url, expected=(2,), expect=read_expectations({"two": "header nope"}))
        account = worker.run(load_plan(server.url, 100, 0.5, targets=(target, other)))

    assert account.totals["failed"] == {"expect:two": 50}
    assert sum(interval.failed.get("expect:two", 0) for interval in account.intervals) == 50


def test_a_body_that_ends_with_the_connection_is_looked_into(lasting: Lasting) -> None:
    with FaultServer(answering(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", close=True)) as server:
        account = _run(lasting, server.url, "contains end", "lacks x")

    assert (account.totals["done"], account.totals["failed"]) == (20, {})


async def _wandering(exchange: Exchange) -> None:
    """/ leads to /a, /a to /b (with GET), and /b answers; /far leads away; /loop to itself."""
    while (request := await exchange.request()) is not None:
        path = request.split(b" ")[1]
        elsewhere = {
            b"/": "302 X|/a?x=1",
            b"/a?x=1": f"303 X|http://127.0.0.1:{exchange.server.port}/b",
            b"/far": "302 X|http://localhost:1/",
            b"/loop": "307 X|/loop",
        }
        status, _, place = elsewhere.get(path, "200 OK|").partition("|")
        exchange.writer.write(_answer(b"ok", f"Location: {place}\r\n" if place else "", status))


def test_redirects_are_part_of_their_request(worker: WorkerProcess, kernel: str) -> None:
    with FaultServer(_wandering) as server:
        token = (Header("Authorization", "Bearer t"), Header("Content-Type", "text/plain"))
        account = _run(worker, server.url, "status 200", method="POST", body=b"hello", headers=token, follow=2)

    assert account.totals["done"] == account.totals["sent"] == 20
    assert account.totals["redirects"] == {"2": 20}
    assert account.totals["bytes_out"] == sum(map(len, server.requests))
    check_identities(account)
    firsts = [request.split(b"\r\n")[0] for request in server.requests]
    assert firsts.count(b"POST / HTTP/1.1") == firsts.count(b"GET /a?x=1 HTTP/1.1") == 20
    assert firsts.count(b"GET /b HTTP/1.1") == 20
    assert all(b"Authorization: Bearer t" in request for request in server.requests)
    assert not any(b"Content-" in request for request in server.requests if request.startswith(b"GET"))


@pytest.mark.parametrize(("path", "follow"), [("", 1), ("far", 5), ("loop", 3)])
def test_a_redirect_too_many_or_to_elsewhere_is_a_failure(lasting: Lasting, path: str, follow: int) -> None:
    with FaultServer(_wandering) as server:
        account = _run(lasting, server.url + path, follow=follow)

    assert account.totals["failed"] == {"redirect_not_followed": 20}
    check_identities(account)


async def _greeting(exchange: Exchange) -> None:
    """Give each connection a cookie of its own, and one that it takes back at once."""
    number = exchange.server.connections
    while await exchange.request() is not None:
        cookies = f"Set-Cookie: id={number}; Path=/; HttpOnly\r\nSet-Cookie: gone=1\r\nSet-Cookie: gone=; Max-Age=0\r\n"
        exchange.writer.write(_answer(b"ok", cookies))


def test_each_connection_keeps_its_own_cookies(lasting: Lasting) -> None:
    with FaultServer(_greeting) as server:
        account = _run(lasting, server.url, cookies=True)

    assert account.totals["done"] == 20
    sent = [line for request in server.requests for line in request.split(b"\r\n") if line.startswith(b"Cookie")]
    assert set(sent) == {b"Cookie: id=1", b"Cookie: id=2"}
    assert account.totals["bytes_out"] == sum(map(len, server.requests))
    assert len(sent) == 18, "all but the first of each of two connections"


def test_without_cookies_none_are_sent(lasting: Lasting) -> None:
    with FaultServer(_greeting) as server:
        _run(lasting, server.url)

    assert not any(b"Cookie" in request for request in server.requests)
