"""How long steps are and how strictly they are judged, by their purpose. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loadgen.core.units import Rate
from loadgen.run.capacity.block import LEAST_BLOCK_S, Block, merged
from loadgen.run.capacity.conditions import Condition, Figure
from loadgen.run.capacity.findings import shown, unit_of
from loadgen.run.capacity.outcome import Broke, Purpose
from loadgen.run.capacity.step import StepTerms, block_length_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.core.histogram import Histogram

_FINE_LOOKS = 8
_CONFIRM_LOOKS = 3
_BISECT_LOOKS = 2
_START_SHARE = 8
_START_BLOCKS = 2
_RECOVERY_REQUESTS = 5
_LONG_BLOCK_S = 120


@dataclass(frozen=True, slots=True)
class Lengths:
    """What the user may set: seconds that are not judged, the shortest block, how long a single rate is held."""

    settle_s: int = 1
    block_s: int = LEAST_BLOCK_S
    hold_s: int = 60


def step_terms(rate: Rate, purpose: Purpose, conditions: Sequence[Condition], lengths: Lengths) -> StepTerms:
    """Return the terms of a step.

    A bracketing step may hold after one block, a bisecting one after two, a confirming one after three, and that one
    fails only clearly; a rate that is held on its own runs its whole time unless it fails before. A recovery is one
    block that `trouble_in` judges.
    """
    block_s = max(lengths.block_s, block_length_s(conditions, rate.per_s))
    terms = StepTerms(rate.per_s, lengths.settle_s, block_s)
    if purpose is Purpose.HOLD:
        looks = max(_CONFIRM_LOOKS, -(-lengths.hold_s // block_s))
        return replace(terms, looks=looks, least_looks=looks)
    if purpose is Purpose.RECOVER:
        return replace(terms, block_s=max(lengths.block_s, -int(-_RECOVERY_REQUESTS // rate.per_s)), looks=1)
    if purpose is Purpose.BRACKET:
        return terms
    if purpose in (Purpose.BISECT, Purpose.RETRY):
        return replace(terms, looks=_FINE_LOOKS, least_looks=_BISECT_LOOKS)
    return replace(terms, looks=_FINE_LOOKS, least_looks=_CONFIRM_LOOKS, benefit=True)


def first_rate(ceiling: Rate, conditions: Sequence[Condition], lengths: Lengths) -> Rate:
    """Return where a search begins: an eighth of the ceiling, or up to half of it where less would take long.

    Long means that two blocks do not hold the requests which the conditions need.
    """
    need = max(condition.least_requests for condition in conditions)
    quick = need / (_START_BLOCKS * lengths.block_s)
    per_s = min(max(ceiling.per_s / _START_SHARE, quick), ceiling.per_s / 2)
    return Rate.per_second(float(f"{per_s:.3g}"))


def least_rate(start: Rate, conditions: Sequence[Condition]) -> float:
    """Return the rate per second below which a search does not go: there a block takes more than two minutes.

    At the lowest rates a percentile takes hours to be judged. A first rate that is that low itself may be quartered
    once.
    """
    need = max(condition.least_requests for condition in conditions)
    return min(need / 2 / _LONG_BLOCK_S, start.per_s / 5)


def trouble_in(block: Block, conditions: Sequence[Condition]) -> tuple[Broke, ...]:
    """Return what is still wrong in a recovery: too many errors, no endings, or a mean above a latency limit.

    So few requests have no deep percentile, so the mean stands for one; the percentile itself is taken where it is
    lower, because a median below its limit is well however slow the rest is.
    """
    ended = sum(second.ended for second in block.seconds)
    if not ended:
        return (Broke("recovery", "client", "nothing ended"),)
    failed = sum(second.failures for second in block.seconds) / ended
    times = merged(block.seconds)
    values = {one: _recovery_value(one, failed, times) for one in conditions if one.figure is not Figure.COLUMN}
    return tuple(
        Broke(one.text, one.side.value, f"{one.text}: {shown(value, unit_of(one))} in the recovery")
        for one, value in values.items()
        if value > one.limit
    )


def _recovery_value(condition: Condition, failed: float, times: Histogram | None) -> float:
    if condition.figure is Figure.ERROR_RATE:
        return failed
    if times is None or not times.total:
        return 0.0
    mean_ns = times.mean_ns
    return mean_ns if condition.figure is Figure.MEAN else min(mean_ns, float(times.percentile(condition.q)))
