"""Service levels over many runs: every indicator is one share of counts, never an average of shares.

Laws: requests weigh, runs do not; latency is counted in merged histograms at the threshold itself, timeouts and drops
included; where a run lacks an indicator the total is not called met.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from loadgen.core.histogram import slot_of
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from loadgen.core.histogram import Histogram
    from reports.analysis.slo_evidence import Evidence, LeftOut
    from reports.model.service_level import ServiceLevel, ServiceLevels


class Standing(StrEnum):
    """How a promise stands: NA is no answer, and never kept."""

    MET = "MET"
    MISSED = "MISSED"
    NA = "NA"


@dataclass(frozen=True, slots=True)
class Share:
    """Good of total, over the runs that have it; `lacking` runs do not."""

    good: float
    total: float
    lacking: int = 0

    @property
    def pct(self) -> float | None:
        return self.good / self.total * 100 if self.total > 0 else None


@dataclass(frozen=True, slots=True)
class Indicator:
    """One promise and what was measured: the budget is the allowed bad share, burn is used / allowed."""

    key: str
    title: str
    target_pct: float
    share: Share

    @property
    def standing(self) -> Standing:
        value = self.share.pct
        if value is None:
            return Standing.NA
        if value < self.target_pct:
            return Standing.MISSED
        return Standing.NA if self.share.lacking else Standing.MET

    @property
    def burn(self) -> float | None:
        """How many times the allowed share of bad was used; None without a figure or without a budget (100 %)."""
        value = self.share.pct
        return None if value is None or self.target_pct >= 100 else (100 - value) / (100 - self.target_pct)

    @property
    def budget_left_pct(self) -> float | None:
        """What is left of the budget, in percent; never below 0, since burn says how far it is overspent."""
        return None if self.burn is None else max(0.0, 1 - self.burn) * 100


@dataclass(frozen=True, slots=True)
class LevelStanding:
    """One service level over a period; `credit_pct` is due by its availability, None where that is unknown."""

    level: ServiceLevel
    indicators: tuple[Indicator, ...]
    credit_pct: float | None

    @property
    def standing(self) -> Standing:
        return worst(indicator.standing for indicator in self.indicators)


@dataclass(frozen=True, slots=True)
class Period:
    """A month, or all of it: its runs and how each level stands; `compliance` is the share of good requests."""

    name: str
    runs: tuple[str, ...]
    levels: tuple[LevelStanding, ...]
    compliance: Indicator
    watched_s: float
    down_s: float
    p95_s: float | None

    @property
    def standing(self) -> Standing:
        return worst((*(level.standing for level in self.levels), self.compliance.standing))


@dataclass(frozen=True, slots=True)
class Tracking:
    """All months in order, the one that is judged, and what was left out or remarked."""

    months: tuple[Period, ...]
    judged: Period | None
    left_out: tuple[LeftOut, ...]
    remarks: tuple[tuple[str, str], ...]
    levels: ServiceLevels


def worst(standings: Iterable[Standing]) -> Standing:
    """Return MISSED where any is, else NA where any is, else MET; NA for none at all."""
    found = set(standings)
    for standing in (Standing.MISSED, Standing.NA, Standing.MET):
        if standing in found:
            return standing
    return Standing.NA


def track(
    evidence: Sequence[Evidence], left_out: Sequence[LeftOut], levels: ServiceLevels, month: str | None = None
) -> Tracking:
    """Return the standing month by month; `month` (YYYY-MM) is judged, the newest one without it."""
    names = sorted({item.month for item in evidence})
    months = tuple(_period(name, [item for item in evidence if item.month == name], levels) for name in names)
    wanted = month if month is not None else (names[-1] if names else None)
    judged = next((period for period in months if period.name == wanted), None)
    remarks = tuple((item.name, remark) for item in evidence for remark in item.remarks)
    return Tracking(months, judged, tuple(left_out), remarks, levels)


def _period(name: str, runs: Sequence[Evidence], levels: ServiceLevels) -> Period:
    availability = _total(runs, _availability)
    watched = [item.watched for item in runs if item.watched is not None]
    compliance = Share(*_good(runs, levels.slo.latency_s))
    merged = merge([item.response for item in runs if item.response is not None])
    beyond = sum(item.beyond for item in runs)
    return Period(
        name=name,
        runs=tuple(item.name for item in runs),
        levels=tuple(_level(level, runs, availability) for level in levels.both),
        compliance=Indicator("compliance", "Compliance", levels.compliance_pct, compliance),
        watched_s=sum(item.seconds for item in watched),
        down_s=sum(item.seconds - item.up_s for item in watched),
        p95_s=None if merged is None or beyond or not merged.total else merged.percentile(95) / NS_PER_S,
    )


def _level(level: ServiceLevel, runs: Sequence[Evidence], availability: Share) -> LevelStanding:
    fast = _total(runs, lambda item: _fast(item, level.latency_s))
    successes = _total(runs, lambda item: _pair(item.successes, item.requests))
    indicators = (
        Indicator("availability", "Availability", level.availability_pct, availability),
        Indicator("latency", "Latency", level.latency_share_pct, fast),
        Indicator("success", "Success", level.success_pct, successes),
    )
    known = availability.pct
    return LevelStanding(level, indicators, None if known is None else level.credit_for(known))


def _total(runs: Sequence[Evidence], of: Callable[[Evidence], tuple[float, float] | None]) -> Share:
    found = [of(item) for item in runs]
    known = [pair for pair in found if pair is not None]
    return Share(sum(good for good, _ in known), sum(total for _, total in known), len(found) - len(known))


def _pair(good: int | None, total: int | None) -> tuple[float, float] | None:
    return None if good is None or total is None else (good, total)


def _availability(item: Evidence) -> tuple[float, float] | None:
    return None if item.watched is None else (item.watched.up_s, item.watched.seconds)


def _fast(item: Evidence, threshold_s: float) -> tuple[float, float] | None:
    """Count the requests at or below a threshold, exactly to the histogram's slot, of all with a response time."""
    if item.response is None:
        return None
    return count_at_or_below(item.response, threshold_s), item.response.total + item.beyond


def _good(runs: Sequence[Evidence], threshold_s: float) -> tuple[float, float, int]:
    """Count the requests that both succeeded and were fast, of all."""
    share = _total(
        runs,
        lambda item: (
            None
            if item.good is None or item.requests is None
            else (count_at_or_below(item.good, threshold_s), item.requests)
        ),
    )
    return share.good, share.total, share.lacking


def count_at_or_below(histogram: Histogram, threshold_s: float) -> int:
    """Return how many values lie in slots up to and including the threshold's."""
    slot = int(slot_of(np.array([round(threshold_s * NS_PER_S)], np.int64))[0])
    return int(histogram.counts[: slot + 1].sum())


def merge(histograms: Sequence[Histogram]) -> Histogram | None:
    """Return the sum of histograms of any ranges, None of none."""
    if not histograms:
        return None
    merged = max(histograms, key=lambda histogram: len(histogram.counts)).copy()
    merged.clear()
    for histogram in histograms:
        merged.add(histogram)
    return merged
