"""Reading an exposition of 10,000 series: the first time, every later time, and by prometheus_client."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

from prometheus_client.parser import text_string_to_metric_families

from benchmarks.figure import compared, figure_of, result, table
from observer.exposition import SeriesCache

if TYPE_CHECKING:
    import argparse

_BOUNDS = (*(str(0.005 * 2**i) for i in range(13)), "+Inf")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--series", type=int, default=10_000)
    parser.add_argument("--alternations", type=int, default=7)


def page(series: int, seed: int) -> str:
    """Return an exposition of histograms, one for each route and status; `seed` changes the values only."""
    lines = ["# HELP http_request_duration_seconds Time.", "# TYPE http_request_duration_seconds histogram"]
    for number in range(-(-series // (len(_BOUNDS) + 2))):
        labels = f'method="GET",route="/api/v2/things/{number}",status="200",service="api"'
        lines += [
            f'http_request_duration_seconds_bucket{{{labels},le="{bound}"}} {(seed + at) * 7}'
            for at, bound in enumerate(_BOUNDS)
        ]
        lines.append(f"http_request_duration_seconds_sum{{{labels}}} {seed * 1.5 + number}")
        lines.append(f"http_request_duration_seconds_count{{{labels}}} {seed * 7 + 91}")
    return "\n".join(lines[: series + 2]) + "\n"


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Parse the same page in turns: with an empty cache, with a warm one, with prometheus_client."""
    warm, cold, theirs = [], [], []
    for seed in range(options.alternations):
        first, second = page(options.series, seed), page(options.series, seed + 1)
        cache = SeriesCache(lambda name: True)
        cold.append(_took_ms(lambda cache=cache, first=first: cache.parse(first)))
        warm.append(_took_ms(lambda cache=cache, second=second: cache.parse(second)))
        theirs.append(_took_ms(lambda second=second: list(text_string_to_metric_families(second))))
    name = f"exposition of {options.series:,} series"
    return result(
        [
            compared(f"{name}, warm", "ms", {"loadgen": warm, "prometheus_client": theirs}, bar=15.0, goal=8.0),
            figure_of(f"{name}, cold", "ms", cold, bar=600.0, goal=600.0),
        ]
    )


def _took_ms(work: Any) -> float:
    began = perf_counter()
    work()
    return (perf_counter() - began) * 1e3


def render(figures: dict[str, Any]) -> str:
    """Return the table."""
    return table(figures["figures"])
