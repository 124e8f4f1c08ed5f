"""What became of the client's figures: percentiles of the response time, the share of errors, the throughput."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loadgen.core.units import NS_PER_MS
from reports.analysis.between import ASSUMED, CONFIDENCE, between_runs
from reports.analysis.bootstrap import FEWEST_BLOCKS, SHORTEST_BLOCK_S, grid_of, merge, percentile_ns, replicate
from reports.analysis.change import Change, Finding, Gauge, Scale, absent, judged, relative
from reports.analysis.shares import share_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.analysis.between import Between
    from reports.analysis.bootstrap import Percentiles, Replicates
    from reports.model.measurement import Measurement

_MS = 2.0
PERCENTILES = {
    50.0: Gauge("p50", "Response p50", "ms", more_is_worse=True, floor=_MS, needed=True),
    95.0: Gauge("p95", "Response p95", "ms", more_is_worse=True, floor=_MS, needed=True),
    99.0: Gauge("p99", "Response p99", "ms", more_is_worse=True, floor=_MS, needed=True),
}
ERRORS = Gauge("error_rate", "Errors", "%", more_is_worse=True, floor=0.5, scale=Scale.POINTS, needed=True)
THROUGHPUT = Gauge("throughput", "Good answers", "/s", more_is_worse=False, needed=True)
GAUGES = (*PERCENTILES.values(), ERRORS, THROUGHPUT)
SCHEDULED = 0.005
"""The deviation of throughput between runs whose schedule, not the service, sets the rate."""
FEWEST_BEYOND = 10
"""How many requests must lie beyond a percentile for it to be compared."""
DRAWS = 1_000
Logs = tuple[float, float]
Units = NDArray[np.float64]
_NOTHING = 1e-9
"""What a rate of nothing is taken as where a logarithm is needed."""


def client_changes(
    current: Sequence[Measurement], reference: Sequence[Measurement], generator: np.random.Generator, draws: int = DRAWS
) -> tuple[Finding, ...]:
    """Compare the runs under test with the runs of reference; each side's histograms are merged."""
    current, reference = ([run for run in side if run.requests] for side in (current, reference))
    if not current or not reference:
        side = "the runs under test have" if not current else "the baseline has"
        return tuple(absent(gauge, f"{side} no latencies of blocks") for gauge in GAUGES)
    return _Pair(current, reference, generator, draws).findings()


def client_figures(run: Measurement) -> dict[str, float]:
    """Return a run's own figures: requests, p50_ms, p95_ms, p99_ms, error_pct, good_per_s; none without latencies."""
    if not run.requests:
        return {}
    merged, ended = merge([run]), float(run.requests)
    good = float(_ok(run).sum())
    return {
        "requests": ended,
        **{f"p{quantile:g}_ms": percentile_ns(merged, quantile) / NS_PER_MS for quantile in PERCENTILES},
        "error_pct": 100 * (1 - good / ended),
        "good_per_s": good / run.duration_s,
    }


