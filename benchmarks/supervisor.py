"""What watching costs: processor time of supervisor and observer for each second of a run, workers apart."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.figure import figure_of, result, table
from benchmarks.process import pin, processors, server

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rate", type=int, default=1_000, help="requests per second")
    parser.add_argument("--seconds", type=int, default=10, help="length of each run")
    parser.add_argument("--alternations", type=int, default=3)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run load alone against the null server, and a baseline against the demo service."""
    alone, watched, observing = [], [], []
    for _ in range(options.alternations):
        with server("loadgen.demo.null") as (url, _):
            arguments = ["run", url, "--rate", str(options.rate), "--duration", f"{options.seconds}s", "-q", "--json"]
            alone.append(spent_ms_per_s(arguments, options.seconds)["supervisor"])
        samples = max(2, options.seconds // 2)
        arguments = ["baseline", "--demo", "--rate", "80", "--samples", str(samples), "--interval", "2s", "-q"]
        spent = spent_ms_per_s([*arguments, "--warmup", "0s"], 2 * samples)
        watched.append(spent["supervisor"])
        observing.append(spent.get("observer", 0.0))
    return result(
        [
            figure_of(f"supervisor, load alone at {options.rate:,}/s", "ms a second", alone),
            figure_of("supervisor, baseline at 80/s", "ms a second", watched),
            figure_of("observer, probing each 5 s, a row each 2 s", "ms a second", observing),
        ]
    )


def spent_ms_per_s(arguments: list[str], seconds: float) -> dict[str, float]:
    """Run a command; return the processor time by role while the load ran, in ms for each second of load."""
    spent: dict[tuple[str, int], float] = {}
    first: dict[tuple[str, int], float] = {}
    with TemporaryDirectory() as place:
        process = subprocess.Popen(
            [sys.executable, "-m", "loadgen", *arguments],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        pin(process.pid, processors()[0])
        while process.poll() is None:
            for role, pid, cpu_s in _family(process.pid):
                first.setdefault((role, pid), cpu_s)
                spent[role, pid] = cpu_s
            time.sleep(0.2)
    by_role: dict[str, float] = {}
    for (role, pid), cpu_s in spent.items():
        by_role[role] = by_role.get(role, 0.0) + (cpu_s - first[role, pid]) * 1e3 / seconds
    return by_role


def _family(pid: int) -> list[tuple[str, int, float]]:
    found = []
    try:
        parent = psutil.Process(pid)
        for process in (parent, *parent.children(recursive=True)):
            words = " ".join(process.cmdline())
            times = process.cpu_times()
            role = "worker" if "loadgen.worker" in words else "observer" if "observer child" in words else "other"
            found.append(("supervisor" if process.pid == pid else role, process.pid, times.user + times.system))
    except psutil.Error:
        pass  # it ended while it was looked at; what was read before counts
    return found


def render(figures: dict[str, Any]) -> str:
    """Return the table."""
    return table(figures["figures"])
