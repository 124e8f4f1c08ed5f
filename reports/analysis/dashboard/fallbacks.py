"""The row about the cache and what the service falls back to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.dashboard.figures import raw_fallback_rate
from reports.analysis.dashboard.sketch import Sketch, steps_of
from reports.model.dashboard import Look, Measure, Panel, Query

if TYPE_CHECKING:
    from reports.analysis.dashboard.sketch import Sheet


def fallback_panels() -> tuple[Sketch, ...]:
    """Return the panels of the cache and the fallbacks."""
    both = ("fallback", "requests")
    return (
        Sketch("Cache hit rate", ("cache",), _hits, ("cache_hit_rate:10m",)),
        Sketch("Fallbacks per request", both, _rates, ("effective_fallback_rate:5m",)),
        Sketch("Fallbacks by reason", ("fallback",), _reasons, ("fallback_reason_rate:5m",)),
        Sketch("Effective/raw ratio", ("fallback",), _ratio, ("fallback_effective_ratio:10m",)),
    )


def _hits(sheet: Sheet) -> Panel:
    query = Query(sheet.recorded("cache_hit_rate:10m"), "{{job}}")
    steps = steps_of(sheet.terms.limits.find("cache_hit_rate"), 0.01)
    description = "Hits of all look-ups, over 10 minutes."
    return Panel(
        "Cache hit rate", Look.LINES, (query,), Measure.SHARE, 6, description=description, steps=steps, highest=1
    )


def _rates(sheet: Sheet) -> Panel:
    queries = (
        Query(raw_fallback_rate(sheet.terms), "{{job}} raw"),
        Query(sheet.recorded("effective_fallback_rate:5m"), "{{job}} effective"),
    )
    return Panel(
        "Fallbacks per request",
        Look.LINES,
        queries,
        Measure.SHARE,
        6,
        description="Raw: every fallback, cache misses included. Effective: degradations only; the line is theirs.",
        steps=steps_of(sheet.terms.limits.find("effective_fallback_rate"), 0.01),
    )


def _reasons(sheet: Sheet) -> Panel:
    labels = sheet.terms.source("fallback").by
    legend = " ".join(f"{{{{{label}}}}}" for label in ("job", *labels))
    query = Query(sheet.recorded("fallback_reason_rate:5m"), legend)
    return Panel("Fallbacks by reason", Look.LINES, (query,), Measure.EVENTS, 6)


def _ratio(sheet: Sheet) -> Panel:
    query = Query(sheet.recorded("fallback_effective_ratio:10m"), "{{job}}")
    return Panel(
        "Effective/raw ratio",
        Look.LINES,
        (query,),
        Measure.NUMBER,
        6,
        description="True degradations of all fallbacks, over 10 minutes. Not a rate per request.",
        steps=steps_of(sheet.terms.limits.find("fallback_effective_ratio")),
        highest=1,
        decimals=2,
    )
