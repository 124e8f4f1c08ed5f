"""Two runs beside each other, whatever they are: their plans, their percentiles, their course, their difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from loadgen.core.units import NS_PER_MS
from reports.analysis.bootstrap import merge, percentile_ns
from reports.analysis.client_change import client_changes
from reports.analysis.regression import SEED, flags_of, obstacles
from reports.analysis.server_change import server_changes

if TYPE_CHECKING:
    from reports.analysis.change import Finding
    from reports.model.measurement import Block, Measurement

SPECTRUM = (50.0, 75.0, 90.0, 95.0, 99.0, 99.5, 99.9, 99.99)
MOST_POINTS = 120
_FEWEST_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class Point:
    """The p50 and p95 (ms) of the requests that ended in one stretch, at its middle in s."""

    at_s: float
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Side:
    """One run: its percentiles in ms by quantile, and its course."""

    run: Measurement
    spectrum: tuple[tuple[float, float], ...]
    course: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Both runs; `plan` are (what, first, second), `cautions` say what forbids a judgement of the difference."""

    first: Side
    second: Side
    plan: tuple[tuple[str, str, str], ...]
    client: tuple[Finding, ...]
    server: tuple[Finding, ...]
    cautions: tuple[str, ...]


def side_by_side(first: Measurement, second: Measurement) -> SideBySide:
    """Compare two runs; the effects are those of the second against the first."""
    cautions = [f"another load: {text}" for text in obstacles(second, first, "the first")]
    cautions += list(flags_of(second, first, ("the second", "the first")))
    return SideBySide(
        _side(first),
        _side(second),
        tuple(_plan(first, second)),
        client_changes([second], [first], np.random.default_rng(SEED)),
        server_changes([second], [first], np.random.default_rng(SEED)),
        tuple(dict.fromkeys(cautions)),
    )


def _side(run: Measurement) -> Side:
    merged = merge([run])
    total = int(merged.sum())
    spectrum = tuple(
        (quantile, percentile_ns(merged, quantile) / NS_PER_MS)
        for quantile in SPECTRUM
        if total and total * (1 - quantile / 100) >= 1
    )
    return Side(run, spectrum, tuple(_course(run)))


def _course(run: Measurement) -> list[Point]:
    """Return the course in at most 120 stretches; one with fewer than 20 requests has no p95 and is left out."""
    if not run.blocks:
        return []
    step = -(-len(run.blocks) // MOST_POINTS)
    points = []
    for at in range(0, len(run.blocks), step):
        blocks = run.blocks[at : at + step]
        merged = _merged(blocks)
        if merged.sum() >= _FEWEST_REQUESTS:
            middle = (blocks[0].start_s + blocks[-1].start_s + blocks[-1].length_s) / 2
            points.append(
                Point(middle, percentile_ns(merged, 50.0) / NS_PER_MS, percentile_ns(merged, 95.0) / NS_PER_MS)
            )
    return points


def _merged(blocks: tuple[Block, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    slots = max((int(block.slots[-1]) for block in blocks if len(block.slots)), default=0) + 1
    merged = np.zeros(slots, np.int64)
    for block in blocks:
        merged[block.slots] += block.counts
    return merged


def _plan(first: Measurement, second: Measurement) -> list[tuple[str, str, str]]:
    """Return what was asked of both runs and on which host, the equal things too."""

    def both(name: str, one: object, other: object) -> tuple[str, str, str]:
        return name, _text(one), _text(other)

    a, b = first.parameters, second.parameters
    lines = [
        both("target", a.base_url, b.base_url),
        both("rate", a.rate, b.rate),
        both("duration (s)", a.duration_s, b.duration_s),
        both("connections", a.concurrency, b.concurrency),
        both("workers", a.workers, b.workers),
        both("profile", a.profile, b.profile),
        both("cache", first.impl, second.impl),
        both("validity", first.validity, second.validity),
    ]
    names = sorted({*first.fingerprint, *second.fingerprint} - {"workers"})
    return lines + [both(name, first.fingerprint.get(name), second.fingerprint.get(name)) for name in names]


def _text(value: object) -> str:
    if value is None or value == "":
        return "NA"
    return f"{value:g}" if isinstance(value, float) else str(value)
