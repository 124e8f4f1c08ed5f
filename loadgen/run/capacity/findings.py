"""One condition over the blocks of a step so far: what is estimated, how surely, and what follows. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from loadgen.core.units import NS_PER_S, format_duration
from loadgen.run.capacity.block import Block, Second, merged
from loadgen.run.capacity.bounds import Interval, dispersion, mean_interval, share_interval, trend, wilson
from loadgen.run.capacity.conditions import SERVER_COLUMNS, Condition, Figure, Side, Unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.core.histogram import Histogram

GROWTH_SHARE = 0.01
"""A step does not hold when its open requests grow by more than this share of its rate."""

DRIFT_SHARE = 0.25
"""Nor when its mean response time rises by more than this share over the step, and would so pass a limit by the end
of another one."""

STATIONARY = "stationary"
_FAR_VALUE, _FAR_SHARE = 0.75, 0.1
_GROSS_SHARE = 0.2
_SURE_Z = 3.8
_RISING_Z = 3.0
_RISING_LAST_Z = 2.4
_DOUBTFUL_Z = 1.3


class State(Enum):
    """What a look says of a condition; UNKNOWN where the last look has no data to judge it on."""

    OPEN = "open"
    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition as it stands; `interval` is in its unit, `clear` False where only the estimate decided."""

    condition: str
    side: Side
    state: State
    interval: Interval | None
    limit: float
    unit: str
    clear: bool = True
    note: str = ""

    def __str__(self) -> str:
        if self.interval is None:
            return f"{self.condition}: {self.note or 'no data'}"
        if self.condition == STATIONARY:
            return self.note or "at rest"
        figure = shown(self.interval.estimate, self.unit)
        bounds = f"{shown(self.interval.low, self.unit)} to {shown(self.interval.high, self.unit)}"
        return f"{self.condition}: {self.note + ', ' if self.note else ''}{figure} ({bounds})"

    def to_body(self) -> dict[str, Any]:
        """Return it as it stands in decisions.jsonl."""
        interval = self.interval
        return {
            "condition": self.condition,
            "side": self.side.value,
            "state": self.state.value,
            "estimate": None if interval is None else _finite(interval.estimate),
            "low": None if interval is None else _finite(interval.low),
            "high": None if interval is None else _finite(interval.high),
            "limit": self.limit,
            "unit": self.unit,
            "clear": self.clear,
            "text": str(self),
        }


@dataclass(frozen=True, slots=True)
class Look:
    """How a look decides: its quantile, whether it is the step's `first` or `last`, and whether there is `benefit`.

    One block may be one burst, so the first look fails a percentile only when a fifth of all requests lie beyond it.
    With the benefit of doubt (a rate that has held before) what the last look leaves open holds; without it the
    estimate decides.
    """

    z: float
    last: bool
    first: bool = False
    benefit: bool = False


def judge_condition(condition: Condition, blocks: Sequence[Block], look: Look) -> Finding:
    """Judge one condition on all blocks of a step so far."""
    if condition.figure is Figure.COLUMN:
        return _column(condition, blocks, look)
    seconds = [second for block in blocks for second in block.seconds]
    histogram = merged(seconds)
    if histogram is None:
        state = State.FAILS if look.last else State.OPEN
        return _finding(condition, state, None, note="nothing ended")
    if condition.figure is Figure.MEAN:
        means = [_mean(block.seconds) for block in blocks]
        return _mean_finding(condition, [mean for mean in means if mean is not None], look)
    if condition.figure is Figure.ERROR_RATE:
        return _error_rate(condition, seconds, look)
    return _percentile(condition, seconds, histogram, look)


def judge_stationary(seconds: Sequence[Second], rate_per_s: float, strain: float, look: Look) -> Finding:
    """Judge whether open requests or response times rise: a step that has not come to rest says nothing of a rate.

    `strain` is how near the step is to a latency limit (1: at it). A rise fails the step when it is material
    (GROWTH_SHARE; DRIFT_SHARE, and strain x (1 + rise) > 1) and significant (z > 3, or 2.4 at the last look); one that
    is material but doubtful keeps the step open.
    """
    growth = trend([float(second.open) for second in seconds])
    means = [second.mean_ns for second in seconds if second.mean_ns is not None]
    drift = trend(means)
    level = sum(means) / len(means) if means else 0.0
    share = growth.slope / rate_per_s
    relative = drift.slope * len(means) / level if level else 0.0
    doubts = []
    if share > GROWTH_SHARE:
        doubts.append((growth.z, f"open requests grow by {growth.slope:.3g}/s", share, GROWTH_SHARE))
    if relative > DRIFT_SHARE and strain * (1 + relative) > 1:
        text = f"response times rise by {100 * relative:.0f} % over the step"
        doubts.append((drift.z, text, relative, DRIFT_SHARE))
    z, text, value, limit = max(doubts, default=(0.0, "", share, GROWTH_SHARE))
    interval = Interval(value, value, value)
    if z > (_RISING_LAST_Z if look.last else _RISING_Z):
        return Finding(STATIONARY, Side.CLIENT, State.FAILS, interval, limit, "share", z > _SURE_Z, text)
    state = State.OPEN if z > _DOUBTFUL_Z and not look.last else State.HOLDS
    return Finding(STATIONARY, Side.CLIENT, state, interval, limit, "share", note=text)


