"""Processor time for one request at constant rates: everything recorded, against the null server, beside the peers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from benchmarks.driver import constant_plan, run_worker
from benchmarks.figure import compared, result, table
from benchmarks.peers import PEERS, Work, cpu_us_per_request, installed
from benchmarks.process import server

if TYPE_CHECKING:
    import argparse

RATES = (1_000, 10_000, 40_000)
BARS = {40_000: (1.25, 1.0)}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rate", type=int, action="append", help="requests per second; may be repeated")
    parser.add_argument("--seconds", type=int, default=6, help="length of each run")
    parser.add_argument("--alternations", type=int, default=5, help="how often all take turns")
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--peers", default="all", help="names divided by commas; empty for none")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Let worker and peers take turns at each rate."""
    figures = []
    runs_by_rate = {}
    with server("loadgen.demo.null") as (url, _):
        for rate in options.rate or RATES:
            runs = take_turns(options, Work(url, rate, options.seconds, options.connections))
            runs_by_rate[str(rate)] = runs
            bar, goal = BARS.get(rate, (None, None))
            name = f"CPU per request at {rate:,}/s"
            figures.append(compared(name, "us", runs, bar=bar, goal=goal, against="wrk2" if bar else ""))
    return result(figures, runs=runs_by_rate)


def take_turns(options: argparse.Namespace, work: Work, ca_pem: bytes = b"") -> dict[str, list[float]]:
    """Return the processor time per request, in us, of all who took part, one value for each alternation."""
    names = [name for name in installed(options.peers) if PEERS[name].tls or not work.ca_file]
    runs: dict[str, list[float]] = {"loadgen": [], **{name: [] for name in names}}
    for _ in range(options.alternations):
        plan = constant_plan(work.url, work.rate_per_s, work.seconds, work.connections, ca_pem)
        runs["loadgen"].append(run_worker(plan).cpu_us_per_request)
        for name in list(runs)[1:]:
            try:
                runs[name].append(cpu_us_per_request(name, work))
            except (RuntimeError, TimeoutError) as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
                del runs[name]
    return runs


def render(figures: dict[str, Any]) -> str:
    """Return the table."""
    return table(figures["figures"])
