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
        "breaker": Benchmark("false trips and detection times of the circuit breaker, simulated", "benchmarks.breaker"),
    }
)
