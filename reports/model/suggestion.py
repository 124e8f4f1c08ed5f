"""Suggestions to tighten thresholds: the one schema that is both written and read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One threshold that could be tighter, in the units of the thresholds file."""

    metric: str
    current_threshold: float
    median_observed: float
    suggested_threshold: float
    sample_count: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unsuggested:
    """One threshold without a suggestion, and why."""

    metric: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """How suggestions are made: the one multiplier of latencies, and the floors of rates in percent."""

    multiplier_latency: float = 1.15
    floor_success_rate: float = 98.0
    floor_cache_hit_rate: float = 80.0

    def floor_of(self, metric: str) -> float | None:
        """Return the floor of a rate, None for a metric that is none."""
        return {"http_success_rate": self.floor_success_rate, "cache_hit_rate": self.floor_cache_hit_rate}.get(metric)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Everything that was suggested from the nights of a window."""

    generated_at: datetime
    window_days: int
    file_count: int
    thresholds_file: str
    rules: Rules
    suggestions: tuple[Suggestion, ...]
    unsuggested: tuple[Unsuggested, ...] = ()
