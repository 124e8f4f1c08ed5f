"""The search for the highest rate that holds, as a function from what happened so far to what is next. Pure.

    start ── bracket: double the rate until a step fails or the ceiling holds
          ── bisect:  halve the ratio of lowest failed to highest held until it is within the precision
          ── retry:   run the lowest failed rate again where only an estimate made it fail; if it holds, go on above
          ── confirm: run the highest held rate again, longer; it is the answer when it holds again
    a step that fails while none has held quarters the rate, down to the least that is worth its time; a confirming
    step that fails is a failed rate like others; where the answer and all rates below it held by an estimate only,
    there is no answer

A trip of the breaker fails the step: nothing is sent, then a tenth of that rate runs until it holds, then the search
goes on below. The third trip, or the first in production, ends it. A step in which the generator itself was not well
is run again; the third one in a row ends it.

Law: `next_move` depends on nothing but its arguments, so a search is resumed by reading its outcomes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import TYPE_CHECKING

from loadgen.core.units import Rate
from loadgen.run.capacity.answer import Answer, Verdict
from loadgen.run.capacity.outcome import Outcome, Purpose, Result

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_TRIPS = 3
MOST_RECOVERIES = 12
MOST_CONFIRMATIONS = 3
MOST_INVALID = 3
MOST_STEPS = 60
_GROWTH = 2
_BAD = (Result.FAILED, Result.TRIPPED)
_LEAST_SHARE = Fraction(1, 4096)


@dataclass(frozen=True, slots=True)
class SearchTerms:
    """What is searched: nothing above `ceiling`; `start` is the first rate, None to run the ceiling alone.

    `precision` is the ratio of lowest failed to highest held rate, less one, at which bisection ends. Nothing below
    `least_per_s` is tried while no rate has held.
    """

    ceiling: Rate
    start: Rate | None = None
    precision: float = 0.03
    production: bool = False
    least_per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Move:
    """Run a step of this rate next."""

    rate: Rate
    purpose: Purpose
    reason: str


def next_move(terms: SearchTerms, outcomes: Sequence[Outcome]) -> Move | Answer:
    """Return the step to run next, or the answer when there is nothing more to find out."""
    if not outcomes:
        return _first(terms)
    bounds = _Bounds.of(outcomes)
    return (
        _forced_end(terms, outcomes, bounds)
        or _again(outcomes)
        or _recovery(outcomes)
        or (_held_or_not(outcomes, bounds) if terms.start is None else _search(terms, outcomes, bounds))
    )


@dataclass(frozen=True, slots=True)
class _Bounds:
    """The highest rate that held below the lowest that failed, and that one; None where there is none."""

    held: Rate | None
    failed: Rate | None

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> _Bounds:
        judged = [outcome for outcome in outcomes if outcome.purpose is not Purpose.RECOVER]
        bad: list[Rate] = []
        for one in judged:
            if one.purpose is Purpose.RETRY and one.result is Result.HELD:
                bad = [rate for rate in bad if rate != one.rate]
            elif one.result in _BAD:
                bad.append(one.rate)
        failed = min(bad, key=_per_s, default=None)
        good = [one.rate for one in judged if one.result is Result.HELD]
        below = [rate for rate in good if failed is None or rate.per_s < failed.per_s]
        return cls(max(below, key=_per_s, default=None), failed)


def answer_so_far(outcomes: Sequence[Outcome]) -> Answer:
    """Return what a run that has not come to its end knows: INCONCLUSIVE, with the interval so far."""
    return _answer(Verdict.INCONCLUSIVE, outcomes, _Bounds.of(outcomes), "the run has not come to its end")


def _first(terms: SearchTerms) -> Move:
    if terms.start is None:
        return Move(terms.ceiling, Purpose.HOLD, "the rate that was asked for")
    return Move(terms.start, Purpose.BRACKET, "the first rate")


def _forced_end(terms: SearchTerms, outcomes: Sequence[Outcome], bounds: _Bounds) -> Answer | None:
    last = outcomes[-1]
    trips = sum(outcome.result is Result.TRIPPED for outcome in outcomes)
    if last.result is Result.INVALID and _invalid_in_a_row(outcomes) >= MOST_INVALID:
        return _answer(Verdict.INVALID, outcomes, bounds, f"the generator reached its own limit: {last.detail}")
    if last.result is Result.UNKNOWN:
        return _answer(Verdict.INCONCLUSIVE, outcomes, bounds, f"a condition could not be judged: {last.detail}")
    if last.result is Result.TRIPPED and (trips >= MOST_TRIPS or terms.production or terms.start is None):
        count = {1: "the first", 2: "the second"}.get(trips, "the third")
        where = " in production" if terms.production else ""
        return _answer(Verdict.BREAKER, outcomes, bounds, f"the circuit breaker tripped for {count} time{where}")
    if len(outcomes) >= MOST_STEPS:
        return _answer(Verdict.INCONCLUSIVE, outcomes, bounds, f"no answer within {MOST_STEPS} steps")
    return None


def _again(outcomes: Sequence[Outcome]) -> Move | None:
    """Run a step again in which the generator was not well: it says nothing of the service."""
    last = outcomes[-1]
    return Move(last.rate, last.purpose, "the generator was not well") if last.result is Result.INVALID else None


def _invalid_in_a_row(outcomes: Sequence[Outcome]) -> int:
    count = 0
    for outcome in reversed(outcomes):
        if outcome.result is not Result.INVALID:
            break
        count += 1
    return count


def _recovery(outcomes: Sequence[Outcome]) -> Move | Answer | None:
    last = outcomes[-1]
    if last.result is not Result.TRIPPED and last.purpose is not Purpose.RECOVER:
        return None
    if last.purpose is Purpose.RECOVER and last.result is Result.HELD:
        return None
    tries = 0
    for outcome in reversed(outcomes):
        if outcome.purpose is not Purpose.RECOVER:
            break
        tries += 1
    tripped = next(one for one in reversed(outcomes) if one.purpose is not Purpose.RECOVER)
    if tries >= MOST_RECOVERIES:
        text = f"the service was not well again after {tries} steps at a tenth of {tripped.rate}"
        return _answer(Verdict.BREAKER, outcomes, _Bounds.of(outcomes), text)
    return Move(tripped.rate.times(Fraction(1, 10)), Purpose.RECOVER, "a tenth of the rate until the service is well")


def _held_or_not(outcomes: Sequence[Outcome], bounds: _Bounds) -> Answer:
    last = outcomes[-1]
    if last.result is Result.HELD:
        return _answer(Verdict.HOLDS, outcomes, bounds, f"{last.rate} holds")
    return _answer(Verdict.DOES_NOT_HOLD, outcomes, bounds, f"{last.rate} does not hold")


def _search(terms: SearchTerms, outcomes: Sequence[Outcome], bounds: _Bounds) -> Move | Answer:
    held, failed = bounds.held, bounds.failed
    if held is None:
        assert failed is not None
        return _lower(terms, outcomes, bounds, failed)
    if failed is None:
        if held == terms.ceiling:
            return _confirm(outcomes, bounds, held, Verdict.CEILING_HOLDS)
        rate = min(held.times(_GROWTH), terms.ceiling, key=_per_s)
        return Move(rate, Purpose.BRACKET, f"{held} held")
    middle = _rounded(sqrt(held.per_s * failed.per_s))
    if failed.per_s / held.per_s <= 1 + terms.precision or not held.per_s < middle.per_s < failed.per_s:
        if not _settled(outcomes, failed):
            return Move(failed, Purpose.RETRY, "it failed by an estimate only")
        return _confirm(outcomes, bounds, held, Verdict.FOUND)
    return Move(middle, Purpose.BISECT, f"{held} held, {failed} did not")


def _settled(outcomes: Sequence[Outcome], failed: Rate) -> bool:
    """Say whether a failed rate failed clearly, tripped the breaker, or was run again."""
    tried = [one for one in outcomes if one.rate == failed and one.result in _BAD]
    return len(tried) > 1 or any(one.clear or one.purpose is Purpose.RETRY for one in tried)


def _lower(terms: SearchTerms, outcomes: Sequence[Outcome], bounds: _Bounds, failed: Rate) -> Move | Answer:
    rate = _rounded(failed.per_s / 4)
    if rate.per_s < max(terms.least_per_s, float(_LEAST_SHARE) * terms.ceiling.per_s):
        text = f"not even {failed} holds, and a search up to {terms.ceiling} goes no lower: give a lower rate"
        return _answer(Verdict.NOTHING_HOLDS, outcomes, bounds, text)
    return Move(rate, Purpose.BRACKET, f"{failed} did not hold, and nothing has yet")


def _confirm(outcomes: Sequence[Outcome], bounds: _Bounds, held: Rate, verdict: Verdict) -> Move | Answer:
    confirmations = [one for one in outcomes if one.purpose is Purpose.CONFIRM]
    if any(one.rate == held and one.result is Result.HELD for one in confirmations):
        if not _rests_on_a_clear_step(outcomes, held):
            text = f"{held} holds by an estimate only, and so does every lower rate that held"
            return _answer(Verdict.INCONCLUSIVE, outcomes, bounds, text)
        reason = f"{held} is the highest rate that holds" if bounds.failed else f"{held} holds, and it is the ceiling"
        return _answer(verdict, outcomes, bounds, reason)
    if len(confirmations) >= MOST_CONFIRMATIONS:
        text = f"{len(confirmations)} rates held once and failed when they were confirmed"
        return _answer(Verdict.INCONCLUSIVE, outcomes, bounds, text)
    return Move(held, Purpose.CONFIRM, "the highest rate that held, once more")


def _rests_on_a_clear_step(outcomes: Sequence[Outcome], held: Rate) -> bool:
    """Say whether this rate or a lower one held clearly.

    Where all are close to a limit, as with errors that do not depend on the rate, one of several estimates is soon good
    by chance.
    """
    return any(
        one.result is Result.HELD and one.clear and one.rate.per_s <= held.per_s
        for one in outcomes
        if one.purpose is not Purpose.RECOVER
    )


def _answer(verdict: Verdict, outcomes: Sequence[Outcome], bounds: _Bounds, reason: str) -> Answer:
    failing = [one for one in outcomes if bounds.failed is not None and one.rate == bounds.failed and one.broke]
    broke = failing[0].broke if failing else ()
    decisive = [one for one in outcomes if one.rate in (bounds.held, bounds.failed)]
    clear = all(one.clear for one in decisive)
    judged = [one for one in outcomes if one.result in _BAD]
    unserved = judged[-1].unserved if judged and bounds.held is None and all(one.unserved for one in judged) else ""
    unreached = bool(unserved) and all(one.unreached for one in judged)
    if unreached and verdict in (Verdict.DOES_NOT_HOLD, Verdict.NOTHING_HOLDS):
        verdict = Verdict.INCONCLUSIVE
    return Answer(verdict, bounds.held, bounds.failed, reason, broke, clear, unserved, unreached)


def _per_s(rate: Rate) -> float:
    return rate.per_s


def _rounded(per_s: float) -> Rate:
    """Return a rate with four significant digits: nobody reads more, and nothing depends on it."""
    return Rate.per_second(float(f"{per_s:.4g}"))
