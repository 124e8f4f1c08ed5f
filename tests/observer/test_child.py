"""The observer as a process on a link: its whole life, and every way it can end."""

from __future__ import annotations

import asyncio
import itertools
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from loadgen.core.clock import monotonic_ns
from loadgen.core.messages import (
    Error,
    Exit,
    Hello,
    ObserverFinal,
    PlanMessage,
    Probe,
    Sample,
    Scrape,
    Start,
    Stop,
    StopRequested,
)
from loadgen.core.metrics_csv import read_metrics
from tests.support.metrics_server import serving, text
from tests.support.observer_process import observer_process, plan_for
from tests.support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable


def counting() -> Callable[[], str]:
    """Return a page whose counter rises by 100 at each scrape."""
    numbers = itertools.count(100, 100)
    page = '# TYPE http_requests_total counter\nhttp_requests_total{{status="200"}} {}\n'
    return lambda: page.format(next(numbers))


async def test_a_whole_life_from_hello_to_final(tmp_path: Path) -> None:
    async with serving(text(counting())) as server, observer_process() as child:
        ready = await child.ready(plan_for(server.url + "/metrics", tmp_path))
        assert ready.detail["mode"] == "exposition"
        assert ready.detail["metrics"]["requests"] == "http_requests_total"
        assert {"memory", "cache", "cache_hit", "p95"} <= set(ready.detail["missing"])
        assert ready.detail["mandatory"][0] == "success"

        child.send(Scrape("start"))
        start = await child.get(Sample)
        assert (start.number, start.label, start.ok, start.row) == (0, "start", True, {})

        child.send(Start(monotonic_ns()))
        rows = [await child.get(Sample), await child.get(Sample)]
        assert [row.number for row in rows] == [1, 2]
        assert all(row.ok and row.row["http_success_rate"] == "1" for row in rows)
        written = await asyncio.to_thread(read_metrics, tmp_path / "metrics.csv")
        assert [row["sample_num"] for row in written] == [1, 2]

        child.send(Stop(0, "the load is over"))
        child.send(Scrape("end"))
        end = await child.get(Sample)
        assert end.label == "end"
        assert end.window is not None
        assert end.window["requests"] == end.counters["requests"] - start.counters["requests"]

        child.send(Exit())
        final = await child.get(ObserverFinal)
        assert final.summary["availability_pct"] == 100
        assert await child.exit_code() == 0
    probes = [message for message in child.seen if isinstance(message, Probe)]
    assert len(probes) >= 3
    totals = [probe.requests or 0.0 for probe in probes]
    assert totals == sorted(totals)
    assert totals[0] == 0


async def test_the_last_account_covers_everything_up_to_the_end(tmp_path: Path) -> None:
    async with serving(text(counting())) as server, observer_process() as child:
        await child.ready(plan_for(server.url, tmp_path, probe_ns=0))
        child.send(Scrape("start"))
        start = await child.get(Sample)
        child.send(Scrape("end"))
        end = await child.get(Sample)
        child.send(Exit())
        final = await child.get(ObserverFinal)
        assert end.window is not None
        assert start.window is not None
        assert final.summary["window"]["requests"] == end.window["requests"] > start.window["requests"]


async def test_metrics_that_cannot_be_used_end_it_with_an_error_and_a_remedy(tmp_path: Path) -> None:
    async with serving(text("<html>", content_type="text/html")) as server, observer_process() as child:
        await child.get(Hello)
        child.send(PlanMessage(plan_for(server.url + "/metrics", tmp_path).to_body()))
        error = await child.get(Error)
        assert error.msg == f"the metrics cannot be used: {server.url}/metrics answered an HTML page"
        assert "perhaps a login" in error.remedy
        assert await child.exit_code() == 2


