"""Which scraped instances are the service's, so that alerts on what every process shows leave all others out.

Law: an instance is the service's while it shows one of its counters, for half an hour after, and from then on for as
long as it cannot be scraped; without the last an alert on an outage would end before the outage does.
"""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

from reports.analysis.rules.draft import Draft
from reports.analysis.rules.promql import INSTANCE, either
from reports.model.rule import Recording

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.analysis.rules.terms import Terms
    from reports.model.metric_facts import Selector

ALWAYS_SHOWN = ("requests", "http_adapter_ops", "message_bus_rpc_attempts", "cache_get_attempts")
"""Counters any of which says that the service is there; one without labels does so before the first request."""
SHOWN_WITHIN = "30m"
_BY = f"({', '.join(INSTANCE)})"


def shown(terms: Terms) -> Sequence[Selector]:
    """Return the counters by which the service is known, as far as the profile has them."""
    return [terms.series(name, "total")[0] for name in ALWAYS_SHOWN if terms.facts.has(name)]


def instances(terms: Terms) -> list[Draft]:
    """Return the draft that records the instances; none where jobs were named, since those say it."""
    record = _record(terms)
    return [] if terms.job else [Draft(record, (), lambda it: Recording(record, _expression(it)), hopeless=untold)]


def of_service(condition: str, terms: Terms) -> str:
    """Return a condition on instances that holds for the service's own only."""
    return condition if terms.job else f"{condition}\nand on {_BY}\n{_record(terms)}"


def untold(terms: Terms) -> str:
    """Return why the service's instances cannot be told from others; empty when they can."""
    if terms.job or shown(terms):
        return ""
    return (
        f"{terms.facts.told_by} has none of {', '.join(ALWAYS_SHOWN)}, by which the service is known among all that is "
        "scraped: name its jobs with --job"
    )


def _record(terms: Terms) -> str:
    return f"{terms.prefix}:service_instances:{SHOWN_WITHIN}"


def _expression(terms: Terms) -> str:
    lately = either(*(f"present_over_time({selector}[{SHOWN_WITHIN}])" for selector in shown(terms)))
    inside = f"\n{indent(lately, '  ')}\n" if "\n" in lately else lately
    return either(f"group by {_BY} ({inside})", f"({_record(terms)} and on {_BY} up == 0)")
