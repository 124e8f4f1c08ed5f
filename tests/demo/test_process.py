"""The service as a process: how it is started, stopped, and seen by others."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from subprocess import PIPE

import aiohttp
import psutil
import pytest
from click.testing import CliRunner

from loadgen.cli.demo import demo as command
from loadgen.core.clock import monotonic_ns
from loadgen.core.errors import InputError
from loadgen.core.units import NS_PER_S
from loadgen.demo.__main__ import announce
from tests.support.demo import demo_process, plain_environment


async def run(*arguments: str, **environment: str) -> tuple[int, str]:
    """Run `python -m loadgen.demo` to its end and return its exit code and what it said on stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "loadgen.demo",
        *arguments,
        env={**plain_environment(), **environment},
        stdout=PIPE,
        stderr=PIPE,
    )
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode is not None
    return process.returncode, errors.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_announces_its_address_serves_and_ends_in_order(number: signal.Signals) -> None:
    async with demo_process() as started, aiohttp.ClientSession() as session:
        async with session.get(f"{started.url}/api/v2/hello") as answer:
            assert answer.status == 200

        started.process.send_signal(number)
        assert await asyncio.wait_for(started.process.wait(), 15) == 0


async def test_it_ends_although_requests_hang() -> None:
    async with demo_process("--faults", '{"hang": true}') as started, aiohttp.ClientSession() as session:
        waiting = asyncio.create_task(session.get(f"{started.url}/livez"))
        await asyncio.wait([waiting], timeout=0.3)

        started.process.terminate()
        assert await asyncio.wait_for(started.process.wait(), 15) == 0
        (await waiting).release()


async def test_a_freeze_holds_every_connection_for_its_time() -> None:
    async with demo_process() as started, aiohttp.ClientSession() as session:
        began_ns = monotonic_ns()
        async with session.put(f"{started.url}/internal/fault", json={"freeze": 1.0}) as answer:
            assert answer.status == 200
        answered_ns = monotonic_ns()
        await asyncio.sleep(0.1)
        async with session.get(f"{started.url}/livez") as answer:
            assert answer.status == 200

    assert monotonic_ns() - began_ns >= 1.0 * NS_PER_S
    assert answered_ns - began_ns < 0.9 * NS_PER_S


async def test_the_environment_and_the_clock_reach_the_process() -> None:
    async with demo_process(FEATURE_CACHE="false") as started, aiohttp.ClientSession() as session:
        async with session.get(f"{started.url}/internal/cache") as answer:
            assert (await answer.json())["impl"] == "null"
        before_ns = monotonic_ns()
        (await session.get(f"{started.url}/livez")).release()
        async with session.get(f"{started.url}/internal/received") as answer:
            received = await answer.json()

    assert before_ns < received["last_at_ns"] < monotonic_ns()
    assert received["by_path"] == {"/livez": 1}


def test_it_tells_where_its_own_redis_is_and_nobody_elses(capsys: pytest.CaptureFixture[str]) -> None:
    announce("http://127.0.0.1:1", own_redis_url="unix:///run/valkey.sock")
    announce("http://127.0.0.1:1")
    own, other = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert own["redis_url"] == "unix:///run/valkey.sock"
    assert other == {"url": "http://127.0.0.1:1", "pid": os.getpid()}


async def test_bad_settings_are_exit_2_with_every_problem() -> None:
    code, errors = await run(CACHE_IMPL="memcached", FEATURE_CACHE="perhaps")

    assert code == 2
    assert "2 problems" in errors
    assert "CACHE_IMPL = 'memcached'" in errors
    assert "Traceback" not in errors


async def test_a_port_that_is_taken_is_exit_2() -> None:
    async with demo_process() as started:
        port = started.url.rpartition(":")[2]
        code, errors = await run("--port", port)

    assert code == 2
    assert f"address = '127.0.0.1:{port}': cannot listen there" in errors


async def test_it_does_not_outlive_the_parent_it_was_told_of() -> None:
    async with demo_process("--die-with", str(os.getpid())) as started:
        assert started.process.returncode is None

    code, errors = await run("--port", "0", "--die-with", "1")
    assert (code, errors) == (0, "")


async def test_it_ends_when_its_parent_is_killed() -> None:
    """The parent in between starts the service, passes its first line on, and dies."""
    script = (
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-P', '-m', 'loadgen.demo', '--port', '0',"
        " '--die-with', str(os.getpid())], stdout=subprocess.PIPE)\n"
        "print(child.stdout.readline().decode(), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, env=plain_environment(), stdout=PIPE)
    output, _ = await asyncio.wait_for(parent.communicate(), 30)
    service = psutil.Process(json.loads(output.splitlines()[0])["pid"])

    for _ in range(200):
        if not service.is_running() or service.status() == psutil.STATUS_ZOMBIE:
            return
        await asyncio.sleep(0.05)
    service.kill()
    raise AssertionError("the service outlived its parent by ten seconds")


def test_the_command_refuses_a_public_host() -> None:
    result = CliRunner().invoke(command, ["--host", "0.0.0.0"])

    assert isinstance(result.exception, InputError)
    assert "insist with --host-anyway" in str(result.exception)


def test_the_command_refuses_a_bad_fault() -> None:
    result = CliRunner().invoke(command, ["--faults", '{"eror_share": 1}'])

    assert isinstance(result.exception, InputError)
    assert "eror_share: Extra inputs are not permitted" in str(result.exception)


async def test_the_command_says_where_it_is() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "loadgen", "demo", "--port", "0", "--require-jwt", stdout=PIPE, stderr=PIPE
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        url = line.split()[-1]
        async with aiohttp.ClientSession() as session, session.get(f"{url}/api/v2/hello") as answer:
            assert answer.status == 401
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 15) == 0
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()

    assert line.startswith("demo service  http://127.0.0.1:")
