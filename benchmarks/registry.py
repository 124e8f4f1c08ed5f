"""The benchmarks there are: a name, what it measures, and the module that does.

Law: a benchmark's module is imported only when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, cast

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping


class Module(Protocol):
    """What the module of a benchmark offers."""

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Declare the options of its own."""

    def measure(self, options: argparse.Namespace) -> dict[str, Any]:
        """Measure and return the figures, as JSON can hold them; `ok` says whether every bar was met."""

    def render(self, figures: dict[str, Any]) -> str:
        """Return the figures as text for a person."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One entry: what it measures, in a line, and where it is."""

    measures: str
    module: str

    def load(self) -> Module:
        return cast("Module", import_module(self.module))


BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType(
    {
        "engine": Benchmark("processor time for one request at constant rates", "benchmarks.engine"),
        "tls": Benchmark("processor time for one request over TLS", "benchmarks.tls"),
        "pacing": Benchmark("how evenly requests arrive, as the server sees it", "benchmarks.pacing"),
        "truth": Benchmark("told latency against known latency", "benchmarks.truth"),
        "fold": Benchmark("folding rows into histograms, and encoding them", "benchmarks.fold"),
        "exposition": Benchmark("reading an exposition of 10,000 series", "benchmarks.exposition"),
        "supervisor": Benchmark("processor time of supervisor and observer", "benchmarks.supervisor"),
        "memory": Benchmark("whether a worker's memory stays flat", "benchmarks.memory"),
        "help": Benchmark("how long `loadgen --help` takes", "benchmarks.help"),
        "breaker": Benchmark("false trips and detection times of the circuit breaker, simulated", "benchmarks.breaker"),
        "regress": Benchmark("false and missed regressions when runs are compared, simulated", "benchmarks.regress"),
    }
)

IN_THE_TABLE = ("engine", "tls", "pacing", "truth", "fold", "exposition", "supervisor", "memory", "help")
"""What `python -m benchmarks` runs: all that measure; those of the breaker and of regressions are simulations."""
