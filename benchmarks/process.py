"""Processes that are measured: pinned to a processor, ended for sure, their processor time read when they end.

Law: server and generator have a processor each where there are two; the benchmark itself shares the server's.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Ended:
    """A program that ran to its end: what it printed and the processor time of it and its children."""

    code: int
    output: str
    cpu_s: float


def processors() -> tuple[int, int]:
    """Return the processors of the server and of the generator; the same one when there is only one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def pin(pid: int, processor: int) -> None:
    """Keep a process on one processor."""
    os.sched_setaffinity(pid, {processor})


@contextlib.contextmanager
def server(module: str, *arguments: str) -> Iterator[tuple[str, int]]:
    """Run a server of ours on its processor; yield its URL, which is its first line, and its pid."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"{module} ended with code {process.wait(5)} before it gave its address")
        pin(process.pid, processors()[0])
        yield json.loads(line)["url"], process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        if process.stdout is not None:
            process.stdout.close()


def run_pinned(command: Sequence[str], within_s: float, environment: dict[str, str] | None = None) -> Ended:
    """Run a program on the generator's processor to its end; raise TimeoutError when it does not end."""
    processor = processors()[1]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            ["taskset", "-c", str(processor), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
        alarm = threading.Timer(within_s, os.kill, (process.pid, signal.SIGKILL))
        alarm.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode == -signal.SIGKILL:
            raise TimeoutError(f"{command[0]} did not end within {within_s:g} s")
        output.seek(0)
        text = output.read().decode("utf-8", "replace")
    return Ended(process.returncode, text, usage.ru_utime + usage.ru_stime)


def cpu_s(pid: int) -> float:
    """Return the processor time of a living process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a living process."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
