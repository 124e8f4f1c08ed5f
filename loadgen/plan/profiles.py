"""The usual load profiles as data, and their expansion into stages.

A profile is a list of steps, each a share of the duration and the share of the rate at its begin and end; the rate is
the highest one. Law: the stages' durations add up to the duration exactly.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from loadgen.core.shape import Stage
from loadgen.core.units import Rate

if TYPE_CHECKING:
    from collections.abc import Sequence

Step = tuple[Fraction, Fraction, Fraction]

_TENTH, _FIFTH, _WHOLE = Fraction(1, 10), Fraction(1, 5), Fraction(1)

PROFILES: dict[str, tuple[Step, ...]] = {
    "ramp": ((_WHOLE, Fraction(0), _WHOLE),),
    "step": tuple((_FIFTH, _FIFTH * k, _FIFTH * k) for k in range(1, 6)),
    "spike": (
        (Fraction(4, 10), _FIFTH, _FIFTH),
        (_TENTH / 2, _FIFTH, _WHOLE),
        (_TENTH, _WHOLE, _WHOLE),
        (_TENTH / 2, _WHOLE, _FIFTH),
        (Fraction(4, 10), _FIFTH, _FIFTH),
    ),
    "rollout": (
        (Fraction(1, 3), _TENTH, _TENTH),
        (Fraction(1, 3), Fraction(1, 2), Fraction(1, 2)),
        (Fraction(1, 3), _WHOLE, _WHOLE),
    ),
}
"""ramp: from 0 to the rate. step: five equal steps of 20 %. spike: 20 %, up, a tenth at the rate, down, 20 %.
rollout: 10 %, 50 %, 100 %."""


def expand(steps: Sequence[Step], rate: Rate, duration_ns: int) -> tuple[Stage, ...]:
    """Return the stages of a profile with this highest rate and duration."""
    done = Fraction(0)
    marks = [0]
    for share, _, _ in steps:
        done += share
        marks.append(int(done * duration_ns))
    return tuple(
        Stage(_part(rate, first), end - begin, _part(rate, last) if last != first else None)
        for (_, first, last), (begin, end) in zip(steps, pairwise(marks), strict=True)
    )


def begin_at(stages: Sequence[Stage], share: Fraction, ramp_ns: int) -> tuple[Stage, ...]:
    """Return the stages with a ramp from a share of the first rate to all of it instead of their first `ramp_ns`."""
    first, *rest = stages
    ramp = Stage(_part(first.rate, share), ramp_ns, first.rate)
    left_ns = first.duration_ns - ramp_ns
    return (ramp, *((Stage(first.rate, left_ns),) if left_ns else ()), *rest)


def _part(rate: Rate, share: Fraction) -> Rate:
    exact = Fraction(rate.count, rate.per_ns) * share
    return Rate(exact.numerator, exact.denominator)
