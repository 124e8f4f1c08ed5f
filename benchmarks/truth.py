"""Whether the latency that is told is the latency that was: a service that freezes, and one with two known latencies.

The truth is the service's own record: the n-th request to arrive was the n-th to be due, and what it took is the time
of its answer less its due time. It holds what theory leaves out, such as the pile that is worked off after a freeze.
By theory, of n requests those due in a freeze of F seconds wait from F down to 0, so that in a run of which a tenth is
frozen the maximum is F and the p99 is 0.9 F; with two latencies each tenth request takes 40 ms, all others 10, so p50
is 10, p99 and the maximum are 40 ms. The results keep both.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.driver import Account, constant_plan, run_worker
from benchmarks.figure import figure_of, result, rounded, table
from benchmarks.peers import PEERS, Work, installed, run_peer
from benchmarks.process import server

if TYPE_CHECKING:
    import argparse

RATES = (100, 1_000, 10_000)
_FAST_MS, _SLOW_MS = 10.0, 40.0
Comparison = dict[str, dict[str, float]]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rate", type=int, action="append", help="requests per second; may be repeated")
    parser.add_argument("--seconds", type=int, default=10, help="length of each run; the freeze takes a tenth")
    parser.add_argument("--alternations", type=int, default=3, help="how often each is done")
    parser.add_argument("--peers", default="wrk2,hey,autocannon", help="asked for their p99 at 1,000/s, in a freeze")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Do both at each rate; compare with the peers where they have a figure of their own."""
    figures = []
    raw: dict[str, Any] = {}
    for rate in options.rate or RATES:
        frozen = [freeze(rate, options.seconds) for _ in range(options.alternations)]
        bimodal = [two_latencies(rate, options.seconds) for _ in range(options.alternations)]
        raw[str(rate)] = {"freeze": frozen, "two latencies": bimodal}
        figures += [
            figure_of(f"freeze at {rate:,}/s: {name} off by", "%", _off(frozen, name), bar=3.0, goal=1.0)
            for name in ("p99", "max")
        ]
        figures += [
            figure_of(f"10 and 40 ms at {rate:,}/s: {name} off by", "%", _off(bimodal, name), bar=2.0, goal=1.0)
            for name in ("p50", "p99", "max")
        ]
    peers = {name: _peer_p99_ms(name, options.seconds) for name in installed(options.peers)}
    return result(figures, runs=raw, peers_p99_ms_in_a_freeze=peers)


def _off(runs: list[Comparison], name: str) -> list[float]:
    return [abs(100 * (run[name]["told_ms"] / run[name]["true_ms"] - 1)) for run in runs]


def freeze(rate: int, seconds: int) -> Comparison:
    """Freeze the service for a tenth of the run."""
    frozen_ms = 100 * seconds
    with TemporaryDirectory() as place:
        out = Path(place) / "record"
        with server("benchmarks.service", "--freeze-s", str(seconds / 10), "--out", str(out)) as (url, pid):
            account = run_worker(constant_plan(url, rate, seconds), _Freezer(pid, seconds * 0.4))
        return _compared(account, rate, out, {99: 0.9 * frozen_ms, 100: float(frozen_ms)})


class _Freezer:
    """Sends the signal once, some time into the run."""

    def __init__(self, pid: int, after_s: float) -> None:
        self._pid, self._after_ns, self._done = pid, int(after_s * 1e9), False

    def __call__(self, worker: int, t0_ns: int) -> None:
        if not self._done and time.monotonic_ns() - t0_ns >= self._after_ns:
            self._done = True
            os.kill(self._pid, signal.SIGUSR1)


def two_latencies(rate: int, seconds: int) -> Comparison:
    """Ask the service with two latencies over more connections than it ever holds."""
    mean_s = (9 * _FAST_MS + _SLOW_MS) / 10 / 1e3
    connections = max(20, int(3 * rate * mean_s))
    with TemporaryDirectory() as place:
        out = Path(place) / "record"
        latencies = ["--fast-ms", str(_FAST_MS), "--slow-ms", str(_SLOW_MS), "--slow-every", "10"]
        with server("benchmarks.service", *latencies, "--out", str(out)) as (url, _):
            account = run_worker(constant_plan(url, rate, seconds, connections))
        return _compared(account, rate, out, {50: _FAST_MS, 99: _SLOW_MS, 100: _SLOW_MS})


def _compared(account: Account, rate: int, record: Path, theory_ms: dict[int, float]) -> Comparison:
    times = np.array(json.loads(record.read_text()), np.int64)
    times = times[np.argsort(times[:, 0], kind="stable")]
    due = account.t0_ns + np.arange(len(times)) * 1_000_000_000 // rate
    took_ms = np.sort(times[:, 1] - due) / 1e6
    names = {50: "p50", 99: "p99", 100: "max"}
    return {
        names[q]: {
            "told_ms": rounded(account.percentile_us("response", q) / 1e3),
            "true_ms": rounded(float(np.percentile(took_ms, q, method="inverted_cdf"))),
            "theory_ms": rounded(theory),
        }
        for q, theory in theory_ms.items()
    }


def _peer_p99_ms(name: str, seconds: int) -> float | None:
    """Return what a peer says is its p99 at 1,000/s while the service freezes for a tenth of the time."""
    with TemporaryDirectory() as place:
        frozen_s = str(seconds / 10)
        with server("benchmarks.service", "--freeze-s", frozen_s, "--out", str(Path(place) / "record")) as (url, pid):
            freezer = threading.Timer(seconds * 0.5, os.kill, (pid, signal.SIGUSR1))
            freezer.start()
            ended, _ = run_peer(name, Work(url, 1_000, seconds))
            freezer.join()
    return PEERS[name].percentile(ended.output, "99")


def render(figures: dict[str, Any]) -> str:
    """Return the table."""
    peers = ", ".join(f"{name} {value}" for name, value in figures["peers_p99_ms_in_a_freeze"].items())
    return table(figures["figures"]) + (
        f"\np99 in ms that peers give for the freeze at 1,000/s: {peers}" if peers else ""
    )
