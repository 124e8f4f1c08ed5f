"""From figures to places on paper: ranges, round ticks and their labels; the only arithmetic that drawing needs."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from reports.model.chart import Across

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.model.chart import Chart

_QUANTILES = ((1.0, "0 %"), (2.0, "50 %"), (10.0, "90 %"), (100.0, "99 %"), (1e3, "99.9 %"), (1e4, "99.99 %"),
              (1e5, "99.999 %"), (1e6, "99.9999 %"))  # fmt: skip
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
_MOST_LABELS = 8
_NEAR = 2.5
_MOST_DECADES = 6


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis, from 0 to 1, and what stands there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear or logarithmic range of one axis."""

    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return where a value lies, 0 at the low end and 1 at the high end; beyond the ends is cut."""
        if self.log:
            share = (log10(max(value, self.low)) - log10(self.low)) / (log10(self.high) - log10(self.low))
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(max(share, 0.0), 1.0)


def across_scale(chart: Chart) -> Scale:
    """Return the range from left to right."""
    if chart.span is not None:
        return Scale(*chart.span)
    xs = [x for group in chart.groups for x in (group.xs[:1] + group.xs[-1:])]
    xs += [mark.at for mark in chart.marks]
    if chart.across is Across.QUANTILE:
        return Scale(1.0, max(10.0, *xs), log=True) if xs else Scale(1.0, 10.0, log=True)
    low, high = (min(0.0, *xs), max(xs)) if len(xs) > 1 else (0.0, max([*xs, 1.0]))
    return Scale(low, high if high > low else low + 1.0)


def up_scale(chart: Chart) -> Scale:
    """Return the range from bottom to top, its high end a round figure; a limit far above the figures is left out."""
    values = [value for group in chart.groups for line in group.lines for value in line.values if value is not None]
    highest = max(values, default=0.0)
    values += [limit.value for limit in chart.limits if limit.value <= highest * _NEAR]
    if chart.log:
        positive = [value for value in values if value > 0] or [1.0]
        low, high = floor(log10(min(positive))), ceil(log10(max(positive)))
        high = max(high, low + 1)
        return Scale(10.0 ** max(low, high - _MOST_DECADES), 10.0**high, log=True)
    top = max([*values, 0.0])
    if chart.unit == "%" and 80 < top <= 100:
        return Scale(0.0, 100.0)
    step = round_step(top * 1.04)
    return Scale(0.0, step * ceil(top * 1.04 / step) or 1.0)


def round_step(high: float, ticks: int = 5) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that cuts 0 to `high` into at most `ticks` parts.

    >>> round_step(43.0), round_step(0.07), round_step(0.0)
    (10.0, 0.02, 1.0)
    """
    if high <= 0:
        return 1.0
    power: float = 10.0 ** floor(log10(high / ticks))
    fitting = next(factor for factor in (1, 2, 5, 10) if high / (factor * power) <= ticks)
    return float(f"{fitting * power:.6g}")


def up_ticks(scale: Scale) -> list[Tick]:
    """Return the ticks from bottom to top."""
    if scale.log:
        decades = range(round(log10(scale.low)), round(log10(scale.high)) + 1)
        return [Tick(scale.place(10.0**decade), short(10.0**decade)) for decade in decades]
    step = round_step(scale.high)
    return [Tick(scale.place(at * step), short(at * step)) for at in range(round(scale.high / step) + 1)]


def across_ticks(chart: Chart, scale: Scale) -> list[Tick]:
    """Return the ticks from left to right."""
    if chart.across is Across.QUANTILE:
        return [Tick(scale.place(at), text) for at, text in _QUANTILES if at <= scale.high * 1.001]
    if chart.across is Across.LABELS:
        every = ceil(len(chart.labels) / _MOST_LABELS) or 1
        return [Tick(scale.place(at), text) for at, text in enumerate(chart.labels) if at % every == 0]
    return [Tick(scale.place(at), elapsed(at)) for at in _rounds(scale)]


def _rounds(scale: Scale) -> Iterator[float]:
    span = scale.high - scale.low
    step = next((step for step in _STEPS_S if span / step <= _MOST_LABELS), _STEPS_S[-1])
    at = ceil(scale.low / step) * step
    while at <= scale.high:
        yield float(at)
        at += step


def elapsed(seconds: float) -> str:
    """Write seconds since the start as a clock would.

    >>> elapsed(75), elapsed(3675), elapsed(5), elapsed(-2)
    ('1:15', '1:01:15', '0:05', '-0:02')
    """
    sign, whole = ("-", round(-seconds)) if seconds < 0 else ("", round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{sign}{hours}:{minutes:02}:{rest:02}" if hours else f"{sign}{minutes}:{rest:02}"


def short(value: float) -> str:
    """Write a tick's figure without digits that say nothing.

    >>> short(1200.0), short(0.5), short(0.30000000000000004)
    ('1,200', '0.5', '0.3')
    """
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return text if text != "-0" else "0"
