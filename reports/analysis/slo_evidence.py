"""What one run has to say about service levels: counts, a histogram and watched seconds, or why it is left out."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from reports.analysis.client import errors_of
from reports.analysis.conduct import tripped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from loadgen.core.histogram import Histogram
    from reports.model.run import Run
    from reports.model.signals import Probe

COUNTED_KINDS = ("baseline", "extended", "fallback-scenario")
_UNWATCHED = 3.0  # a gap of more than three usual ones between probes was not watched


@dataclass(frozen=True, slots=True)
class Watched:
    """How long the service was asked for signs of life, and for how much of that it gave them."""

    seconds: float
    up_s: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """One run's account; None is what its record does not have.

    `response` holds all response times and `beyond` counts those above its range; `good` holds those of successes.
    """

    name: str
    month: str
    requests: int | None
    successes: int | None
    response: Histogram | None
    beyond: int
    good: Histogram | None
    watched: Watched | None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A run that is not counted, and why."""

    name: str
    reason: str


def evidence_of(run: Run, probes: Sequence[Probe], profile: str) -> Evidence | LeftOut:
    """Return what a run says about the service in ordinary operation, or why it says nothing about it.

    A run that the breaker ended counts: that is what the service's users saw. An INVALID one does not: what it shows
    is the generator.
    """
    reason = _why_not(run, profile)
    if reason:
        return LeftOut(run.name, reason)
    errors = errors_of(run.client.account)
    remarks = _remarks(run)
    whole = _logged_whole(run)
    if not whole:
        remarks.append("latency.hlog lacks requests of the account, so its latencies are not used")
    return Evidence(
        name=run.name,
        month=_month(run.started or run.t0),
        requests=errors.judged if errors else None,
        successes=errors.successes if errors else None,
        response=run.client.clocks.get("response") if whole else None,
        beyond=run.client.out_of_range.get("response", 0),
        good=run.client.clocks.get("response_ok") if whole else None,
        watched=watched_by(probes),
        remarks=tuple(remarks),
    )


def _why_not(run: Run, profile: str) -> str:
    asked = run.parameters
    if asked.profile != profile:
        return f"its profile is {asked.profile or 'not on record'}"
    if asked.kind not in COUNTED_KINDS:
        return f"its kind is {asked.kind or 'not on record'}"
    if run.synthetic:
        return "its data are synthetic"
    if run.validity.state == "INVALID":
        return "its measurement is INVALID"
    return "" if run.started or run.t0 else "its time is not on record"


def _logged_whole(run: Run) -> bool:
    """Say whether the log has a response time for every request that ended: what it lacks could be the slow ones."""
    histogram, account = run.client.clocks.get("response"), run.client.account
    if histogram is None or account is None:
        return True
    return histogram.total + run.client.out_of_range.get("response", 0) >= account.ended


def _month(at: datetime | None) -> str:
    assert at is not None
    return f"{at:%Y-%m}"


def _remarks(run: Run) -> list[str]:
    found = ["the circuit breaker ended it"] if tripped(run) else []
    if not found and run.status != "completed":
        found.append(f"it is partial (status {run.status or 'unknown'})")
    if run.damages:
        found.append(f"its record is damaged ({run.damages[0]})")
    return found


def watched_by(probes: Sequence[Probe]) -> Watched | None:
    """Return the time that probes stand for: each for the time since the one before; None without two probes.

    A gap of more than three usual ones was not watched, beyond that length.
    """
    times = [0.0, *(probe.at_s for probe in probes)]
    gaps = [max(0.0, later - earlier) for earlier, later in itertools.pairwise(times)]
    if len(gaps) < 2:
        return None
    most = _UNWATCHED * median(gaps)
    seconds = [min(gap, most) for gap in gaps]
    up = sum(length for length, probe in zip(seconds, probes, strict=True) if probe.ok)
    total = sum(seconds)
    return Watched(total, up) if total > 0 else None
