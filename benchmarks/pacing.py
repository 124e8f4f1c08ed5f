"""How evenly requests arrive, seen by the server: achieved rate, variation of gaps, error against the ideal schedule.

The figures come from `benchmarks.receiver`. The error of an arrival is its distance from the schedule that begins when
the median error is smallest, for us and for the peers alike; send errors are the worker's own, lag included.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.driver import constant_plan, run_worker
from benchmarks.figure import compared, figure_of, result, rounded, table
from benchmarks.peers import PEERS, Work, installed, run_peer
from benchmarks.process import server

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from numpy.typing import NDArray

    from benchmarks.figure import Figure

CV_BARS = {80: (0.03, 0.01), 1_000: (0.2, 0.1)}
_SKIPPED_S = 0.5
"""The first half second is left out: some peers open their connections then."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rate", type=int, action="append", help="requests per second; may be repeated")
    parser.add_argument("--seconds", type=int, default=10, help="length of each run")
    parser.add_argument("--alternations", type=int, default=5, help="how often all take turns")
    parser.add_argument("--peers", default="wrk2,hey,k6,vegeta,autocannon", help="names divided by commas")


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What the server saw: requests per second, variation of the gaps, percentiles of the error in us."""

    rate_per_s: float
    gap_cv: float
    error_p50_us: float
    error_p99_us: float


def judge(arrivals_ns: NDArray[np.int64], rate_per_s: float) -> Arrivals:
    """Compare arrivals, the first ones left out, with an even schedule."""
    kept = np.sort(arrivals_ns[arrivals_ns >= arrivals_ns[0] + int(_SKIPPED_S * 1e9)]).astype(np.float64)
    gaps = np.diff(kept)
    offset = kept - np.arange(len(kept)) * 1e9 / rate_per_s
    error = np.abs(offset - np.median(offset)) / 1e3
    return Arrivals(
        rounded(1e9 / float(gaps.mean())),
        rounded(float(gaps.std() / gaps.mean())),
        rounded(float(np.percentile(error, 50))),
        rounded(float(np.percentile(error, 99))),
    )


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Let worker and peers take turns at each rate, each against a fresh receiver."""
    figures: list[Figure] = []
    raw: dict[str, Any] = {}
    names = [name for name in installed(options.peers) if PEERS[name].holds_rate]
    for rate in options.rate or CV_BARS:
        seen: dict[str, list[Arrivals]] = {"loadgen": [], **{name: [] for name in names}}
        sent: dict[str, list[float]] = {"send_p99_us": [], "response_p50_us": []}
        work = Work("", rate, options.seconds)
        for _ in range(options.alternations):
            seen["loadgen"].append(_received(partial(_ours, sent), work))
            for name in names:
                seen[name].append(_received(partial(run_peer, name), work))
        figures += _figures(rate, seen, sent)
        raw[str(rate)] = {who: [asdict(one) for one in many] for who, many in seen.items()} | sent
    return result(figures, runs=raw)


def _figures(rate: int, seen: dict[str, list[Arrivals]], sent: dict[str, list[float]]) -> list[Figure]:
    bar, goal = CV_BARS.get(rate, (None, None))
    cvs = {who: [one.gap_cv for one in many] for who, many in seen.items()}
    errors = {who: [one.error_p99_us for one in many] for who, many in seen.items()}
    figures = [
        compared(f"gap variation at the server at {rate:,}/s", "CV", cvs, bar=bar, goal=goal),
        compared(f"arrival error p99 at {rate:,}/s", "us", errors),
    ]
    limits = {"bar": 150.0, "goal": 80.0} if rate == 1_000 else {}
    figures.append(figure_of(f"send error p99 at {rate:,}/s", "us", sent["send_p99_us"], **limits))
    if rate == 1_000:
        figures.append(figure_of(f"response p50 at {rate:,}/s", "us", sent["response_p50_us"], bar=200.0, goal=130.0))
    return figures


def _received(send: Callable[[Work], object], work: Work) -> Arrivals:
    with TemporaryDirectory() as place:
        out = Path(place) / "arrivals"
        with server("benchmarks.receiver", "--out", str(out)) as (url, _):
            send(replace(work, url=url))
        return judge(np.fromfile(out, np.int64), work.rate_per_s)


def _ours(sent: dict[str, list[float]], work: Work) -> None:
    account = run_worker(constant_plan(work.url, work.rate_per_s, work.seconds))
    sent["send_p99_us"].append(max(account.percentile_us("lag", 99), account.percentile_us("wait", 99)))
    sent["response_p50_us"].append(account.percentile_us("response", 50))


def render(figures: dict[str, Any]) -> str:
    """Return the table."""
    return table(figures["figures"])
