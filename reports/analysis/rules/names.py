"""Which metrics an expression names, and which of them nobody exposes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reports.model.metric_facts import MetricFacts
    from reports.model.rule import WrittenRule

ALWAYS = frozenset({"up", "ALERTS", "ALERTS_FOR_STATE", "scrape_duration_seconds", "scrape_samples_scraped"})
"""What Prometheus itself makes."""
_NOT_NAMES = (
    re.compile(r'"(?:[^"\\]|\\.)*"'),
    re.compile(r"\{[^}]*\}"),
    re.compile(r"\[[^\]]*\]"),
    re.compile(r"#.*"),
    re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"),
    re.compile(r"\boffset\s+\S+"),
)
_NAME = re.compile(r"(?<![\w:.])[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\(|[a-zA-Z0-9_:])")
_WORDS = frozenset({"and", "or", "unless", "bool", "atan2", "inf", "nan", "offset", "group_left", "group_right", "by"})
_SUFFIXES = ("", "_bucket", "_count", "_sum")


def metric_names(expression: str) -> set[str]:
    """Return the names of the metrics that an expression reads.

    >>> sorted(metric_names('sum by (job) (rate(a_total{x="b"}[5m])) / on (job) c:d > 1'))
    ['a_total', 'c:d']
    """
    text = re.sub(r"(\b\w+)\s+(?=(?:by|without)\s*\()", r"\1( ", expression)  # `sum by (x) (y)`: sum is a function
    for pattern in _NOT_NAMES:
        text = pattern.sub(" ", text)
    return {name for name in _NAME.findall(text) if name.lower() not in _WORDS}


def exposed_names(facts: MetricFacts) -> Iterator[str]:
    """Yield every series name that a profile knows, a histogram's three among them."""
    for sources in facts.metrics.values():
        for source in sources:
            for selectors in source.parts.values():
                yield from (selector.name + suffix for selector in selectors for suffix in _SUFFIXES)
    yield from (selector.name + suffix for selector in facts.signals.values() for suffix in _SUFFIXES)


def unknown_names(rules: Iterable[WrittenRule], facts: Iterable[MetricFacts]) -> dict[str, set[str]]:
    """Return the metrics that nobody exposes and no rule records, by the rule that reads them."""
    found = tuple(rules)
    known = ALWAYS | {name for one in facts for name in exposed_names(one)} | {rule.name for rule in found}
    return {rule.name: lacking for rule in found if (lacking := metric_names(rule.expr) - known)}
