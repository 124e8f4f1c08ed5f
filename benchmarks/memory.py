"""Whether a worker's memory stays flat: resident size after the first minute and at the end, at a high rate."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from benchmarks.driver import constant_plan, run_worker
from benchmarks.figure import figure_of, result, table
from benchmarks.process import resident_bytes, server

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rate", type=int, default=20_000, help="requests per second")
    parser.add_argument("--seconds", type=int, default=120, help="length of the run; 600 for the whole claim")
    parser.add_argument("--settle", type=int, default=60, help="seconds until the first reading")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Read the worker's size every second."""
    sizes: list[tuple[float, int]] = []

    def watch(pid: int, t0_ns: int) -> None:
        at_s = (time.monotonic_ns() - t0_ns) / 1e9
        if at_s >= len(sizes):
            sizes.append((at_s, resident_bytes(pid)))

    with server("loadgen.demo.null") as (url, _):
        account = run_worker(constant_plan(url, options.rate, options.seconds), watch)
    settle_s = min(options.settle, options.seconds / 2)
    first = next(size for at_s, size in sizes if at_s >= settle_s)
    last = max(size for at_s, size in sizes if at_s >= options.seconds - 3)
    growth = 100 * (last - first) / first
    megabytes = [round(size / 2**20, 2) for _, size in sizes]
    return result(
        [
            figure_of(
                f"growth of a worker from {settle_s:g} s to {options.seconds} s", "%", [growth], bar=2.0, goal=0.5
            ),
            figure_of(f"size of a worker at {options.rate:,}/s", "MB", [last / 2**20], bar=100.0, goal=80.0),
        ],
        done=account.totals["done"],
        megabytes=megabytes[:: max(1, len(megabytes) // 60)],
    )


def render(figures: dict[str, Any]) -> str:
    """Return the table."""
    return table(figures["figures"])
