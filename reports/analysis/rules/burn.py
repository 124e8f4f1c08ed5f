"""Multi-window, multi-burn-rate alerts: how fast the error budget is spent, over a long and a short window at once.

A tier fires while both windows burn more than `factor` times the budget. With budget b = 1 - objective the condition is
error share > factor * b, and a share is at most 1: a tier whose factor * b is 1 or more can never fire. Such a tier is
refused where it was asked for, and left out with its arithmetic where it is one of the usual ones.
Windows and factors are those of the Google SRE workbook for a period of 30 days.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from reports.analysis.rules.draft import Draft
from reports.analysis.rules.promql import JOB, both, share, slower_share, summed, within, zero_for
from reports.model.rule import Alert, Family, LeftOut, Recording, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.analysis.rules.terms import Terms
    from reports.model.rule import Rule


@dataclass(frozen=True, slots=True)
class Tier:
    """One pair of windows: fires when both burn faster than `factor` times the budget, for `hold`."""

    name: str
    severity: Severity
    factor: float
    long: str
    short: str
    hold: str


TIERS = (
    Tier("PageFast", Severity.CRITICAL, 14.4, "1h", "5m", "2m"),
    Tier("PageSlow", Severity.CRITICAL, 6, "6h", "30m", "15m"),
    Tier("TicketFast", Severity.WARNING, 3, "1d", "2h", "1h"),
    Tier("TicketSlow", Severity.WARNING, 1, "3d", "6h", "3h"),
)


@dataclass(frozen=True, slots=True)
class Objective:
    """One service-level objective: `share` of its events are good.

    `ratio` gives the share of bad ones in a window, `bad` their rate, and `all` the rate, or another function, of all.
    """

    slo: str
    alert: str
    needs: tuple[str, ...]
    limits: tuple[str, ...]
    family: Family
    runbook: str
    what: Callable[[Terms], str]
    share: Callable[[Terms], float]
    ratio: Callable[[Terms, str], str]
    bad: Callable[[Terms, str], str]
    all: Callable[[Terms, str, str], str]

    def budget(self, terms: Terms) -> float:
        """Return the share of events that may be bad."""
        return round(1 - self.share(terms), 12)

    def draft(self, name: str, write: Callable[[Terms], Rule]) -> Draft:
        """Return a draft of a rule of this objective."""
        return Draft(name, self.needs, write, self.limits, _no_bucket if self.slo == "latency" else _possible)

    def lacks(self, terms: Terms) -> bool:
        """Say whether its rules cannot be written."""
        return bool(self.draft("", lambda _: Recording("", "")).lacks(terms))


def _possible(_: Terms) -> str:
    return ""


def _no_bucket(terms: Terms) -> str:
    """Return why no share of slow requests can be had, where the bounds of the histogram are known."""
    bounds = terms.facts.buckets.get("latency", ())
    if not bounds or _limit(terms) in bounds:
        return ""
    shown = ", ".join("+Inf" if bound == inf else f"{bound:g}" for bound in bounds)
    return (
        f"{terms.histogram('latency').name} has no bucket that ends at {_limit(terms):g}, the limit of {LATENCY_LIMIT} "
        f"(its bounds are {shown}): set the limit to one of them"
    )


LATENCY_LIMIT = "http_latency_p99"


def _failed(terms: Terms, window: str) -> str:
    return terms.answered(("4xx", "5xx"), window)


def _slow_share(terms: Terms, window: str) -> str:
    return slower_share(terms.histogram("latency"), _limit(terms), window)


def _slow(terms: Terms, window: str) -> str:
    return f"{_timed(terms, window, 'rate')}\n-\n{within(terms.histogram('latency'), _limit(terms), window)}"


def _timed(terms: Terms, window: str, function: str) -> str:
    return summed([terms.histogram("latency").suffixed("_count")], window, JOB, function)


def _limit(terms: Terms) -> float:
    return terms.limit(LATENCY_LIMIT) / terms.source("latency").scale


AVAILABILITY = Objective(
    "availability", "ErrorBudgetBurn", ("requests by status",), ("error_rate",), Family.ERRORS, "ERROR_RATE",
    lambda _: "requests answered with 4xx or 5xx",
    lambda terms: 1 - terms.limit("error_rate") / 100,
    lambda terms, window: share(_failed(terms, window), terms.requests(window)),
    lambda terms, window: zero_for(_failed(terms, window), terms.requests(window)),
    lambda terms, window, function: terms.requests(window, function=function),
)  # fmt: skip
LATENCY = Objective(
    "latency", "LatencyBudgetBurn", ("latency",), (LATENCY_LIMIT,), Family.LATENCY, "LATENCY",
    lambda terms: f"requests slower than {terms.limit(LATENCY_LIMIT) * 1000:g} ms",
    lambda terms: 0.99,
    _slow_share,
    _slow,
    _timed,
)  # fmt: skip
OBJECTIVES = (AVAILABILITY, LATENCY)


def impossible(tier: Tier, budget: float) -> str:
    """Return why a tier can never fire, with the arithmetic; empty when it can.

    >>> impossible(Tier("PageFast", Severity.CRITICAL, 14.4, "1h", "5m", "2m"), 0.08)
    'factor 14.4 x budget 0.08 = 1.152, and no share of errors is above 1: it could never fire'
    """
    product = round(tier.factor * budget, 9)
    if product < 1:
        return ""
    return (
        f"factor {tier.factor:g} x budget {budget:g} = {product:g}, and no share of errors is above 1: "
        "it could never fire"
    )


def identity(objective: Objective, terms: Terms) -> str:
    """Return the id that Sloth gives an objective, by which its dashboards choose."""
    return f"{terms.facts.name}-{objective.slo}"


def windows(tiers: Sequence[Tier]) -> list[str]:
    """Return every window of the tiers, the shortest first."""
    found = {window for tier in tiers for window in (tier.short, tier.long)}
    return sorted(found, key=minutes)


def burn_recordings(objective: Objective, tiers: Sequence[Tier], terms: Terms) -> list[Draft]:
    """Return the error share of each window, the objective and its budget, named as Sloth names them."""
    labels = {
        "sloth_id": identity(objective, terms), "sloth_service": terms.facts.name, "sloth_slo": objective.slo,
    }  # fmt: skip

    def draft(record: str, write: Callable[[Terms], str], **more: str) -> Draft:
        name = f"{record} of {objective.slo}"
        return objective.draft(name, lambda it: Recording(record, write(it), labels | more))

    chosen = f'{{sloth_id="{labels["sloth_id"]}"}}'
    short = windows(tiers)[0] if tiers else "5m"
    ratios = [
        draft(f"slo:sli_error:ratio_rate{w}", lambda it, w=w: objective.ratio(it, w), sloth_window=w)  # type: ignore[misc]
        for w in windows(tiers)
    ]
    return [
        *ratios,
        draft("slo:objective:ratio", lambda it: f"vector({1 - objective.budget(it):.6g})"),
        draft("slo:error_budget:ratio", lambda it: f"vector({objective.budget(it):.6g})"),
        draft(
            "slo:current_burn_rate:ratio",
            lambda it: (
                f"sum without (sloth_window) (slo:sli_error:ratio_rate{short}{chosen}) / {objective.budget(it):.6g}"
            ),
        ),
    ]


def can_fire(objective: Objective, tiers: Sequence[Tier], terms: Terms) -> tuple[list[Tier], list[LeftOut]]:
    """Return the tiers that can fire, and the others with their arithmetic; all can where nothing can be written."""
    if objective.lacks(terms):
        return list(tiers), []
    budget = objective.budget(terms)
    told = [(tier, impossible(tier, budget)) for tier in tiers]
    left_out = [LeftOut(objective.alert + tier.name, why) for tier, why in told if why]
    return [tier for tier, why in told if not why], left_out


def burn_alerts(objective: Objective, tiers: Sequence[Tier]) -> list[Draft]:
    """Return a draft for each tier."""
    return [
        objective.draft(name, _alert(name, objective, tier))
        for tier in tiers
        for name in (objective.alert + tier.name,)
    ]


def _alert(name: str, objective: Objective, tier: Tier) -> Callable[[Terms], Alert]:
    def write(terms: Terms) -> Alert:
        budget = objective.budget(terms)
        chosen = f'{{sloth_id="{identity(objective, terms)}"}}'
        burning = [
            f"max by (job) (slo:sli_error:ratio_rate{window}{chosen}) > {tier.factor:g} * {budget:g}"
            for window in (tier.long, tier.short)
        ]
        return Alert(
            name,
            both(*burning, f"{objective.all(terms, tier.long, 'increase')} >= {terms.policy.min_requests}"),
            tier.hold,
            tier.severity,
            objective.family,
            objective.runbook,
            f"{{{{ $labels.job }}}} spends its {objective.slo} budget {tier.factor:g} times too fast",
            f"{{{{ $value | humanizePercentage }}}} {objective.what(terms)} over {tier.long}, and as much over "
            f"{tier.short}: above {tier.factor:g} x {budget:.2%}.",
        )

    return write


_DURATION = re.compile(r"[1-9][0-9]*[mhd]")
_TIER_REMEDY = "write NAME:critical|warning|info:FACTOR:LONG:SHORT:HOLD, such as PageFast:critical:14.4:1h:5m:2m"


def parse_tier(text: str) -> Tier:
    """Read a tier from the command line; raise ValueError with what to do.

    >>> parse_tier("PageFast:critical:14.4:1h:5m:2m") == TIERS[0]
    True
    """
    parts = text.split(":")
    if len(parts) != 6 or not re.fullmatch(r"[A-Z][A-Za-z0-9]*", parts[0]) or parts[1] not in list(Severity):
        raise ValueError(_TIER_REMEDY)
    name, severity, factor, *spans = parts
    if not all(_DURATION.fullmatch(span) for span in spans):
        raise ValueError(f"windows are whole minutes, hours or days: {_TIER_REMEDY}")
    try:
        number = float(factor)
    except ValueError:
        raise ValueError(f"the factor is no number: {_TIER_REMEDY}") from None
    if not 0 < number < inf:
        raise ValueError(f"the factor must be above 0: {_TIER_REMEDY}")
    long, short, hold = spans
    if minutes(long) <= minutes(short):
        raise ValueError("the long window comes first and must be longer than the short one")
    return Tier(name, Severity(severity), number, long, short, hold)


_MINUTES = {"m": 1, "h": 60, "d": 1440}


def minutes(text: str) -> int:
    """Return a duration such as `5m` or `3h` in minutes.

    >>> minutes("3h")
    180
    """
    return int(text[:-1]) * _MINUTES[text[-1]]
