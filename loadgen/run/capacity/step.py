"""The judgement of one step: after each block it holds, fails, or wants another block. Pure.

Laws: a step holds only when every condition does and it has come to rest; one condition that clearly fails is enough
to stop; after the last planned block the estimate decides, and the step is marked as close.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.run.capacity.block import LEAST_BLOCK_S, Block
from loadgen.run.capacity.bounds import z_of_look
from loadgen.run.capacity.findings import Finding, Look, State, judge_condition, judge_stationary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from loadgen.run.capacity.conditions import Condition

ALPHA = 0.05
LOOKS = 6


@dataclass(frozen=True, slots=True)
class StepTerms:
    """How a step is run and judged.

    The first `settle_s` are not judged; then come at most `looks` blocks of `block_s`, at least `least_looks` of them
    before it may hold. `alpha` is spent over the looks. `benefit`: what stays open to the end holds, because the rate
    has held before.
    """

    rate_per_s: float
    settle_s: int = 1
    block_s: int = LEAST_BLOCK_S
    looks: int = LOOKS
    least_looks: int = 1
    alpha: float = ALPHA
    benefit: bool = False

    @property
    def longest_s(self) -> int:
        """How long the step lasts when no look decides."""
        return self.settle_s + self.looks * self.block_s


@dataclass(frozen=True, slots=True)
class Standing:
    """A step after a look: HOLDS and FAILS end it, OPEN wants another block, UNKNOWN ends it without an answer."""

    state: State
    findings: tuple[Finding, ...]
    looks: int

    @property
    def clear(self) -> bool:
        """Whether the bounds decided, not the estimate at the last look."""
        relevant = self.broken or self.findings
        return any(finding.clear for finding in relevant) if self.broken else all(f.clear for f in relevant)

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The conditions that fail."""
        return tuple(finding for finding in self.findings if finding.state is State.FAILS)


class StepJudge:
    """Takes the blocks of one step in order."""

    def __init__(self, conditions: Sequence[Condition], terms: StepTerms) -> None:
        self._conditions = tuple(conditions)
        self._terms = terms
        self.blocks: list[Block] = []

    def __repr__(self) -> str:
        return f"<StepJudge at {self._terms.rate_per_s:g}/s, {len(self.blocks)} of {self._terms.looks} blocks>"

    def look(self, block: Block) -> Standing:
        """Take a block and judge all blocks so far."""
        self.blocks.append(block)
        count = len(self.blocks)
        terms = self._terms
        look = Look(
            z_of_look(terms.alpha, terms.looks), last=count >= terms.looks, first=count == 1, benefit=terms.benefit
        )
        seconds = [second for one in self.blocks for second in one.seconds]
        judged = [judge_condition(condition, self.blocks, look) for condition in self._conditions]
        findings = (*judged, judge_stationary(seconds, terms.rate_per_s, _strain(judged), look))
        return Standing(self._verdict({finding.state for finding in findings}, count), findings, count)

    def _verdict(self, states: set[State], count: int) -> State:
        for worst in (State.FAILS, State.UNKNOWN, State.OPEN):
            if worst in states:
                return worst
        return State.HOLDS if count >= min(self._terms.least_looks, self._terms.looks) else State.OPEN


def _strain(findings: Sequence[Finding]) -> float:
    """Return the highest share of a latency limit that is used up; 0 without such a limit."""
    shares = [one.interval.estimate / one.limit for one in findings if one.interval is not None and one.unit == "ns"]
    return max(shares, default=0.0)


def block_length_s(conditions: Sequence[Condition], rate_per_s: float) -> int:
    """Return how long a block is at a rate: 5 s, or as long as half of the requests that a condition needs take."""
    need = max(condition.least_requests for condition in conditions)
    return max(LEAST_BLOCK_S, -int(-need / rate_per_s // 2))
