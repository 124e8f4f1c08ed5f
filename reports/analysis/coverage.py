"""How much of the run was observed, against what a baseline needs.

Laws: a row counts as a sample only when it holds figures; the time covered runs from sample 0 (t = 0) to the last such
row, less any time in which the run was interrupted; 1 % less time is tolerated, one sample less is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.check import Check, Status, Weight
from reports.analysis.quantity import count, duration, plural

if TYPE_CHECKING:
    from datetime import datetime

    from reports.model.run import Run
    from reports.model.server import Row

TIME_TOLERANCE = 0.01
OBSERVATION = "observation"
"""The kind of a run of the observer alone."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """What is enough: at least `samples` rows over at least `seconds`."""

    name: str
    samples: int
    seconds: float


BASELINE = Criterion("production baseline: ≥ 12 samples over ≥ 2h", 12, 7200.0)
EXTENDED = Criterion("extended validation: ≥ 4 samples over ≥ 1h", 4, 3600.0)


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was observed: `empty` names rows without figures, `seconds` is None when the times are unreadable."""

    samples: int
    rows: int
    asked: int | None
    seconds: float | None
    planned_s: float | None
    empty: tuple[int, ...]
    criterion: Criterion | None
    check: Check


def in_production(run: Run) -> bool:
    """Say whether production's criteria hold: also when the record does not say where the run was made."""
    return run.parameters.profile in ("production", "")


def cover(run: Run) -> Coverage:
    """Measure the coverage and judge it: against the criteria in production, against the plan elsewhere."""
    measured = [row for row in run.rows if row.measured]
    empty = tuple(row.number or at for at, row in enumerate(run.rows, 1) if not row.measured)
    seconds = _covered_s(measured, run.t0, run.interrupted_s)
    planned_s = _product(run.parameters.samples, run.parameters.interval_s)
    criterion = _criterion(run, planned_s)
    status, reason = _compare(len(measured), seconds, criterion)
    if empty:
        reason += f"; without figures: sample {', '.join(map(str, empty))}"
    if run.interrupted_s:
        reason += f"; interrupted for {duration(run.interrupted_s)}, which does not count"
    check = Check("coverage", "Coverage", status, Weight.MANDATORY, reason)
    asked = run.parameters.samples
    return Coverage(len(measured), len(run.rows), asked, seconds, planned_s, empty, criterion, check)


def _criterion(run: Run, planned_s: float | None) -> Criterion | None:
    kind, samples = run.parameters.kind, run.parameters.samples
    if in_production(run) and kind != "fallback-scenario":
        return EXTENDED if kind == "extended" else BASELINE
    if not samples or not planned_s:
        return None
    return Criterion(f"the plan: {plural(samples, 'sample')} over {duration(planned_s)}", samples, planned_s)


def _compare(samples: int, seconds: float | None, criterion: Criterion | None) -> tuple[Status, str]:
    if criterion is None:
        return Status.NA, "the record does not say how many samples were planned"
    if samples == 0:
        return Status.NA, f"no sample; {criterion.name}"
    if seconds is None:
        return Status.NA, f"the time covered cannot be read from the rows; {criterion.name}"
    seen = f"{plural(samples, 'sample')} over {duration(seconds)}"
    enough = samples >= criterion.samples and seconds >= criterion.seconds * (1 - TIME_TOLERANCE)
    return (Status.PASS if enough else Status.NA), f"{seen}; {criterion.name}"


def _covered_s(measured: list[Row], t0: datetime | None, interrupted_s: float) -> float | None:
    """Return the time from t0 to the last row, without the time in which the run was interrupted."""
    last = measured[-1].at if measured else None
    if last is None or t0 is None or last <= t0:
        return None
    return max(0.0, (last - t0).total_seconds() - interrupted_s)


def _product(samples: int | None, interval_s: float | None) -> float | None:
    return None if samples is None or interval_s is None else samples * interval_s


def judge_load(run: Run) -> Check:
    """Judge whether the load that was asked for was put on the service.

    FAIL when the target could not take it (TARGET-LIMITED), NA when we ourselves fell short or the run was cut.
    """
    title, account = "Load", run.client.account
    if run.parameters.kind == OBSERVATION:
        return Check("load", title, Status.NA, Weight.MANDATORY, "an observation sends nothing")
    if account is None or account.scheduled <= 0:
        return Check("load", title, Status.NA, Weight.MANDATORY, "nothing was scheduled, or the account is missing")
    sent_pct = account.sent / account.scheduled * 100
    told = f"{count(account.sent)} of {count(account.scheduled)} scheduled requests sent ({sent_pct:.2f} %)"
    if run.validity.target_limited:
        reason = f"TARGET-LIMITED: every connection was busy, so the service set the pace; {told}"
        return Check("load", title, Status.FAIL, Weight.MANDATORY, reason, sent_pct)
    planned = _planned(run)
    if planned is not None and account.scheduled < planned * (1 - TIME_TOLERANCE):
        reason = f"cut short: {count(account.scheduled)} of {count(planned)} planned requests came due; {told}"
        return Check("load", title, Status.NA, Weight.MANDATORY, reason, sent_pct)
    if account.sent < account.scheduled * (1 - TIME_TOLERANCE):
        return Check("load", title, Status.NA, Weight.MANDATORY, f"fell short: {told}", sent_pct)
    if _sent_late(run, account.scheduled):
        reason = f"fell short: {_achieved(run, told)}, but the last of them only after the schedule's end"
        return Check("load", title, Status.NA, Weight.MANDATORY, reason, sent_pct)
    return Check("load", title, Status.PASS, Weight.MANDATORY, _achieved(run, told), sent_pct)


def _sent_late(run: Run, scheduled: int) -> bool:
    """Say whether the drain had to send what the schedule itself could not, one request aside.

    The rate is that of whole seconds, so nothing is said about a schedule that ends within one.
    """
    seconds, achieved = run.parameters.duration_s, run.client.achieved_per_s
    if not seconds or seconds % 1 or achieved is None:
        return False
    return scheduled - achieved * seconds > max(1.0, scheduled * TIME_TOLERANCE)


def _achieved(run: Run, told: str) -> str:
    asked, seconds = run.parameters.rate_per_s, run.parameters.duration_s
    account = run.client.account
    if asked is None or not seconds or account is None:
        return told
    achieved = account.sent / seconds if run.client.achieved_per_s is None else run.client.achieved_per_s
    return f"{achieved:.2f}/s achieved, {asked:.2f}/s asked; {told}"


def _planned(run: Run) -> float | None:
    """Return how many requests the schedule had: as recorded, or by rate and duration in older records."""
    if run.parameters.planned_requests is not None:
        return run.parameters.planned_requests
    return _product_f(run.parameters.rate_per_s, run.parameters.duration_s)


def _product_f(rate_per_s: float | None, duration_s: float | None) -> float | None:
    return None if rate_per_s is None or duration_s is None else rate_per_s * duration_s
