"""What became of the service's own figures: shares, percentiles of its histogram, processor and memory.

The rows of metrics.csv tell the noise of a share; its value is that of the whole window. A percentile is known no
better than its bucket: where the bucket leaves open whether it moved, the word is UNDERPOWERED, never a number made up
inside the bucket.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reports.analysis.between import ASSUMED, between_runs
from reports.analysis.bootstrap import FEWEST_BLOCKS, draw_weights
from reports.analysis.change import Change, Finding, Gauge, Scale, absent, judged, relative
from reports.analysis.quantile import bounds_of
from reports.analysis.shares import share_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from reports.model.measurement import Measurement
    from reports.model.server import Bounds

SHARES = {
    "error_rate": Gauge("error", "Errors (server)", "%", more_is_worse=True, floor=0.5, scale=Scale.POINTS),
    "effective_fallback_ratio": Gauge(
        "effective_fallback", "Effective fallback", "%", more_is_worse=True, floor=1.0, scale=Scale.POINTS
    ),
    "raw_fallback_ratio": Gauge("raw_fallback", "Raw fallback", "%", more_is_worse=True, floor=2.0, scale=Scale.POINTS),
    "cache_hit_rate": Gauge("cache_hit", "Cache hits", "%", more_is_worse=False, floor=2.0, scale=Scale.POINTS),
}
"""The shares by their column of metrics.csv."""
PERCENTILES = {
    name: Gauge(f"{name}_server", f"Server {name}", "ms", more_is_worse=True, floor=2.0)
    for name in ("p50", "p95", "p99")
}
CPU = Gauge("cpu", "Processor (server)", "%", more_is_worse=True, share=0.10, floor=1.0)
MEMORY = Gauge("memory", "Memory, highest", "MB", more_is_worse=True, share=0.10, floor=10.0)
_DRAWS = 1_000
MS_PER_S = 1_000
_QUANTILES = {"p50": 50.0, "p95": 95.0, "p99": 99.0}


def server_changes(
    current: Sequence[Measurement], reference: Sequence[Measurement], generator: np.random.Generator
) -> tuple[Finding, ...]:
    """Compare what the service said of itself."""
    shares = [_share(column, current, reference, generator) for column in SHARES]
    percentiles = [_percentile(name, current, reference) for name in PERCENTILES]
    gauges = [
        _level(MEMORY, [run.rss_mb_max for run in current], [run.rss_mb_max for run in reference], reference),
        _level(CPU, [run.cpu_pct for run in current], [run.cpu_pct for run in reference], reference),
    ]
    return (*percentiles, *shares, *gauges)


def _share(
    column: str, current: Sequence[Measurement], reference: Sequence[Measurement], generator: np.random.Generator
) -> Finding:
    gauge = SHARES[column]
    sides = [[run for run in side if run.shares.get(gauge.key, (0.0, 0.0))[1] > 0] for side in (current, reference)]
    if not all(sides):
        return absent(gauge, _no_figure(sides))
    summed = [_summed([run.shares[gauge.key] for run in side]) for side in sides]
    alone = [[run.shares[gauge.key][0] / run.shares[gauge.key][1] for run in side] for side in sides]
    drawn = [_replicates(side, column, generator) for side in sides]
    known = drawn[0] is not None and drawn[1] is not None
    difference = summed[0][0] / summed[0][1] - summed[1][0] / summed[1][1]
    replicates = difference + drawn[0] - drawn[1] if drawn[0] is not None and drawn[1] is not None else None
    interval, pair = share_interval((summed[0], summed[1]), replicates, (alone[0], alone[1]))
    history = tuple((run.name, 100 * share) for run, share in zip(sides[1], alone[1], strict=True))
    fewest = min(sum(len(_ratios(run, column)[0]) for run in side) for side in sides)
    doubt = "" if known else f"{fewest} rows; {FEWEST_BLOCKS} are the least that tells their noise"
    return judged(gauge, pair, interval, history, doubt)


def _summed(counted: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return sum(events for events, _ in counted), sum(total for _, total in counted)


def _ratios(run: Measurement, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a run's rows of a share and their weights, the requests per second."""
    found = [
        (ratio, weight)
        for row in run.rows
        if (ratio := row.get(column)) is not None and (weight := row.get("request_rate")) is not None
    ]
    return np.array([ratio for ratio, _ in found]), np.array([weight for _, weight in found])


