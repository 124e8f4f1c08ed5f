"""Requests with fields, as a server receives them: the same for any number of workers, correct to the byte."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from loadgen.core.feeder import read_feeder
from loadgen.core.redact import Secret
from loadgen.core.units import Rate
from loadgen.plan.model import Closed, Header, LoadPlan, Stage, Target
from loadgen.worker.assemble import Place, assemble, renew_token
from loadgen.worker.requests import Requests
from tests.support.kernels import kernel as kernel
from tests.support.load_plans import S, check_identities, load_plan
from tests.support.servers import OK, FaultServer, answering

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.worker_process import WorkerProcess

BODY = '{"name": "${users.name}", "id": ${users.id}, "dice": ${int:1:6}}'
JSON_TYPE = Header("Content-Type", "application/json")


def _plan(url: str, tmp_path: Path, policy: str = "sequential", rate_per_s: float = 200, **more: Any) -> LoadPlan:
    (tmp_path / "users.csv").write_text('id,name\n1,"Ann ""Lee"""\n2,Bö%sb\n3,a/b?c&d\n')
    place = url.rstrip("/") + "/u/${users.name}?n=${index}&100%25"
    post = Target("post", place, "POST", (Header("X-Id", "${uuid}"), JSON_TYPE), BODY.encode(), 3, (2,), templated=True)
    plain = Target("plain", url + "plain", expected=(2,))
    return load_plan(
        url,
        rate_per_s,
        0.5,
        targets=(post, plain),
        feeders=(read_feeder("users", str(tmp_path / "users.csv"), policy),),
        **more,
    )


def _parts(request: bytes) -> tuple[str, dict[str, str], bytes]:
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, dict(line.split(": ", 1) for line in lines), body


def test_a_request_is_correct_to_the_byte(worker: WorkerProcess, tmp_path: Path, kernel: str) -> None:
    with FaultServer(answering(OK)) as server:
        account = worker.run(_plan(server.url, tmp_path))

    assert account.totals["done"] == 100
    check_identities(account)
    assert account.totals["bytes_out"] == sum(map(len, server.requests))
    posts = [_parts(request) for request in server.requests if request.startswith(b"POST")]
    assert 60 < len(posts) < 90, "three parts of four"
    assert {first.split("?")[0] for first, _, _ in posts} == {
        "POST /u/Ann%20%22Lee%22",
        "POST /u/B%C3%B6%25sb",
        "POST /u/a%2Fb%3Fc%26d",
    }
    for first, headers, body in posts:
        document = json.loads(body)
        assert document["name"] == {1: 'Ann "Lee"', 2: "Bö%sb", 3: "a/b?c&d"}[document["id"]]
        assert int(headers["Content-Length"]) == len(body)
        assert headers["Host"] == f"127.0.0.1:{server.port}"
        assert first.endswith("&100%25 HTTP/1.1")
    assert len({headers["X-Id"] for _, headers, _ in posts}) == len(posts)


def test_rows_in_order_are_counted_by_the_requests_that_use_them(worker: WorkerProcess, tmp_path: Path) -> None:
    with FaultServer(answering(OK)) as server:
        worker.run(_plan(server.url, tmp_path, concurrency=1))

    ids = [json.loads(_parts(request)[2])["id"] for request in server.requests if request.startswith(b"POST")]
    assert ids == [1 + number % 3 for number in range(len(ids))]


def test_two_workers_send_what_one_sends(worker: WorkerProcess, tmp_path: Path) -> None:
    sent = []
    for count in (1, 2):
        with FaultServer(answering(OK)) as server:
            plan = _plan(server.url, tmp_path, "random", first_index=7)
            for index in range(count):
                worker.run(plan, index=index, count=count)
        sent.append(sorted(request.replace(b":%d" % server.port, b"") for request in server.requests))

    assert sent[0] == sent[1]
    assert len(sent[0]) == 100


def test_a_closed_load_fills_its_requests_too(worker: WorkerProcess, tmp_path: Path) -> None:
    with FaultServer(answering(OK)) as server:
        plan = _plan(server.url, tmp_path, closed=Closed(0), requests=40, stages=(Stage(Rate(0, 1), 5 * S),))
        account = worker.run(plan)

    assert account.totals["done"] == 40
    indexes = {int(_parts(r)[0].split("n=")[1].split("&")[0]) for r in server.requests if r.startswith(b"POST")}
    assert indexes < set(range(40))
    assert len(indexes) == sum(r.startswith(b"POST") for r in server.requests)


def test_a_timestamp_is_that_of_the_due_time(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        target = Target("at", server.url + "${timestamp:ms}", expected=(2,), templated=True)
        worker.run(load_plan(server.url, 50, 0.4, targets=(target,), concurrency=2))

    at_ms = sorted(int(_parts(request)[0].split("/")[1].split()[0]) for request in server.requests)
    gaps = [later - earlier for earlier, later in pairwise(at_ms)]
    assert set(gaps) <= {19, 20, 21}


def test_a_renewed_token_is_in_the_requests_made_after_it() -> None:
    target = Target("t", "http://h/${index}", headers=(Header("Authorization", Secret("Bearer one")),), templated=True)
    plan = load_plan("http://h/", targets=(target,), bearer=Secret("one"))
    endpoints = assemble(plan, Place(0, 1)).endpoints
    requests = Requests(plan, endpoints, [0.0], 0)
    before = requests.of(0, 1, [0], [0])[0].request

    renew_token(plan, endpoints, Secret("two"))

    after = requests.of(1, 1, [0], [0])[0].request
    assert (b"GET /0 HTTP/1.1" in before, b"Bearer one" in before) == (True, True)
    assert after == before.replace(b"/0 ", b"/1 ").replace(b"one", b"two")
