"""What recording costs in the background: folding rows into counts and histograms, and encoding a second of them."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.figure import figure_of, result, table
from loadgen.core.histogram import histogram_max_ns
from loadgen.core.units import NS_PER_S
from loadgen.record.layout import code_of
from loadgen.record.recorder import Recorder

if TYPE_CHECKING:
    import argparse

_MAX_NS = histogram_max_ns(5 * NS_PER_S)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--alternations", type=int, default=15)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Fold batches of several sizes, for one endpoint and for forty; encode what a second left."""
    figures = []
    for rows, endpoints in ((100, 1), (100, 40), (1_000, 1), (4_000, 1)):
        times = [fold_us(rows, endpoints, seed) / rows for seed in range(options.alternations)]
        figures.append(figure_of(f"fold of {rows:,} rows, {endpoints} endpoints", "us a row", times))
    times = [encode_us(seed) for seed in range(options.alternations)]
    figures.append(figure_of("encoding one histogram of 10,000 values", "us", times))
    return result(figures)


def _rows(count: int, endpoints: int, seed: int) -> list[int]:
    random = np.random.default_rng(seed)
    due = np.arange(count) * 25_000 + NS_PER_S
    sent = due + random.integers(1_000, 100_000, count)
    done = np.sort(sent + random.integers(50_000, 5_000_000, count))
    code = [code_of(int(endpoint), 0) for endpoint in random.integers(0, endpoints, count)]
    return np.stack((due, due - 1_000, sent, done, np.array(code))).T.ravel().tolist()


def _recorder(endpoints: int) -> Recorder:
    recorder = Recorder([f"/{number}" for number in range(endpoints)], _MAX_NS)
    recorder.start(NS_PER_S)
    recorder.rehearse()
    return recorder


def fold_us(rows: int, endpoints: int, seed: int) -> float:
    """Return the mean time of ten folds after two that do not count."""
    recorder = _recorder(endpoints)
    batch = _rows(rows, endpoints, seed)
    began = 0.0
    for number in range(12):
        if number == 2:
            began = perf_counter()
        recorder.append(batch)
        recorder.fold()
    return (perf_counter() - began) / 10 * 1e6


def encode_us(seed: int) -> float:
    """Return the time to copy one histogram out and encode it."""
    recorder = _recorder(1)
    recorder.append(_rows(10_000, 1, seed))
    closed = recorder.close([], 10_000, 0, 0)
    histogram = recorder.new_histogram()
    closed.accumulator.copy_into(0, histogram)
    histogram.encode()
    began = perf_counter()
    closed.accumulator.copy_into(0, histogram)
    histogram.encode()
    return (perf_counter() - began) * 1e6


def render(figures: dict[str, Any]) -> str:
    """Return the table."""
    return table(figures["figures"])
