"""The conclusion in one word, pass, marginal or fail, with what it rests on.

Law: a run without a verdict on the service (INCOMPLETE, INVALID) has no conclusion, and none of its figures makes one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode
from reports.analysis.bands import Level
from reports.analysis.check import Status, Weight
from reports.analysis.quantity import Unit, count, duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.analysis.bands import Band
    from reports.analysis.check import Check
    from reports.model.run import Run

_NEAR = 0.1


class Outcome(StrEnum):
    """The word."""

    PASS = "pass"  # noqa: S105 - a conclusion
    MARGINAL = "marginal"
    FAIL = "fail"
    NONE = "no conclusion"


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The word, the sentence that carries it, and the points behind it."""

    outcome: Outcome
    sentence: str
    points: tuple[str, ...]


def conclude(run: Run, exit_code: ExitCode, checks: Sequence[Check], found: Sequence[Band]) -> Conclusion:
    """Conclude from the verdict; `marginal` is a GO with a WARN, a figure near its target, or one inside a band."""
    if exit_code in (ExitCode.INCOMPLETE, ExitCode.INVALID):
        return Conclusion(
            Outcome.NONE, f"{_told(run)} Nothing can be concluded about the service.", tuple(_lacks(checks))
        )
    if exit_code is not ExitCode.OK:
        failed = tuple(check.sentence for check in checks if check.stops)
        return Conclusion(Outcome.FAIL, f"{_told(run)} It did not hold its objectives.", failed)
    doubts = tuple(_doubts(checks, found))
    if doubts:
        return Conclusion(
            Outcome.MARGINAL, f"{_told(run)} It held its objectives, but only just or not cleanly.", doubts
        )
    return Conclusion(Outcome.PASS, f"{_told(run)} It held every objective with room to spare.", ())


def _told(run: Run) -> str:
    account, asked = run.client.account, run.parameters
    sent = count(account.sent if account else None)
    rate = f" at {asked.rate}" if asked.rate else ""
    return f"The service was sent {sent} requests{rate} over {duration(asked.duration_s)}."


def _lacks(checks: Sequence[Check]) -> Iterator[str]:
    return (check.sentence for check in checks if check.missing or check.stops)


def _doubts(checks: Sequence[Check], found: Sequence[Band]) -> Iterator[str]:
    for check in checks:
        if check.weight is Weight.INFORMATIVE:
            continue
        if check.status is Status.WARN:
            yield check.sentence
        elif check.status is Status.PASS and _near(check):
            yield f"{check.title} is near its target: {check.reason}"
    yield from (f"{band.name} {band.value}: within {band.warn}" for band in found if band.level is not Level.QUIET)


def _near(check: Check) -> bool:
    """Say whether a figure that passed used more than nine tenths of the room it had."""
    if check.goal is None or check.value is None:
        return False
    bound, value = check.goal.bound, check.value
    if check.goal.upper:
        return bound > 0 and value > bound * (1 - _NEAR)
    room = 100 - bound if check.goal.unit is Unit.PERCENT else bound
    return room > 0 and value < bound + room * _NEAR
