"""No orphaned load: every way in which a worker's supervisor goes away, stops it, or says something wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loadgen.core.errors import ExitCode
from loadgen.core.messages import (
    Abort,
    Error,
    Exit,
    Final,
    Interval,
    Lease,
    PlanMessage,
    Ready,
    Scrape,
    Start,
    Stop,
    StopRequested,
)
from loadgen.core.redact import Secret
from loadgen.plan.codec import encode
from loadgen.plan.model import Header, Limits, Target
from tests.support.load_plans import MS, S, check_identities, load_plan
from tests.support.servers import OK, FaultServer, answering
from tests.support.worker_process import Account, WorkerProcess

FOR_EVER_S = 60


def start_load(worker: WorkerProcess, server: FaultServer, rate_per_s: float = 100) -> Account:
    """Begin a long load and wait until the server has seen some of it."""
    account = Account(worker.prepare(load_plan(server.url, rate_per_s, FOR_EVER_S)), time.monotonic_ns() + 20 * MS)
    worker.send(Start(account.t0_ns))
    for message in worker.messages(10):
        account.take(message)
        if len(server.requests) > 10:
            return account
    raise AssertionError("the link ended")


def test_hello_names_the_process(worker: WorkerProcess) -> None:
    assert (worker.hello.pid, worker.hello.role) == (worker.process.pid, "worker")


def test_without_renewal_of_the_lease_nothing_is_sent_and_the_process_ends(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        start_load(worker, server)
        worker.renewing = False
        until_ns = time.monotonic_ns() + 2 * S

        said = list(worker.messages(10))

        assert worker.wait() == ExitCode.USAGE
        ended_ns = time.monotonic_ns()
        assert max(server.received_ns) <= until_ns + 300 * MS
        assert ended_ns <= until_ns + 2 * S
        assert any(isinstance(message, Final) for message in said)
        assert [m.msg for m in said if isinstance(m, Error)] == ["the lease ran out: the supervisor no longer answers"]


def test_when_the_link_closes_the_process_ends_at_once(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        start_load(worker, server)
        closed_ns = time.monotonic_ns()
        worker.sock.close()

        assert worker.wait(5) == ExitCode.USAGE
        assert max(server.received_ns) <= closed_ns + 500 * MS


def test_a_stopped_worker_that_wakes_after_its_lease_sends_nothing(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        start_load(worker, server)
        worker.signal(signal.SIGSTOP)
        time.sleep(2.2)
        worker.signal(signal.SIGCONT)
        resumed_ns = time.monotonic_ns()

        assert worker.wait(5) == ExitCode.USAGE
        assert [at for at in server.received_ns if at > resumed_ns] == []


def test_sigterm_is_told_to_the_supervisor_and_the_load_goes_on_until_it_decides(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        account = start_load(worker, server)
        worker.signal(signal.SIGTERM)
        for message in worker.messages(5):
            account.take(message)
            if isinstance(message, StopRequested):
                assert message.reason == "a worker received SIGTERM"
                worker.send(Stop(2 * S))
            if account.final is not None:
                break

        check_identities(account)
        assert worker.leave() == 0


def test_a_second_sigterm_cuts_at_once(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        account = start_load(worker, server)
        worker.signal(signal.SIGTERM)
        worker.expect(StopRequested)
        worker.signal(signal.SIGTERM)
        for message in worker.messages(5):
            account.take(message)

        assert worker.wait() == ExitCode.SIGTERM
        assert account.final is not None
        assert account.totals["scheduled"] < 1_000


def test_ctrl_c_does_not_reach_a_worker(worker: WorkerProcess) -> None:
    worker.signal(signal.SIGINT)

    assert worker.leave() == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the death signal is Linux's")
def test_a_worker_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import os, socket, subprocess, sys, time\n"
        "a, b = socket.socketpair(); b.set_inheritable(True)\n"
        "c = subprocess.Popen([sys.executable, '-P', '-m', 'loadgen.worker', '--fd', str(b.fileno()), '--number', '0'],"
        " pass_fds=[b.fileno()], start_new_session=True)\n"
        "a.recv(10); print(c.pid, flush=True)\n"
        "os.dup2(a.fileno(), 99, inheritable=False); time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait(5)
    parent.stdout.close()

    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and Path(f"/proc/{child}/stat").exists():
        if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.05)
    else:
        assert not Path(f"/proc/{child}/stat").exists()


def test_a_stop_ends_sending_at_once_and_leaves_the_backlog_unsent(worker: WorkerProcess) -> None:
    limits = Limits(timeout_ns=5 * S, drain_ns=3 * S)
    with FaultServer(answering(OK, delay_s=0.3)) as server:
        plan = load_plan(server.url, 50, FOR_EVER_S, concurrency=3, limits=limits)
        account = worker.run(plan, stop_after_s=1.2)

        check_identities(account)
        assert account.totals["unsent"] > 20
        assert account.totals["in_flight"] == 0
        assert len(server.requests) == account.totals["sent"] == account.totals["done"]
        assert worker.leave() == 0


def test_an_abort_cuts_tells_the_account_and_exits(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK, delay_s=0.3)) as server:
        account = start_load(worker, server)
        worker.send(Abort())
        for message in worker.messages(5):
            account.take(message)

        check_identities(account)
        assert account.totals["in_flight"] > 0
        assert worker.wait() == 0


def test_a_stop_before_the_start_gives_an_empty_account(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        worker.prepare(load_plan(server.url))
        worker.send(Stop(0))

        final = worker.expect(Final)

    assert (final.totals["scheduled"], final.totals["sent"]) == (0, 0)
    assert worker.leave() == 0


def test_an_interval_comes_every_second_and_ticks_four_times_as_often(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        account = worker.run(load_plan(server.url, 40, 2.5))

    check_identities(account)
    assert [interval.scheduled for interval in account.intervals] == [40, 40, 20]
    assert 8 <= len(account.ticks) <= 12
    assert account.ticks[-1].at_ns > account.t0_ns + 2 * S
    assert {tag for interval in account.intervals for tag in interval.histograms} == {
        "response", "response_ok", "service", "lag", "wait", "connect", "first_byte", "transfer", "endpoint:only",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (Start(1), "a start came without a plan that is ready"),
        (Scrape("start"), "a worker has no use for a scrape message"),
        (PlanMessage({"nonsense": 1}), r"the plan cannot be run: LoadPlan: missing .* unknown \['nonsense'\]"),
        (PlanMessage(encode(load_plan("ftp://x/"))), "the plan cannot be run: not an absolute http or https URL"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_an_error_that_says_why(worker: WorkerProcess, first: Start, message: str) -> None:
    worker.send(Lease(time.monotonic_ns() + 2 * S))
    worker.send(first)

    with pytest.raises(AssertionError, match=message):
        worker.expect(Final)
    assert worker.wait() == ExitCode.USAGE


def test_a_start_without_a_lease_is_refused() -> None:
    worker = WorkerProcess(renewing=False)
    try:
        with FaultServer(answering(OK)) as server:
            worker.send(PlanMessage(encode(load_plan(server.url))))
            worker.expect(Ready)
            worker.send(Start(time.monotonic_ns()))

            with pytest.raises(AssertionError, match="a start came without a lease in force"):
                worker.expect(Final)
        assert server.requests == []
    finally:
        worker.close()


def test_bytes_that_are_no_message_end_the_worker(worker: WorkerProcess) -> None:
    worker.sock.sendall(b"hello\n")

    with pytest.raises(AssertionError, match="the supervisor's message cannot be read"):
        worker.expect(Final)
    assert worker.wait() == ExitCode.USAGE


def test_a_secret_of_the_plan_is_masked_in_an_error(worker: WorkerProcess) -> None:
    secret = "s3cret-value-of-a-header"
    target = Target("x", "http://127.0.0.1:1/", headers=(Header("A: B", Secret(secret)),))
    worker.send(PlanMessage(encode(load_plan("", targets=(target,)))))

    with pytest.raises(AssertionError, match="header 'A: B' has a character that cannot be sent") as caught:
        worker.expect(Final)
    assert secret not in str(caught.value)


def test_exit_leaves_with_success_and_prints_nothing(worker: WorkerProcess) -> None:
    worker.send(Exit())

    assert worker.wait() == 0
    assert worker.stderr() == ""


def test_two_workers_share_one_schedule_exactly() -> None:
    with FaultServer(answering(OK)) as server:
        workers = [WorkerProcess(number) for number in range(2)]
        try:
            plan = load_plan(server.url, 101, 1, concurrency=7, workers=2)
            details = [worker.prepare(plan, index, 2) for index, worker in enumerate(workers)]
            t0_ns = time.monotonic_ns() + 50 * MS
            for worker in workers:
                worker.send(Start(t0_ns))
            accounts = []
            for worker, detail in zip(workers, details, strict=True):
                account = Account(detail, t0_ns)
                for message in worker.messages(10):
                    account.take(message)
                    if account.final is not None:
                        break
                accounts.append(account)
                for other in workers:
                    other.renew()
        finally:
            for worker in workers:
                worker.close()

    assert [account.totals["scheduled"] for account in accounts] == [51, 50]
    assert [detail["connections"] for detail in details] == [4, 3]
    for account in accounts:
        check_identities(account)
        assert account.totals["done"] == account.totals["scheduled"]


def test_the_link_is_not_inherited_by_anybody() -> None:
    worker = WorkerProcess()
    try:
        flags = Path(f"/proc/{worker.process.pid}/fdinfo")
        descriptor = next(
            int(entry.name)
            for entry in Path(f"/proc/{worker.process.pid}/fd").iterdir()
            if int(entry.name) > 2 and os.readlink(entry).startswith("socket:")
        )
        octal = next(line.split()[1] for line in (flags / str(descriptor)).read_text().splitlines() if "flags" in line)
        assert int(octal, 8) & os.O_CLOEXEC
    finally:
        worker.close()


def test_the_interval_messages_are_ordered_even_when_many_endpoints_are_encoded(worker: WorkerProcess) -> None:
    with FaultServer(answering(OK)) as server:
        targets = tuple(Target(f"number {number}", server.url + str(number)) for number in range(60))
        account = worker.run(load_plan("", 300, 2.2, targets=targets))

    check_identities(account)
    assert len(account.intervals) == 3
    assert all(isinstance(interval, Interval) for interval in account.intervals)