async def test_a_bad_profile_is_an_error_that_names_its_problems(tmp_path: Path) -> None:
    async with observer_process() as child:
        await child.get(Hello)
        plan = plan_for("http://127.0.0.1:1/m", tmp_path, profile_text="[[requests]]\n", profile="mine")
        child.send(PlanMessage(plan.to_body()))
        error = await child.get(Error)
        assert "metric profile mine: requests[0].total: missing" in error.msg
        assert await child.exit_code() == 2


async def test_sigterm_only_asks_and_work_goes_on(tmp_path: Path) -> None:
    async with serving(text(counting())) as server, observer_process() as child:
        await child.ready(plan_for(server.url, tmp_path))
        child.process.send_signal(signal.SIGTERM)
        asked = await child.get(StopRequested)
        assert asked.reason == "SIGTERM to the observer"
        child.send(Scrape("end"))
        assert (await child.get(Sample)).ok
        child.send(Exit())
        assert await child.exit_code() == 0


async def test_it_leaves_when_the_link_closes(tmp_path: Path) -> None:
    async with serving(text(counting())) as server, observer_process() as child:
        await child.ready(plan_for(server.url, tmp_path))
        child.hang_up()
        assert await child.exit_code() == 0


async def test_bytes_that_are_no_message_end_it_with_an_error(tmp_path: Path) -> None:
    async with observer_process() as child:
        await child.get(Hello)
        child.send_bytes(b"hello?\n")
        error = await child.get(Error)
        assert "a line on the link is not a message" in error.msg
        assert await child.exit_code() == 2


async def test_a_command_before_the_plan_is_an_error() -> None:
    async with observer_process() as child:
        await child.get(Hello)
        child.send(Start(0))
        assert "start before a plan" in (await child.get(Error)).msg


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
async def test_a_full_disk_is_an_error_with_a_remedy_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "raw-metrics.txt").symlink_to("/dev/full")
    async with serving(text(counting())) as server, observer_process() as child:
        await child.ready(plan_for(server.url, tmp_path, probe_ns=0))
        child.send(Scrape("start"))
        error = await child.get(Error)
        assert error.msg.endswith("raw-metrics.txt: No space left on device")
        assert error.remedy.startswith(f"free disk space below {tmp_path}")
        assert await child.exit_code() == 2


async def test_no_secret_reaches_the_log_the_rows_the_raw_pages_or_the_messages(tmp_path: Path) -> None:
    secret = "s3cr3t-token-9876"

    def echo() -> str:
        return f'http_requests_total{{status="200",echo="{secret}"}} 1\nwhat is this {secret}\n'

    async with serving(text(echo)) as server, observer_process() as child:
        plan = plan_for(server.url, tmp_path, auth_header=f"Authorization: Bearer {secret}", secrets=[secret])
        await child.ready(plan)
        child.send(Scrape("start"))
        await child.get(Sample)
        arguments = await asyncio.to_thread(Path(f"/proc/{child.process.pid}/cmdline").read_text)
        child.send(Exit())
        await child.exit_code()
    assert server.headers[0]["Authorization"] == f"Bearer {secret}"
    assert secret not in arguments
    for path in tmp_path.iterdir():
        assert secret not in await asyncio.to_thread(path.read_text), path.name
    assert not [message for message in child.seen if secret in json.dumps(message.to_body())]


def test_a_descriptor_that_is_no_socket_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "observer", "child", "--fd", "99"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 2
    assert "--fd = '99': not the socket of a supervisor" in result.stderr


def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    code = (
        "import os, socket, subprocess, sys, time\n"
        "a, b = socket.socketpair()\n"
        "b.set_inheritable(True)\n"
        "c = subprocess.Popen([sys.executable, '-P', '-m', 'observer', 'child', '--fd', str(b.fileno())],"
        " pass_fds=[b.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)\n"
        "b.close(); a.recv(1)\n"
        "print(c.pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    parent = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    pid = int(parent.stdout)
    wait_until(lambda: not alive(pid), timeout_s=10, what="the child died with its parent")


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
