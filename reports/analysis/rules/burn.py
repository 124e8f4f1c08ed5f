"""Multi-window, multi-burn-rate alerts: how fast the error budget is spent, over a long and a short window at once.

A tier fires while both windows burn more than `factor` times the budget. With budget b = 1 - objective the condition is
error share > factor * b, and a share is at most 1: a tier whose factor * b is 1 or more can never fire. Such a tier is
refused where it was asked for, and left out with its arithmetic where it is one of the usual ones.
Windows and factors are those of the Google SRE workbook for a period of 30 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.rules.draft import Draft
from reports.analysis.rules.promql import JOB, both, share, slower_share, summed
from reports.model.rule import Alert, Family, LeftOut, Recording, Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.analysis.rules.terms import Terms


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
    """One service-level objective: `share` of its events are good. `ratio` gives the share of bad ones in a window."""

    slo: str
    alert: str
    needs: tuple[str, ...]
    limits: tuple[str, ...]
    family: Family
    runbook: str
    what: str
    share: Callable[[Terms], float]
    ratio: Callable[[Terms, str], str]
    events: Callable[[Terms, str], str]

    def budget(self, terms: Terms) -> float:
        """Return the share of events that may be bad."""
        return round(1 - self.share(terms), 12)

    def lacks(self, terms: Terms) -> bool:
        return bool(Draft("", self.needs, lambda _: Recording("", ""), self.limits).lacks(terms))


LATENCY_LIMIT = "http_latency_p99"


def _availability(terms: Terms, window: str) -> str:
    return share(terms.answered(("4xx", "5xx"), window), terms.requests(window))


def _slow(terms: Terms, window: str) -> str:
    limit = terms.limit(LATENCY_LIMIT) / terms.source("latency").scale
    return slower_share(terms.histogram("latency"), limit, window)


AVAILABILITY = Objective(
    "availability", "ErrorBudgetBurn", ("requests",), ("error_rate",), Family.ERRORS, "ERROR_RATE",
    "requests answered with 4xx or 5xx",
    lambda terms: 1 - terms.limit("error_rate") / 100,
    _availability,
    lambda terms, window: terms.requests(window, function="increase"),
)  # fmt: skip
LATENCY = Objective(
    "latency", "LatencyBudgetBurn", ("latency",), (LATENCY_LIMIT,), Family.LATENCY, "LATENCY",
    "requests slower than the P99 threshold",
    lambda terms: 0.99,
    _slow,
    lambda terms, window: summed([terms.histogram("latency").suffixed("_count")], window, JOB, "increase"),
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
    return sorted(found, key=lambda window: int(window[:-1]) * {"m": 1, "h": 60, "d": 1440}[window[-1]])


def burn_recordings(objective: Objective, tiers: Sequence[Tier], terms: Terms) -> list[Draft]:
    """Return the error share of each window, the objective and its budget, named as Sloth names them."""
    labels = {
        "sloth_id": identity(objective, terms), "sloth_service": terms.facts.name, "sloth_slo": objective.slo,
    }  # fmt: skip

    def draft(record: str, write: Callable[[Terms], str], **more: str) -> Draft:
        name = f"{record} of {objective.slo}"
        return Draft(name, objective.needs, lambda it: Recording(record, write(it), labels | more), objective.limits)

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


def burn_alerts(objective: Objective, tiers: Sequence[Tier], terms: Terms) -> tuple[list[Draft], list[LeftOut]]:
    """Return a draft for each tier that can fire, and the others with their arithmetic."""
    drafts: list[Draft] = []
    left_out: list[LeftOut] = []
    for tier in tiers:
        name = objective.alert + tier.name
        why = "" if objective.lacks(terms) else impossible(tier, objective.budget(terms))
        if why:
            left_out.append(LeftOut(name, why))
        else:
            drafts.append(Draft(name, objective.needs, _alert(name, objective, tier), objective.limits))
    return drafts, left_out


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
            both(*burning, f"{objective.events(terms, tier.long)} >= {terms.policy.min_requests}"),
            tier.hold,
            tier.severity,
            objective.family,
            objective.runbook,
            f"{{{{ $labels.job }}}} spends its {objective.slo} budget {tier.factor:g} times too fast",
            f"{{{{ $value | humanizePercentage }}}} {objective.what} over {tier.long}, and as much over "
            f"{tier.short}: above {tier.factor:g} x {budget:.2%}.",
        )

    return write
