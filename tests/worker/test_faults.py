"""A real worker process against servers that misbehave: each request ends once, and every account adds up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.outcome import DROPPED_LABELS
from loadgen.core.units import Rate
from loadgen.plan.model import Header, Late, Limits, Stage, Target, Tls
from tests.support.load_plans import MS, S, check_identities, load_plan
from tests.support.servers import (
    CHUNKED,
    GARBAGE,
    NO_LENGTH,
    OK,
    TRUNCATED,
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
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.support.worker_process import WorkerProcess


@pytest.mark.parametrize(
    ("script", "label"),
    [
        pytest.param(answering(OK), "done", id="ok"),
        pytest.param(answering(OK, delay_s=0.05), "done", id="slow"),
        pytest.param(answering(CHUNKED), "done", id="chunked"),
        pytest.param(answering(NO_LENGTH, close=True), "done", id="no length"),
        pytest.param(answering(TRUNCATED, close=True), "closed_early", id="truncated"),
        pytest.param(closing, "closed_early", id="closed early"),
        pytest.param(half_closing, "closed_early", id="half closed"),
        pytest.param(resetting, "reset", id="reset"),
        pytest.param(answering(GARBAGE), "bad_response", id="garbage"),
        pytest.param(hanging, "timeout", id="hang"),
        pytest.param(answering(b"HTTP/1.1 301 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), "unexpected_redirect",
                     id="redirect"),
    ],
)  # fmt: skip
def test_every_request_ends_as_the_fault_demands(worker: WorkerProcess, script: Script, label: str) -> None:
    with FaultServer(script) as server:
        account = worker.run(load_plan(server.url, 60, 1.2))

    assert account.totals["scheduled"] == 72
    check_identities(account)
    ended = {"done": account.totals["done"], **account.totals["failed"]}
    assert ended[label] == account.totals["sent"] == len(server.requests)
    assert worker.leave() == 0


def test_a_keep_alive_connection_closed_by_the_server_costs_a_request_at_most_when_it_was_written(
    worker: WorkerProcess,
) -> None:
    with FaultServer(closing_when_idle) as server:
        account = worker.run(load_plan(server.url, 100, 1))

    check_identities(account)
    assert set(account.totals["failed"]) <= {"reset", "closed_early"}
    assert account.totals["done"] == len(server.requests)
    assert account.totals["done"] >= 80


@pytest.mark.parametrize(
    ("place", "labels"),
    [(refusing_port, {"connect_refused"}), (unaccepting_port, {"connect_timeout", "dropped_late"})],
)
def test_without_a_connection_every_request_is_dropped_with_the_reason(
    worker: WorkerProcess, place: Callable[[], AbstractContextManager[int]], labels: set[str]
) -> None:
    with place() as port:
        account = worker.run(load_plan(f"http://127.0.0.1:{port}/", 200, 1), within_s=20)

    check_identities(account)
    assert account.ready["connections"] == 0
    assert f"127.0.0.1:{port}" in account.ready["why"]
    assert account.totals["scheduled"] == sum(account.totals["dropped"].values()) + account.totals["unsent"] == 200
    assert set(account.totals["dropped"]) <= labels
    assert account.ticks[-1].trailing_failures > 0


def test_a_hang_of_everything_drops_what_waits_longer_than_the_timeout(worker: WorkerProcess) -> None:
    with FaultServer(hanging) as server:
        account = worker.run(load_plan(server.url, 100, 2, concurrency=2))

    check_identities(account)
    response = account.histogram("response")
    assert account.totals["failed"].keys() == {"timeout"}
    assert account.totals["dropped"].keys() == {"dropped_late"}
    assert account.totals["scheduled"] == 200
    assert response.percentile(1) >= 499 * MS
    assert account.histogram("service").min_ns >= 499 * MS
    assert max(tick.backlog for tick in account.ticks) <= 60
    assert worker.leave() == 0


def test_late_drop_ends_at_once_what_finds_every_connection_busy(worker: WorkerProcess) -> None:
    limits = Limits(timeout_ns=S, drain_ns=2 * S, late=Late.DROP)
    with FaultServer(answering(OK, delay_s=0.2)) as server:
        account = worker.run(load_plan(server.url, 50, 1, concurrency=2, limits=limits))

    check_identities(account)
    assert set(account.totals["dropped"]) == {"dropped_late"}
    assert 6 <= account.totals["done"] <= 12
    assert account.histogram("wait").percentile(100) < 100 * MS


def test_a_target_slower_than_the_load_is_queued_and_then_drained(worker: WorkerProcess) -> None:
    limits = Limits(timeout_ns=5 * S, drain_ns=10 * S)
    with FaultServer(answering(OK, delay_s=0.1)) as server:
        account = worker.run(load_plan(server.url, 40, 1, concurrency=2, limits=limits))

    check_identities(account)
    assert account.totals["done"] == 40
    assert account.histogram("wait").percentile(100) > 700 * MS
    assert account.histogram("lag").percentile(50) < 20 * MS


def test_the_drain_is_bounded_and_what_is_left_is_told(worker: WorkerProcess) -> None:
    limits = Limits(timeout_ns=5 * S, drain_ns=300 * MS)
    with FaultServer(hanging) as server:
        account = worker.run(load_plan(server.url, 20, 1, concurrency=4, limits=limits))

    check_identities(account)
    assert account.totals["in_flight"] == 4
    assert account.totals["unsent"] == 16
    assert account.totals["failed"] == account.totals["dropped"] == {}
    assert account.histogram("response").percentile(100) >= 1_200 * MS


def test_https_works_from_end_to_end(worker: WorkerProcess, tmp_path: Path) -> None:
    pem = make_certificate(tmp_path)
    with FaultServer(answering(OK), server_context(pem)) as server:
        account = worker.run(
            load_plan(server.url, 100, 1, tls=Tls(ca_pem=pem.read_bytes().split(b"-----BEGIN PRIV")[0]))
        )

    check_identities(account)
    assert account.totals["done"] == 100
    assert server.connections == 20


def test_a_certificate_nobody_vouches_for_drops_every_request_as_tls_failed(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    with FaultServer(answering(OK), server_context(make_certificate(tmp_path))) as server:
        account = worker.run(load_plan(server.url, 20, 1))

    check_identities(account)
    assert account.totals["dropped"] == {"tls_failed": 20}
    assert server.requests == []


def test_methods_headers_bodies_and_weights_reach_the_server(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        targets = (
            Target("get", server.url + "a?b=1", headers=(Header("X-Kind", "read"),), weight=3),
            Target("post", server.url + "c", method="POST", body=b'{"x": 1}', weight=1),
        )
        account = worker.run(load_plan("", 200, 1, targets=targets))

    check_identities(account)
    posts = [request for request in server.requests if request.startswith(b"POST /c ")]
    gets = [request for request in server.requests if request.startswith(b"GET /a?b=1 ")]
    assert len(posts) + len(gets) == 200
    assert all(request.endswith(b'{"x": 1}') for request in posts)
    assert all(b"\r\nX-Kind: read\r\n" in request for request in gets)
    assert 30 <= len(posts) <= 70
    assert account.totals["endpoints"]["post"]["sent"] == len(posts)
    assert account.histogram("endpoint:get").total == len(gets)


def test_two_origins_share_the_connections(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as one, FaultServer(resetting) as other:
        targets = (Target("good", one.url), Target("bad", other.url))
        account = worker.run(load_plan("", 100, 1, targets=targets, concurrency=6))

    check_identities(account)
    assert account.ready["connections"] == 6
    assert account.totals["endpoints"]["good"]["failed"] == 0
    assert account.totals["endpoints"]["bad"]["done"] == 0
    assert account.totals["failed"] == {"reset": account.totals["endpoints"]["bad"]["sent"]}


def test_running_out_of_descriptors_is_our_own_fault(worker: WorkerProcess) -> None:
    import resource

    resource.prlimit(worker.process.pid, resource.RLIMIT_NOFILE, (24, 24))
    with FaultServer(hanging) as server:
        account = worker.run(load_plan(server.url, 50, 1, concurrency=30))

    check_identities(account)
    assert account.final is not None
    assert account.final.host["descriptor_limit"] == 24
    assert account.final.host["descriptors"] >= 20
    assert account.totals["dropped"]["no_descriptor"] > 0
    assert set(account.totals["dropped"]) <= set(DROPPED_LABELS)


def test_a_phase_follows_another_in_the_same_process(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        first = worker.run(load_plan(server.url, 50, 0.5))
        second = worker.run(load_plan(server.url, 150, 0.5, stages=(Stage(Rate(150, S), S // 2),)))

    check_identities(first)
    check_identities(second)
    assert (first.totals["done"], second.totals["done"]) == (25, 75)
    assert worker.leave() == 0
