"""Bands around the targets, shown as information: what is past its target but not by much, and what grows.

p95 to 4/3 of its target, average memory to 7/5, its highest value from 6/5 to 8/5, the cache hit rate down to 10 points
below; with the usual targets that is 150 to 200 ms, 500 to 700 MB, 600 to 800 MB and 70 to 80 %. Memory that grows by
up to 10 % is quiet, by more than 20 % a thing to investigate.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reports.analysis.quantity import Unit, limit, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loadgen.core.slo import SloTargets
    from reports.analysis.check import Check
    from reports.model.run import Run
    from reports.model.server import ServerWindow

_P95 = 4 / 3
_RSS_AVERAGE = 7 / 5
_RSS_HIGHEST = (6 / 5, 8 / 5)
_CACHE_POINTS = 10.0
_GROWTH_PCT = (10.0, 20.0)


class Level(StrEnum):
    """Where a figure lies."""

    QUIET = "quiet"
    WARN = "warn"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class Band:
    """One figure with its band: `warn` says where the band lies, `about` which objective it belongs to."""

    about: str
    name: str
    value: str
    warn: str
    level: Level


def bands(run: Run, window: ServerWindow | None, slo: Sequence[Check], targets: SloTargets) -> tuple[Band, ...]:
    """Return the bands of every figure that exists."""
    return tuple(_bands(run, window, {check.key: check.value for check in slo}, targets))


def _bands(
    run: Run, window: ServerWindow | None, judged: dict[str, float | None], targets: SloTargets
) -> Iterator[Band]:
    for key, name in (("p95_client", "P95 latency, client"), ("p95_server", "P95 latency, server")):
        yield from _upper("p95", name, judged.get(key), (targets.p95_s, targets.p95_s * _P95), Unit.SECONDS)
    low, high = (targets.rss_mb * factor for factor in _RSS_HIGHEST)
    average = (targets.rss_mb, targets.rss_mb * _RSS_AVERAGE)
    yield from _upper("memory", "Memory, average", judged.get("memory"), average, Unit.MEGABYTES)
    yield from _upper("memory", "Memory, highest", window.rss_mb_max if window else None, (low, high), Unit.MEGABYTES)
    yield from _cache(judged.get("cache_hit"), targets.cache_hit_pct)
    yield from _growth(run)


def _upper(about: str, name: str, value: float | None, band: tuple[float, float], unit: Unit) -> Iterator[Band]:
    low, high = band
    if value is not None:
        level = Level.QUIET if value <= low else (Level.WARN if value <= high else Level.BEYOND)
        yield Band(about, name, show(value, unit, beside=low), f"{limit(low, unit)} to {limit(high, unit)}", level)


def _cache(value: float | None, target_pct: float) -> Iterator[Band]:
    if value is None:
        return
    low = max(0.0, target_pct - _CACHE_POINTS)
    level = Level.QUIET if value >= target_pct else (Level.WARN if value >= low else Level.BEYOND)
    told = f"{limit(low, Unit.PERCENT)} to {limit(target_pct, Unit.PERCENT)}"
    yield Band("cache_hit", "Cache hit rate", show(value, Unit.PERCENT, beside=target_pct), told, level)


def _growth(run: Run) -> Iterator[Band]:
    known = [value for row in run.rows if (value := row.get("rss_mb")) is not None]
    if len(known) < 2 or not known[0]:
        return
    grown = (known[-1] / known[0] - 1) * 100
    quiet, warn = _GROWTH_PCT
    level = Level.QUIET if grown <= quiet else (Level.WARN if grown <= warn else Level.BEYOND)
    told = f"{limit(quiet, Unit.PERCENT)} to {limit(warn, Unit.PERCENT)}"
    yield Band("memory", "Memory growth, first to last sample", show(grown, Unit.PERCENT), told, level)
