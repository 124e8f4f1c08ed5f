"""What the engine measures is true: exact counts, a frozen server, a late generator, a limited catch-up."""

from __future__ import annotations

import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from loadgen.plan.model import Limits
from tests.support.load_plans import MS, S, check_identities, load_plan
from tests.support.servers import OK, FaultServer, NullServer, answering

if TYPE_CHECKING:
    from tests.support.worker_process import WorkerProcess


@pytest.mark.parametrize(
    ("rate_per_s", "duration_s", "scheduled"),
    [(0.5, 3, 1), (80, 1, 80), (101, 1, 101), (200, 1.5, 300), (1_000, 1, 1_000), (10_000, 1, 10_000)],
)
def test_the_schedule_is_exact_and_all_of_it_is_sent(
    worker: WorkerProcess, rate_per_s: float, duration_s: float, scheduled: int
) -> None:
    with NullServer() as server:
        account = worker.run(load_plan(server.url, rate_per_s, duration_s, limits=Limits()))

    check_identities(account)
    assert account.totals["scheduled"] == account.totals["sent"] == account.totals["done"] == scheduled
    assert account.histogram("lag").percentile(50) < 5 * MS


def test_a_schedule_that_is_entered_later_sends_what_is_left_of_it(worker: WorkerProcess) -> None:
    with NullServer() as server:
        account = worker.run(load_plan(server.url, 100, 2, limits=Limits(), skip_ns=1_250 * MS))

    check_identities(account)
    assert account.totals["done"] == 75
    assert len(account.intervals) <= 2


def test_a_server_frozen_for_a_tenth_of_the_run_cannot_hide(worker: WorkerProcess) -> None:
    frozen_s: list[float] = []
    with NullServer() as server:

        def freeze() -> None:
            time.sleep(1.5)
            frozen_s.append(server.freeze(0.4))

        freezer = threading.Thread(target=freeze)
        freezer.start()
        account = worker.run(load_plan(server.url, 1_000, 4, limits=Limits()))
        freezer.join()

    check_identities(account)
    assert account.totals["done"] == 4_000
    # requests due u before the end of the freeze wait u; 1 % of 4 s lies above the 99th percentile
    expected_ns = (frozen_s[0] - 0.04) * 1e9
    assert account.histogram("response").percentile(99) == pytest.approx(expected_ns, rel=0.03, abs=5 * MS)
    assert account.histogram("service").percentile(50) < 20 * MS


def test_a_generator_stopped_for_more_than_a_second_drops_what_it_missed(worker: WorkerProcess) -> None:
    with NullServer() as server:

        def stop() -> None:
            time.sleep(1.2)
            worker.signal(signal.SIGSTOP)
            time.sleep(1.3)
            worker.signal(signal.SIGCONT)

        stopper = threading.Thread(target=stop)
        stopper.start()
        account = worker.run(load_plan(server.url, 200, 4, limits=Limits()))
        stopper.join()

    check_identities(account)
    assert account.final is not None
    missed = account.totals["dropped"]["dropped_missed"]
    assert 220 <= missed <= 320
    assert missed == account.final.host["missed"]
    assert account.final.host["stall_max_ns"] >= 1_200 * MS
    assert account.totals["scheduled"] == 800
    assert account.ticks[-1].trailing_failures == 0


def test_catching_up_is_limited_in_every_second(worker: WorkerProcess) -> None:
    limits = Limits(catch_up=2)
    with FaultServer(answering(OK)) as server:

        def stop() -> None:
            time.sleep(1.0)
            worker.signal(signal.SIGSTOP)
            time.sleep(0.8)
            worker.signal(signal.SIGCONT)

        stopper = threading.Thread(target=stop)
        stopper.start()
        account = worker.run(load_plan(server.url, 100, 4, limits=limits))
        stopper.join()

    check_identities(account)
    assert account.totals["done"] == 400
    received = server.received_ns
    most = max(sum(1 for other in received if at <= other < at + S) for at in received)
    assert 110 <= most <= 205  # the server's own clock readings jitter
