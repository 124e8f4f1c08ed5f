"""The demo service's own Valkey server as a process that is killed, or stopped and continued.

Laws: only a process that is a Valkey or Redis server of this user is ever signalled; one that was stopped is continued
even when the drill is killed, by a guard that waits for the drill's end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns
from loadgen.core.errors import InputError, Problem
from loadgen.core.units import NS_PER_S
from loadgen.drill.processes import child_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_NAMES = ("valkey", "redis")
_GUARD = (
    "import os, signal, sys\n"
    "sys.stdin.buffer.read()\n"  # until the drill closes its end, by intent or by dying
    "try:\n    os.kill(int(sys.argv[1]), signal.SIGCONT)\n"
    "except ProcessLookupError:\n    pass\n"
)


def check_server(pid: int) -> None:
    """Raise InputError unless the process is a Valkey or Redis server of our own user."""
    import psutil

    try:
        process = psutil.Process(pid)
        ours = process.uids().real == os.getuid() and any(name in process.name() for name in _NAMES)
    except psutil.Error:
        ours = False
    if not ours:
        remedy = "is no Valkey server of yours on this machine, so it is not signalled: run the service here, or --demo"
        raise InputError([Problem("server_pid", str(pid), remedy)])


def kill_server(pid: int) -> None:
    """End the server as a crash would; whoever keeps it starts it again."""
    check_server(pid)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def stopped(pid: int) -> AsyncIterator[None]:
    """Stop the server for the length of the block: it keeps its connections and answers nothing."""
    check_server(pid)
    guard = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", _GUARD, str(pid),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        env=child_environment(os.environ), start_new_session=True,
    )  # fmt: skip
    try:
        os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        assert guard.stdin is not None
        guard.stdin.close()
        await guard.wait()
        await _until_it_runs(pid)


async def _until_it_runs(pid: int) -> None:
    """Wait until a signal has been taken, at most a second: who asks next finds out whether it has."""
    deadline = monotonic_ns() + NS_PER_S
    while is_stopped(pid) and monotonic_ns() < deadline:  # noqa: ASYNC110 - no portable event tells it
        await asyncio.sleep(0.01)


def is_stopped(pid: int) -> bool:
    """Say whether a process is stopped by a signal; one that is gone is not."""
    import psutil

    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False
