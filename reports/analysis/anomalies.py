"""Stretches in which a figure stood far above the run's own median.

A value is far above when it exceeds three times the median, the median plus eight robust deviations (1.4826 x the
median absolute deviation), and the median plus a floor below which nobody cares. Information only: the verdict judges
the whole window. Fewer than ten values give no median worth comparing with.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from reports.analysis.quantity import Unit

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.model.run import Run

LEAST_VALUES = 10
MOST_SHOWN = 12
_TIMES = 3.0
_DEVIATIONS = 8 * 1.4826
_LEAST_REQUESTS = 20


@dataclass(frozen=True, slots=True)
class Value:
    """One figure with the time it speaks for."""

    start_s: float
    end_s: float
    value: float


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A stretch of time with its highest value beside the run's median, both in `unit`.

    `times` says how many times the median the peak is; empty where the median is 0.
    """

    what: str
    start_s: float
    end_s: float
    peak: float
    median: float
    unit: Unit
    times: str


def anomalies(run: Run) -> tuple[Anomaly, ...]:
    """Return the stretches found, the gravest MOST_SHOWN of them in the order of time."""
    slices = [item for item in run.client.slices if item.count >= _LEAST_REQUESTS]
    p95 = [Value(item.start_s, item.start_s + item.length_s, item.p95_s) for item in slices]
    seconds = run.client.by_second
    lag = [Value(at.at, at.at + 1.0, at.lag_p99_s) for at in seconds if at.lag_p99_s is not None]
    shares = [Value(at.at, at.at + 1.0, at.failures / at.judged * 100) for at in seconds if at.judged]
    found = [
        *find("client p95", p95, Unit.SECONDS, 0.005),
        *find("client errors", shares, Unit.PERCENT, 5.0),
        *find("own lag p99", lag, Unit.SECONDS, 0.005),
        *find("server p99", _rows(run, "p99_latency", 1.0), Unit.SECONDS, 0.005),
        *find("server errors", _rows(run, "error_rate", 100.0), Unit.PERCENT, 1.0),
        *find("memory", _rows(run, "rss_mb", 1.0), Unit.MEGABYTES, 20.0),
    ]
    gravest = sorted(found, key=lambda one: one.peak / max(one.median, 1e-9), reverse=True)[:MOST_SHOWN]
    return tuple(sorted(gravest, key=lambda one: (one.start_s, one.what)))


def find(what: str, values: Sequence[Value], unit: Unit, floor: float) -> Iterator[Anomaly]:
    """Yield the stretches of neighbouring values that stand far above the median of all."""
    if len(values) < LEAST_VALUES:
        return
    middle = median(item.value for item in values)
    deviation = median(abs(item.value - middle) for item in values)
    bound = max(middle * _TIMES, middle + _DEVIATIONS * deviation, middle + floor)
    stretch: list[Value] = []
    for item in values:
        high = item.value > bound
        if stretch and (not high or item.start_s > stretch[-1].end_s + 1e-6):
            yield _anomaly(what, stretch, middle, unit)
            stretch = []
        if high:
            stretch.append(item)
    if stretch:
        yield _anomaly(what, stretch, middle, unit)


def _anomaly(what: str, stretch: Sequence[Value], middle: float, unit: Unit) -> Anomaly:
    peak = max(item.value for item in stretch)
    times = f"{peak / middle:.1f}" if middle > 0 else ""
    return Anomaly(what, stretch[0].start_s, stretch[-1].end_s, peak, middle, unit, times)


def _rows(run: Run, column: str, factor: float) -> list[Value]:
    if run.t0 is None:
        return []
    found, before = [], 0.0
    for row in run.rows:
        at = before if row.at is None else (row.at - run.t0).total_seconds()
        value = row.get(column)
        if value is not None and at > before:
            found.append(Value(before, at, value * factor))
        before = max(before, at)
    return found