def _percentile(condition: Condition, seconds: Sequence[Second], histogram: Histogram, look: Look) -> Finding:
    """Judge by the share beyond the limit; a step far below it holds whatever the clumps.

    Far: at most a tenth of the share that is allowed lies beyond three quarters of the limit. Clumps are seen at the
    step's own percentile, so the jitter of a fast service would otherwise count like its approach to the limit.
    """
    total = histogram.total
    limit_ns = round(condition.limit)
    beyond = total - _at_or_below(histogram, limit_ns)
    own_ns = histogram.percentile(condition.q)
    clumps = max(_clumps(seconds, limit_ns), _clumps(seconds, own_ns))
    bounds = share_interval(beyond, total, clumps, len(seconds), look.z)
    around = wilson(condition.share_above * total / clumps, total / clumps, look.z)
    interval = Interval(
        own_ns, histogram.percentile(100 * (1 - around.high)), histogram.percentile(100 * (1 - around.low))
    )
    states = _against(bounds, condition.share_above)
    beyond_far = total - _at_or_below(histogram, round(_FAR_VALUE * condition.limit))
    if beyond_far <= _FAR_SHARE * condition.share_above * total:
        states = (State.HOLDS, State.HOLDS)
    elif look.first and states[0] is State.FAILS and bounds.estimate < _GROSS_SHARE and not look.last:
        states = (State.OPEN, states[1])
    return _decided(condition, interval, states, total >= condition.least_requests, look)


def _error_rate(condition: Condition, seconds: Sequence[Second], look: Look) -> Finding:
    failures, ended = [second.failures for second in seconds], [second.ended for second in seconds]
    clumps = dispersion(failures, ended)
    bounds = share_interval(sum(failures), sum(ended), clumps, len(seconds), look.z)
    enough = sum(ended) >= condition.least_requests
    return _decided(condition, bounds, _against(bounds, condition.limit), enough, look)


def _mean_finding(condition: Condition, means: list[float], look: Look) -> Finding:
    bounds = mean_interval(means, look.z)
    return _decided(condition, bounds, _against(bounds, condition.limit), True, look)


def _column(condition: Condition, blocks: Sequence[Block], look: Look) -> Finding:
    values = [block.server[condition.name] for block in blocks if condition.name in block.server]
    if not values:
        state = State.UNKNOWN if look.last else State.OPEN
        return _finding(condition, state, None, note="the service shows no such figure")
    bounds = mean_interval(values, look.z)
    return _decided(condition, bounds, _against(bounds, condition.limit, below=condition.below), True, look)


def _against(bounds: Interval, limit: float, *, below: bool = True) -> tuple[State, State]:
    """Return what the bounds decide (OPEN where the limit lies between them), and what the estimate alone would."""
    good, bad = (State.HOLDS, State.FAILS) if below else (State.FAILS, State.HOLDS)
    by_estimate = good if bounds.estimate <= limit else bad
    if bounds.high <= limit:
        return good, by_estimate
    return (bad if bounds.low > limit else State.OPEN), by_estimate


def _decided(
    condition: Condition, interval: Interval, states: tuple[State, State], enough: bool, look: Look
) -> Finding:
    clear, by_estimate = states
    if not enough:
        note = f"fewer than {condition.least_requests} requests"
        return _finding(condition, State.UNKNOWN if look.last else State.OPEN, interval, note=note)
    if clear is State.OPEN and look.last:
        return _finding(condition, State.HOLDS if look.benefit else by_estimate, interval, clear=False)
    return _finding(condition, clear, interval)


def _finding(
    condition: Condition, state: State, interval: Interval | None, *, clear: bool = True, note: str = ""
) -> Finding:
    return Finding(condition.text, condition.side, state, interval, condition.limit, unit_of(condition), clear, note)


def unit_of(condition: Condition) -> str:
    """Return the unit of a condition's limit: ns, share, s, %, or none."""
    if condition.figure is Figure.COLUMN:
        return SERVER_COLUMNS[condition.name].value
    return Unit.SHARE.value if condition.figure is Figure.ERROR_RATE else "ns"


def _clumps(seconds: Sequence[Second], value_ns: int) -> float:
    events, trials = [], []
    for second in seconds:
        if second.response is not None:
            total = second.response.total
            events.append(total - _at_or_below(second.response, value_ns))
            trials.append(total)
    return dispersion(events, trials)


def _at_or_below(histogram: Histogram, value_ns: int) -> int:
    total = histogram.total
    return round(histogram.share_at_or_below(value_ns) * total) if total else 0


def _mean(seconds: Sequence[Second]) -> float | None:
    histogram = merged(seconds)
    return None if histogram is None or not histogram.total else histogram.mean_ns


def shown(value: float, unit: str) -> str:
    """Write a figure with its unit for people."""
    if value in (float("inf"), float("-inf")):
        return "?"
    if unit == "ns":
        return f"{max(0.0, value) / 1e6:.4g} ms"
    if unit == Unit.SECONDS.value:
        return format_duration(round(max(0.0, value) * NS_PER_S / 10_000) * 10_000)
    if unit == Unit.SHARE.value:
        return f"{100 * value:.3g} %"
    return f"{value:.4g}{' %' if unit == Unit.PERCENT.value else ''}"


def _finite(value: float) -> float | None:
    return value if abs(value) != float("inf") else None
