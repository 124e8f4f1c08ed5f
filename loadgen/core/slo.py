"""The service-level objectives: their names, units, defaults and variables, shared by settings and reports.

Laws: shares are percent, latencies are seconds, memory is megabytes; a target is a bound that itself passes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S, parse_duration_ns

if TYPE_CHECKING:
    from collections.abc import Mapping


class Unit(Enum):
    """What a target is measured in."""

    PERCENT = "%"
    SECONDS = "s"
    MEGABYTES = "MB"


class Bound(Enum):
    """Which side of the target passes; the target itself always does."""

    AT_LEAST = "≥"
    AT_MOST = "≤"


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective: `name` is the field of SloTargets; `override` and `target` are its environment variables.

    The override (`SLO_P95`) is in the objective's own unit and wins over the target (`P95_LATENCY_TARGET`) where both
    come from the same source. `target_factor` turns the target variable's unit into the objective's.
    """

    name: str
    title: str
    unit: Unit
    bound: Bound
    override: str
    target: str = ""
    target_factor: float = 1.0

    def met_by(self, value: float, target: float) -> bool:
        """Say whether a measured value is within the target; a value that is not a number never is."""
        return value >= target if self.bound is Bound.AT_LEAST else value <= target


_MOST, _LEAST = Bound.AT_MOST, Bound.AT_LEAST
_PERCENT, _SECONDS, _MB = Unit.PERCENT, Unit.SECONDS, Unit.MEGABYTES
_MS = 0.001

OBJECTIVES = (
    Objective("success_pct", "Success rate", _PERCENT, _LEAST, "SLO_SUCCESS"),
    Objective("p95_s", "P95 latency", _SECONDS, _MOST, "SLO_P95", "P95_LATENCY_TARGET", _MS),
    Objective("p99_s", "P99 latency", _SECONDS, _MOST, "SLO_P99", "P99_LATENCY_TARGET", _MS),
    Objective("raw_fallback_pct", "Raw fallback", _PERCENT, _MOST, "SLO_FALLBACK", "CACHE_MISS_AS_FALLBACK_THRESHOLD"),
    Objective(
        "effective_fallback_pct", "Effective fallback", _PERCENT, _MOST, "SLO_EFF_FALLBACK",
        "EFFECTIVE_FALLBACK_SLO_TARGET",
    ),
    Objective("error_pct", "Error rate", _PERCENT, _MOST, "SLO_ERROR", "ERROR_RATE_THRESHOLD"),
    Objective("cpu_pct", "CPU", _PERCENT, _MOST, "SLO_CPU"),
    Objective("rss_mb", "Memory (RSS)", _MB, _MOST, "SLO_MEM", "MEMORY_SLO_TARGET"),
    Objective("cache_hit_pct", "Cache hit rate", _PERCENT, _LEAST, "SLO_CACHE_HIT", "CACHE_HIT_RATE_TARGET"),
    Objective(
        "plugin_reload_pct", "Plugin reload success", _PERCENT, _LEAST, "SLO_PLUGIN_RELOAD",
        "PLUGIN_RELOAD_SUCCESS_RATE_TARGET",
    ),
    Objective("snapshot_pct", "Snapshot success", _PERCENT, _LEAST, "SLO_SNAPSHOT", "SNAPSHOT_SUCCESS_RATE_TARGET"),
)  # fmt: skip
"""Every objective, in report order."""


@dataclass(frozen=True, slots=True)
class SloTargets:
    """The targets of one run, by objective name; the suffix is the unit."""

    success_pct: float = 98.0
    p95_s: float = 0.150
    p99_s: float = 0.250
    raw_fallback_pct: float = 10.0
    effective_fallback_pct: float = 5.0
    error_pct: float = 1.0
    cpu_pct: float = 30.0
    rss_mb: float = 500.0
    cache_hit_pct: float = 80.0
    plugin_reload_pct: float = 95.0
    snapshot_pct: float = 99.0

    def to_mapping(self) -> dict[str, float]:
        """Return the targets by name, as metadata.json has them under `slo_targets`."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def to_pairs(self) -> tuple[tuple[str, float], ...]:
        """Return the targets as a Plan holds them."""
        return tuple(self.to_mapping().items())

    @classmethod
    def from_mapping(cls, targets: Mapping[str, object]) -> SloTargets:
        """Build targets from metadata or a Plan's pairs; what is missing has its default.

        Raises ValueError for an unknown name or a value that is no number.
        """
        unknown = sorted(set(targets) - {item.name for item in fields(cls)})
        if unknown:
            raise ValueError(f"unknown objectives: {', '.join(unknown)}")
        values: dict[str, float] = {}
        for name, value in targets.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ValueError(f"{name}: not a number")
            values[name] = float(value)
        return replace(cls(), **values)


def parse_target(unit: Unit, text: str, factor: float = 1.0) -> float:
    """Read a target's text in its unit, times `factor`; seconds may also be written `150ms`.

    Raises ValueError unless it is finite and greater than 0; a percentage is from 0 to 100 and may end in %.
    """
    stripped = text.strip()
    if unit is Unit.PERCENT:
        stripped = stripped.removesuffix("%").rstrip()
    value = _seconds(stripped) if unit is Unit.SECONDS and stripped[-1:].isalpha() else _number(stripped) * factor
    if unit is Unit.PERCENT:
        if not 0 <= value <= 100:
            raise ValueError("a percentage is between 0 and 100")
    elif not math.isfinite(value) or value <= 0:
        raise ValueError("must be greater than 0")
    return value


def _seconds(text: str) -> float:
    return parse_duration_ns(text) / NS_PER_S


def _number(text: str) -> float:
    try:
        return float(text.replace("_", "x"))
    except ValueError:
        raise ValueError("not a number") from None
