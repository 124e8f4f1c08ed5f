"""The rows about requests: how many, how they end, how long they take, and what that does to the error budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.dashboard.figures import requests_share
from reports.analysis.dashboard.sketch import Sketch, steps_of
from reports.analysis.rules.burn import AVAILABILITY, TIERS, identity
from reports.analysis.rules.promql import quantile, summed, times
from reports.model.dashboard import Color, Look, Measure, Panel, Query, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.analysis.dashboard.sketch import Sheet
    from reports.analysis.rules.terms import Terms

_WINDOW = "$__rate_interval"
_NEEDS = ("requests",)
_BY_STATUS = ("requests by status",)


def http_panels() -> tuple[Sketch, ...]:
    """Return the panels of requests."""
    return (
        Sketch("Request rate", _NEEDS, _rate),
        Sketch("HTTP success", _NEEDS, _success, ("http_success_rate:5m",)),
        Sketch("Error rate", _BY_STATUS, _errors),
        Sketch("Latency", ("latency",), _latency),
    )


def budget_panels() -> tuple[Sketch, ...]:
    """Return the panels of the error budget: what is left, and how fast it goes, in a short and a long pair."""
    return (
        Sketch("Error budget remaining", _NEEDS, _remaining, (_ratio("1h"), _ratio("3d"))),
        Sketch("Burn rate, 5 m and 1 h", _NEEDS, _burn("5m", "1h"), (_ratio("5m"), _ratio("1h"))),
        Sketch("Burn rate, 30 m and 6 h", _NEEDS, _burn("30m", "6h"), (_ratio("30m"), _ratio("6h"))),
    )


def _rate(sheet: Sheet) -> Panel:
    terms = sheet.terms
    labels = terms.source("requests").by
    legend = " ".join(f"{{{{{label}}}}}" for label in ("job", *labels))
    expr = summed(terms.series("requests", "total"), _WINDOW, ("job", *labels))
    return Panel("Request rate", Look.LINES, (Query(expr, legend),), Measure.RATE, width=6)


def _success(sheet: Sheet) -> Panel:
    query = Query(sheet.recorded("http_success_rate:5m"), "{{job}}")
    steps = steps_of(sheet.terms.limits.find("http_success_rate"), 0.01)
    description = "2xx and 3xx of all requests, over 5 minutes."
    return Panel(
        "HTTP success", Look.LINES, (query,), Measure.SHARE, 6, description=description, steps=steps, lowest=None,
        highest=1, decimals=2,
    )  # fmt: skip


def _errors(sheet: Sheet) -> Panel:
    queries = tuple(
        Query(requests_share(sheet.terms, (kind,), _WINDOW), f"{{{{job}}}} {kind}") for kind in ("4xx", "5xx")
    )
    steps = steps_of(sheet.terms.limits.find("error_rate"), 0.01)
    return Panel("Error rate", Look.LINES, queries, Measure.SHARE, 6, steps=steps, decimals=2)


def _latency(sheet: Sheet) -> Panel:
    terms = sheet.terms
    queries = tuple(Query(_quantile(terms, q), f"{{{{job}}}} p{q}") for q in (50, 95, 99))
    steps = steps_of(terms.limits.find("http_latency_p99"))
    return Panel(
        "Latency", Look.LINES, queries, Measure.SECONDS, 6, steps=steps,
        description="Of the service's own histogram; the line is the threshold of P99.",
    )  # fmt: skip


def _quantile(terms: Terms, percentile: int) -> str:
    source = terms.source("latency")
    return times(quantile(percentile / 100, terms.histogram("latency"), _WINDOW), source.scale)


def _ratio(window: str) -> str:
    return f"slo:sli_error:ratio_rate{window}"


def _share(sheet: Sheet, window: str) -> str:
    """Return the recorded share of errors; its window is in its name, and is no label that joins need."""
    chosen = sheet.recorded(_ratio(window), f'sloth_id="{identity(AVAILABILITY, sheet.terms)}"')
    return f"max by (job) ({chosen})"


def _remaining(sheet: Sheet) -> Panel:
    budget = AVAILABILITY.budget(sheet.terms)
    queries = tuple(
        Query(f"clamp_min(1 - {_share(sheet, window)} / {budget:g}, 0)", f"{{{{job}}}} {window}", instant=True)
        for window in ("1h", "3d")
    )
    return Panel(
        "Error budget remaining",
        Look.FIGURE,
        queries,
        Measure.SHARE,
        description=f"1 - errors / budget, where {budget:.2%} of the requests may be errors; never below 0.",
        steps=(Step(Color.RED), Step(Color.YELLOW, 0.1), Step(Color.GREEN, 0.5)),
        decimals=1,
    )


def _burn(short: str, long: str) -> Callable[[Sheet], Panel]:
    def draw(sheet: Sheet) -> Panel:
        budget = AVAILABILITY.budget(sheet.terms)
        queries = tuple(
            Query(f"{_share(sheet, window)} / {budget:g}", f"{{{{job}}}} {window}") for window in (short, long)
        )
        factors = sorted(tier.factor for tier in TIERS if (tier.short, tier.long) == (short, long))
        steps = (Step(Color.GREEN), *(Step(Color.RED, factor) for factor in factors))
        return Panel(
            f"Burn rate, {_spaced(short)} and {_spaced(long)}",
            Look.LINES,
            queries,
            steps=steps,
            description=f"How many times more errors are made than the budget of {budget:.2%} allows. Above the line "
            "in both windows is a page.",
        )

    return draw


def _spaced(window: str) -> str:
    return f"{window[:-1]} {window[-1]}"
