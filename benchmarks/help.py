"""How long `loadgen --help` takes, from start to end, with compiled modules kept as an installation keeps them."""

from __future__ import annotations

import os
import subprocess
import sys
from time import perf_counter
from typing import TYPE_CHECKING, Any

from benchmarks.figure import figure_of, result, table

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--alternations", type=int, default=9)


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Start it often; beside it a Python that does nothing, which is the floor."""
    times, floors = [], []
    _took_ms([sys.executable, "-m", "loadgen", "--help"])  # writes what is not compiled yet
    for _ in range(options.alternations):
        floors.append(_took_ms([sys.executable, "-c", "pass"]))
        times.append(_took_ms([sys.executable, "-m", "loadgen", "--help"]))
    return result(
        [
            figure_of("loadgen --help", "ms", times, bar=200.0, goal=120.0),
            figure_of("an empty Python", "ms", floors),
        ]
    )


def _took_ms(command: list[str]) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, env=environment)
    return (perf_counter() - began) * 1e3


def render(figures: dict[str, Any]) -> str:
    """Return the table."""
    return table(figures["figures"])