def _replicates(runs: Sequence[Measurement], column: str, generator: np.random.Generator) -> NDArray[np.float64] | None:
    """Return by how much a share of all runs strays when their rows are drawn again; None with too few rows."""
    rows = [found for run in runs if len((found := _ratios(run, column))[0])]
    if sum(len(ratios) for ratios, _ in rows) < FEWEST_BLOCKS:
        return None
    over, under = np.zeros(_DRAWS), np.zeros(_DRAWS)
    for ratios, weights in rows:
        drawn = draw_weights(len(ratios), 1, _DRAWS, generator).astype(np.float64)
        over += drawn @ (ratios * weights)
        under += drawn @ weights
    shares = over / np.maximum(under, 1e-9)
    strays: NDArray[np.float64] = shares - shares.mean()
    return strays


def _percentile(name: str, current: Sequence[Measurement], reference: Sequence[Measurement]) -> Finding:
    gauge = PERCENTILES[name]
    now, before = _bounds(current, name), _bounds(reference, name)
    if now is None or before is None or not now.value_s or not before.value_s:
        return absent(gauge, "no histogram of the window on both sides")
    if now.saturated or before.saturated:
        side = "under test" if now.saturated else "of the baseline"
        return absent(gauge, f"the percentile of the run {side} lies beyond the last bucket")
    values = [
        [bounds.value_s for run in side if (bounds := run.percentiles.get(name)) is not None and bounds.value_s]
        for side in (current, reference)
    ]
    between = between_runs([np.log(side).tolist() for side in values], [], ASSUMED)
    own = (_log(now.lower_s, before.upper_s), _log(now.upper_s, before.lower_s))
    interval = relative(_log(now.value_s, before.value_s), own, between.reach(len(current), len(reference)))
    history = tuple(
        (run.name, bounds.value_s * MS_PER_S)
        for run in reference
        if (bounds := run.percentiles.get(name)) is not None and bounds.value_s
    )
    found = judged(gauge, (before.value_s * MS_PER_S, now.value_s * MS_PER_S), interval, history)
    if found.change is not Change.UNDERPOWERED:
        return found
    return judged(gauge, (before.value_s * MS_PER_S, now.value_s * MS_PER_S), interval, history, _coarse(before, now))


def _coarse(before: Bounds, now: Bounds) -> str:
    """Say which buckets the percentiles are only known to lie in."""
    texts = [f"{bounds.lower_s * MS_PER_S:g} to {bounds.upper_s * MS_PER_S:g} ms" for bounds in (before, now)]
    return f"bucket {texts[0]}" if texts[0] == texts[1] else f"buckets {texts[0]} and {texts[1]}"


def _bounds(runs: Sequence[Measurement], name: str) -> Bounds | None:
    """Return the percentile of all runs' buckets together; that of the first run where their layouts differ."""
    layouts = {tuple(bound for bound, _ in run.buckets) for run in runs}
    if len(layouts) == 1 and layouts != {()}:
        merged = [
            (pairs[0][0], sum(cumulative for _, cumulative in pairs))
            for pairs in zip(*(run.buckets for run in runs), strict=True)
        ]
        return bounds_of(merged, _QUANTILES[name])
    return runs[0].percentiles.get(name)


def _level(
    gauge: Gauge, current: Sequence[float | None], reference: Sequence[float | None], runs: Sequence[Measurement]
) -> Finding:
    """Compare a level of which a run has one value: only the difference between runs can doubt it."""
    sides = [[value for value in side if value] for side in (current, reference)]
    if not all(sides):
        return absent(gauge, _no_figure(sides))
    now, before = (math.exp(float(np.mean(np.log(side)))) for side in sides)
    between = between_runs([np.log(side).tolist() for side in sides], [], ASSUMED)
    effect = math.log(now / before)
    interval = relative(effect, (effect, effect), between.reach(len(sides[0]), len(sides[1])))
    history = tuple((run.name, value) for run, value in zip(runs, reference, strict=True) if value)
    return judged(gauge, (before, now), interval, history)


def _no_figure(sides: Sequence[Sequence[object]]) -> str:
    return "the runs under test have no figure" if not sides[0] else "the baseline has no figure"


def _log(one: float, other: float) -> float:
    """Return the logarithm of a ratio of bounds, infinite where a bucket begins at 0."""
    if one <= 0:
        return -math.inf
    return math.inf if other <= 0 else math.log(one / other)
