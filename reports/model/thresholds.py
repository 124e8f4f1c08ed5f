"""The thresholds file, typed: what a validation asserts, in the units and words of the file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Labels = tuple[tuple[str, str], ...]
"""Label conditions, each of which must hold."""

_PERCENTILE = re.compile(r".+_p([0-9]{1,2}(?:_[0-9]+)?)")


class Kind(StrEnum):
    """What sort of figure is asserted."""

    LATENCY = "latency"
    PERCENTAGE = "percentage"
    RATIO = "ratio"
    MEMORY = "memory"


class Unit(StrEnum):
    """What the figure is measured in."""

    SECONDS = "seconds"
    PERCENT = "percent"
    RATIO = "ratio"
    MEGABYTES = "megabytes"


class Side(StrEnum):
    """Which side of the threshold passes; the threshold itself always does."""

    UPPER = "upper_bound"
    LOWER = "lower_bound"

    @property
    def comparison(self) -> str:
        return "≤" if self is Side.UPPER else "≥"


UNIT_OF = {
    Kind.LATENCY: Unit.SECONDS,
    Kind.PERCENTAGE: Unit.PERCENT,
    Kind.RATIO: Unit.RATIO,
    Kind.MEMORY: Unit.MEGABYTES,
}
"""The unit that each kind of threshold has."""

FIGURES = (
    "http_success_rate", "error_rate", "raw_fallback_rate", "effective_fallback_rate", "fallback_effective_ratio",
    "cache_hit_rate", "plugin_reload_success_rate", "snapshot_success_rate", "memory_rss", "cpu",
)  # fmt: skip
"""What can be asserted beside latencies, by metric name."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """One assertion. An `informative` one is shown when it does not hold and decides nothing."""

    metric: str
    kind: Kind
    threshold: float
    unit: Unit
    side: Side
    prometheus_metrics: tuple[str, ...]
    labels: Labels = ()
    calculation: str = ""
    description: str = ""
    note: str = ""
    informative: bool = False

    @property
    def percentile(self) -> float | None:
        """The percentile that the name of a latency ends in (`_p95`, `_p99_9`), None without one."""
        match = _PERCENTILE.fullmatch(self.metric)
        return None if match is None else float(match[1].replace("_", "."))

    def met_by(self, value: float) -> bool:
        """Say whether a value is within the threshold; one that is not a number never is."""
        return value <= self.threshold if self.side is Side.UPPER else value >= self.threshold

    def times(self, factor: float) -> Threshold:
        """Return the threshold for an environment: latencies and memory are allowed `factor` times as much.

        Shares and ratios mean the same everywhere and stay.
        """
        scaled = self.side is Side.UPPER and self.kind in (Kind.LATENCY, Kind.MEMORY)
        return replace(self, threshold=self.threshold * factor) if scaled else self


@dataclass(frozen=True, slots=True)
class Thresholds:
    """A whole thresholds file; `source` is its path, or the name of the bundled one."""

    source: str
    entries: tuple[Threshold, ...]
    valid_reasons: frozenset[str]
    version: str = ""
    phase: str = ""
    updated: str = ""
    description: str = ""
    effective_rule: str = ""
    percentile_sources: Mapping[str, str] = field(default_factory=dict)
    multipliers: Mapping[str, float] = field(default_factory=dict)

    @property
    def asserted(self) -> tuple[Threshold, ...]:
        """The entries that decide."""
        return tuple(entry for entry in self.entries if not entry.informative)

    def find(self, metric: str) -> Threshold | None:
        """Return the entry of a metric, None without one."""
        return next((entry for entry in self.entries if entry.metric == metric), None)

    def times(self, factor: float) -> Thresholds:
        """Return the thresholds for an environment; see `Threshold.times`."""
        return replace(self, entries=tuple(entry.times(factor) for entry in self.entries))
