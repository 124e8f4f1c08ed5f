"""A closed load: slots that wait for their answers, think, give up in time, and never spin."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.shape import Closed, Stage
from loadgen.core.units import Rate
from loadgen.plan.model import Limits, LoadPlan
from tests.support.load_plans import MS, S, check_identities, load_plan
from tests.support.servers import OK, FaultServer, NullServer, answering, hanging, refusing_port, resetting

if TYPE_CHECKING:
    from tests.support.worker_process import WorkerProcess


def closed_plan(url: str, duration_s: float, concurrency: int, think_ms: int = 0, **more: Any) -> LoadPlan:
    stages = (Stage(Rate(0, 1), int(duration_s * S)),)
    return load_plan(url, stages=stages, concurrency=concurrency, closed=Closed(think_ms * MS), **more)


def test_a_slot_sends_its_next_request_when_it_has_its_answer(worker: WorkerProcess) -> None:
    """Four slots at a service of 50 ms get 20 answers a second each."""
    with FaultServer(answering(OK, delay_s=0.05)) as server:
        account = worker.run(closed_plan(server.url, 2, 4))

    check_identities(account)
    assert account.totals["done"] == pytest.approx(4 * 40, rel=0.15)
    assert max(interval.in_flight for interval in account.intervals) <= 4
    assert account.histogram("response").percentile(50) == pytest.approx(50 * MS, rel=0.2)
    assert account.histogram("wait").max_ns < 20 * MS


def test_latency_counts_from_the_moment_the_slot_was_free(worker: WorkerProcess) -> None:
    """A server frozen for 0.5 s costs each of two slots one slow request and hides all others: so it is documented."""
    with NullServer() as server:

        def freeze() -> None:
            time.sleep(0.8)
            server.freeze(0.5)

        freezer = threading.Thread(target=freeze)
        freezer.start()
        account = worker.run(closed_plan(server.url, 2, 2, limits=Limits()))
        freezer.join()

    response = account.histogram("response")
    slow = round((1 - response.share_at_or_below(300 * MS)) * response.total)
    assert slow <= 2
    assert response.max_ns > 400 * MS
    check_identities(account)


@pytest.mark.parametrize("concurrency", [1, 7, 200])
def test_a_number_of_requests_is_exact(worker: WorkerProcess, concurrency: int) -> None:
    with NullServer() as server:
        began = time.monotonic()
        account = worker.run(closed_plan(server.url, 60, concurrency, requests=150, limits=Limits()))

    check_identities(account)
    assert account.totals["done"] == account.totals["scheduled"] == 150
    assert time.monotonic() - began < 20


def test_the_workers_together_send_the_number_of_requests(worker: WorkerProcess) -> None:
    with NullServer() as server:
        plan = closed_plan(server.url, 60, 5, requests=103, limits=Limits())
        sent = [worker.run(plan, index=index, count=2).totals["sent"] for index in range(2)]

    assert sent == [52, 51]


def test_a_worker_without_a_request_of_its_own_ends_at_once(worker: WorkerProcess) -> None:
    """Of 2 requests the third of three workers has none; it must not wait for the end of the duration."""
    with NullServer() as server:
        began = time.monotonic()
        account = worker.run(closed_plan(server.url, 60, 8, requests=2, limits=Limits()), index=2, count=3)

    assert account.totals["scheduled"] == account.totals["sent"] == 0
    assert time.monotonic() - began < 20


def test_slots_begin_spread_over_the_think_time_and_rest_that_long(worker: WorkerProcess) -> None:
    with NullServer() as server:
        account = worker.run(closed_plan(server.url, 1, 4, think_ms=200))

    check_identities(account)
    assert account.totals["done"] == pytest.approx(20, abs=4)
    assert account.histogram("service").total == account.totals["done"]


def test_a_target_that_refuses_is_not_asked_in_a_spin(worker: WorkerProcess) -> None:
    with refusing_port() as port:
        account = worker.run(closed_plan(f"http://127.0.0.1:{port}/", 1, 3))

    check_identities(account)
    assert 3 <= account.totals["scheduled"] <= 3 * 11
    assert set(account.totals["dropped"]) == {"connect_refused"}


def test_a_slot_goes_on_after_a_timeout_and_after_a_reset(worker: WorkerProcess) -> None:
    with FaultServer(hanging) as server:
        silent = worker.run(closed_plan(server.url, 1.2, 2, limits=Limits(timeout_ns=300 * MS, drain_ns=S)))
    with FaultServer(resetting) as server:
        cut = worker.run(closed_plan(server.url, 0.5, 2))

    check_identities(silent)
    assert silent.totals["failed"] == {"timeout": silent.totals["scheduled"]}
    assert 6 <= silent.totals["scheduled"] <= 8
    check_identities(cut)
    assert cut.totals["sent"] > 10


def test_a_stop_ends_the_slots(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK, delay_s=0.02)) as server:
        account = worker.run(closed_plan(server.url, 60, 3), stop_after_s=0.7)

    check_identities(account)
    assert account.totals["in_flight"] == account.totals["unsent"] == 0
    assert account.totals["done"] == account.totals["scheduled"] < 200


def test_a_worker_that_was_held_up_sends_no_more_than_its_slots(worker: WorkerProcess) -> None:
    with NullServer() as server:

        def hold() -> None:
            time.sleep(0.7)
            worker.signal(signal.SIGSTOP)
            time.sleep(1.2)
            worker.signal(signal.SIGCONT)

        holder = threading.Thread(target=hold)
        holder.start()
        account = worker.run(closed_plan(server.url, 3, 2, think_ms=100, limits=Limits()))
        holder.join()

    check_identities(account)
    assert account.totals["scheduled"] <= 2 * 21
    assert account.final is not None
    assert account.final.host["stalls"] >= 1
