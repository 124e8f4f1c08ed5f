"""One figure for the health of a service, weighted over six objectives. Information, never a verdict.

An objective that is met counts whole, one inside its warning band half, one beyond it nothing. What has no figure is
left out of both sides, and how much of the weight that was is said beside the figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.bands import Level
from reports.analysis.check import Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.analysis.bands import Band
    from reports.analysis.check import Check

WORTH = {Level.QUIET: 1.0, Level.WARN: 0.5, Level.BEYOND: 0.0}
_WORST = list(WORTH)


@dataclass(frozen=True, slots=True)
class Weight:
    """One objective: its weight in percent, and the checks that decide where no band does."""

    key: str
    title: str
    percent: float
    checks: tuple[str, ...]


WEIGHTS = (
    Weight("p95", "P95 latency", 30.0, ()),
    Weight("cache_hit", "cache hit rate", 20.0, ()),
    Weight("error", "error rate", 20.0, ("error", "error_client")),
    Weight("memory", "memory", 15.0, ()),
    Weight("plugin_reload", "plugin reloads", 7.5, ("plugin_reload",)),
    Weight("snapshot", "snapshots", 7.5, ("snapshot",)),
)


@dataclass(frozen=True, slots=True)
class Health:
    """`score_pct` None when nothing is known; `missing` names what was left out, `known_pct` is the rest's weight."""

    score_pct: float | None
    known_pct: float
    missing: tuple[str, ...]


def health_of(found: Sequence[Band], slo: Sequence[Check]) -> Health:
    """Weigh the bands and, where an objective has none, the checks; the worst figure of an objective decides."""
    levels = {weight.key: _level(weight, found, slo) for weight in WEIGHTS}
    known = [(weight.percent, WORTH[level]) for weight in WEIGHTS if (level := levels[weight.key]) is not None]
    total = sum(percent for percent, _ in known)
    score = sum(percent * worth for percent, worth in known) / total * 100 if total else None
    return Health(score, total, tuple(weight.title for weight in WEIGHTS if levels[weight.key] is None))


def _level(weight: Weight, found: Sequence[Band], slo: Sequence[Check]) -> Level | None:
    levels = [band.level for band in found if band.about == weight.key]
    levels += [
        Level.QUIET if check.status in (Status.PASS, Status.WARN) else Level.BEYOND
        for check in slo
        if check.key in weight.checks and check.status is not Status.NA
    ]
    return max(levels, key=_WORST.index, default=None)
