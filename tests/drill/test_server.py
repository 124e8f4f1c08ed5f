"""Processes that a drill stops or kills: only servers of ours, and none stays stopped."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import InputError
from loadgen.drill.server import check_server, is_stopped, kill_server, stopped

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_STOP_AND_DIE = """
import asyncio, os, signal, sys
from loadgen.drill.server import stopped
async def main():
    async with stopped(int(sys.argv[1])):
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


@contextmanager
def sleeper(directory: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program under a name of our choice."""
    program = shutil.copy(shutil.which("sleep") or "/bin/sleep", directory / name)
    process = subprocess.Popen([program, "60"])
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def until(pid: int, *, stopped_now: bool) -> None:
    """Wait until a process is stopped, or runs: signals take a moment."""
    async with asyncio.timeout(10):
        while is_stopped(pid) is not stopped_now:
            await asyncio.sleep(0.02)


async def test_a_server_is_stopped_for_the_block_and_continued_after_it(tmp_path: Path) -> None:
    with sleeper(tmp_path, "valkey-server") as server:
        async with stopped(server.pid):
            await until(server.pid, stopped_now=True)
        await until(server.pid, stopped_now=False)


async def test_a_server_is_continued_when_the_drill_is_killed(tmp_path: Path) -> None:
    with sleeper(tmp_path, "redis-server") as server:
        killed = await asyncio.create_subprocess_exec(sys.executable, "-c", _STOP_AND_DIE, str(server.pid))
        assert await killed.wait() == -signal.SIGKILL
        await until(server.pid, stopped_now=False)


def test_a_process_that_is_no_server_is_never_signalled(tmp_path: Path) -> None:
    with sleeper(tmp_path, "sleep") as other:
        for pid in (other.pid, os.getpid()):
            with pytest.raises(InputError, match="is no Valkey server of yours on this machine"):
                kill_server(pid)
        assert other.poll() is None


def test_a_process_that_is_gone_is_no_server(tmp_path: Path) -> None:
    with sleeper(tmp_path, "valkey-server") as server:
        check_server(server.pid)
        kill_server(server.pid)
        assert server.wait(10) == -signal.SIGKILL
        with pytest.raises(InputError, match="server_pid"):
            check_server(server.pid)
    assert not is_stopped(server.pid)
