"""Error budget: how much of the allowed failure one window used up."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

DEFAULT_TARGET_PCT = 99.0
_ROUNDING = 1e-6  # 100 - 99.9 is a little less than 0.1


@dataclass(frozen=True, slots=True)
class Budget:
    """The budget of one side: `allowed` failures at the target, `used` failures, and what is left in percent.

    `remaining_pct` is (success - target) / (100 - target) x 100: 100 with no failure, negative when overspent.
    """

    side: str
    target_pct: float
    total: float
    allowed: int
    used: float
    remaining_pct: float


def budget_of(side: str, successes: float | None, total: float | None, target_pct: float) -> Budget | None:
    """Return the budget of `total` requests; None when nothing is known or the target leaves no budget (100 %)."""
    if successes is None or not total or target_pct >= 100:
        return None
    success_pct = successes / total * 100
    remaining = (success_pct - target_pct) / (100 - target_pct) * 100
    allowed = floor(total * (100 - target_pct) / 100 + _ROUNDING)
    return Budget(side, target_pct, total, allowed, total - successes, remaining)