class _Pair:
    """Both sides with their replicates."""

    def __init__(
        self,
        current: Sequence[Measurement],
        reference: Sequence[Measurement],
        generator: np.random.Generator,
        draws: int,
    ) -> None:
        self._runs = (tuple(current), tuple(reference))
        self._again: tuple[Replicates, Replicates] = (
            replicate(current, draws, generator),
            replicate(reference, draws, generator),
        )
        self._doubt = too_short(current) or too_short(reference)

    def findings(self) -> tuple[Finding, ...]:
        grid = grid_of((*self._runs[0], *self._runs[1]))
        drawn = tuple(side.percentiles(grid, tuple(PERCENTILES)) for side in self._again)
        latencies = [self._percentile(at, quantile, (drawn[0], drawn[1])) for at, quantile in enumerate(PERCENTILES)]
        return (*latencies, self._errors(), self._throughput())

    def _percentile(self, at: int, quantile: float, drawn: tuple[Percentiles, Percentiles]) -> Finding:
        gauge = PERCENTILES[quantile]
        current, reference = (percentile_ns(merge(side), quantile) for side in self._runs)
        values = [[float(percentile_ns(merge([run]), quantile)) for run in side] for side in self._runs]
        own = [float(np.log(one[at]).var()) for side in drawn for one in side.alone]
        between = between_runs([np.log(side).tolist() for side in values], own, ASSUMED)
        differences = np.log(drawn[0].merged[at]) - np.log(drawn[1].merged[at])
        interval = relative(
            math.log(current / reference), _middle(differences), between.reach(len(self._runs[0]), len(self._runs[1]))
        )
        doubt = self._doubt or _too_few(min(self._requests()), quantile)
        pair = (reference / NS_PER_MS, current / NS_PER_MS)
        found = judged(gauge, pair, interval, self._history([value / NS_PER_MS for value in values[1]]), doubt)
        if found.change is not Change.UNDERPOWERED or doubt or found.smallest is None:
            return found
        return replace(found, doubt=_needed(between, found.smallest, len(self._runs[1])))

    def _requests(self) -> tuple[int, int]:
        return sum(run.requests for run in self._runs[0]), sum(run.requests for run in self._runs[1])

    def _history(self, values: Sequence[float]) -> tuple[tuple[str, float], ...]:
        return tuple((run.name, value) for run, value in zip(self._runs[1], values, strict=True))

    def _errors(self) -> Finding:
        failed, ended = self._sides(lambda run: _ended(run) - _ok(run)), self._sides(_ended)
        drawn = [side.ratios(again) for side, again in zip(_ratios(failed, ended), self._again, strict=True)]
        current, reference = _ratios(failed, ended)
        interval, pair = share_interval(
            (current.summed, reference.summed), drawn[0] - drawn[1], (current.alone, reference.alone)
        )
        return judged(ERRORS, pair, interval, self._history([100 * share for share in reference.alone]), self._doubt)

    def _throughput(self) -> Finding:
        sides = _ratios(self._sides(_ok), self._sides(_lengths))
        drawn = [
            np.log(np.maximum(side.ratios(again), _NOTHING)) for side, again in zip(sides, self._again, strict=True)
        ]
        current, reference = (max(side.summed[0] / side.summed[1], _NOTHING) for side in sides)
        alone = [[max(rate, _NOTHING) for rate in side.alone] for side in sides]
        paced = all(run.parameters.planned_requests for side in self._runs for run in side)
        between = between_runs([np.log(rates).tolist() for rates in alone], [], SCHEDULED if paced else ASSUMED)
        reach = between.reach(len(self._runs[0]), len(self._runs[1]))
        interval = relative(math.log(current / reference), _middle(drawn[0] - drawn[1]), reach)
        return judged(THROUGHPUT, (reference, current), interval, self._history(alone[1]), self._doubt)

    def _sides(self, figure: Callable[[Measurement], Units]) -> tuple[list[Units], list[Units]]:
        return [figure(run) for run in self._runs[0]], [figure(run) for run in self._runs[1]]


@dataclass(frozen=True, slots=True)
class _Ratio:
    """One side's ratio of sums: over and under the line for every unit of every run."""

    over: list[Units]
    under: list[Units]

    @property
    def summed(self) -> tuple[float, float]:
        return float(sum(map(np.sum, self.over))), float(sum(map(np.sum, self.under)))

    @property
    def alone(self) -> list[float]:
        return [float(over.sum() / under.sum()) for over, under in zip(self.over, self.under, strict=True)]

    def ratios(self, again: Replicates) -> Units:
        """Return the ratio of every replicate."""
        return again.sums(self.over) / np.maximum(_NOTHING, again.sums(self.under))


def _ratios(over: tuple[list[Units], list[Units]], under: tuple[list[Units], list[Units]]) -> tuple[_Ratio, _Ratio]:
    return _Ratio(over[0], under[0]), _Ratio(over[1], under[1])


def _lengths(run: Measurement) -> Units:
    return np.array([block.length_s for block in run.blocks], np.float64)


def _ok(run: Measurement) -> Units:
    return np.array([block.ok for block in run.blocks], np.float64)


def _ended(run: Measurement) -> Units:
    return np.array([block.total for block in run.blocks], np.float64)


def _middle(values: NDArray[np.float64]) -> Logs:
    low, high = np.quantile(values, ((1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2))
    return float(low), float(high)


def too_short(runs: Sequence[Measurement]) -> str:
    """Say why a side is too short to know its own noise; empty when it is not."""
    duration_s, least_s = sum(run.duration_s for run in runs), FEWEST_BLOCKS * SHORTEST_BLOCK_S
    if duration_s < least_s:
        return f"{duration_s:.0f} s were measured; {least_s:.0f} s are the least that tells a run's own noise"
    return ""


def _needed(between: Between, smallest: float, reference: int) -> str:
    """Say how many runs of the build would tell an effect of the smallest size, the runs' own noise aside."""
    runs = between.runs_to_tell(math.log1p(smallest), reference)
    effect = f"{100 * smallest:.3g} %"
    if runs is None:
        return f"runs differ too much to tell {effect}: keep more baselines"
    return (
        f"telling {effect} takes about {runs} runs of the build" if runs > 1 else "the run's own noise: measure longer"
    )


def _too_few(requests: int, quantile: float) -> str:
    needed = math.ceil(FEWEST_BEYOND / (1 - quantile / 100) - 1e-6)
    return f"{requests} requests; p{quantile:g} needs {needed:,}" if requests < needed else ""
