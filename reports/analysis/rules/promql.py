"""PromQL as text: the few forms that the rules are made of.

Laws, each against a defect seen in published rules: a part that has no series counts as 0 of its whole, so that a
service that answers nothing but errors is not silence; a share of no events is no value, never 0 or 100 %; traffic is
guarded by a count of events, never by clamping a denominator; sums are taken before they are divided; a bucket is named
so that `1` and `1.0` both match, as Prometheus 2 and 3 write it.
"""

from __future__ import annotations

from textwrap import indent
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.model.metric_facts import Selector

JOB = ("job",)
INSTANCE = ("job", "instance")


def summed(selectors: Sequence[Selector], window: str, by: Iterable[str] = JOB, function: str = "rate") -> str:
    """Return the sum of the rates of several selectors: different conditions on one metric, or different metrics.

    Series of different metrics may have the same labels, and `or` would keep one of the two; a mark tells them apart.
    """
    return _sum(selectors, [f"{function}({selector}[{window}])" for selector in selectors], by)


def summed_then(selectors: Sequence[Selector], ago: str, by: Iterable[str] = JOB) -> str:
    """Return the sum of several selectors as it was some time ago."""
    return _sum(selectors, [f"{selector} offset {ago}" for selector in selectors], by)


def _sum(selectors: Sequence[Selector], terms: list[str], by: Iterable[str]) -> str:
    if len({selector.name for selector in selectors}) > 1:
        terms = [f'label_replace({term}, "part", "{at}", "", "")' for at, term in enumerate(terms)]
    inside = terms[0] if len(terms) == 1 else "\n" + indent("\nor\n".join(terms), "  ") + "\n"
    return f"sum by ({', '.join(by)}) ({inside})"


def share(part: str, whole: str) -> str:
    """Return part / whole: 0 where the part has no series, nothing where the whole is 0."""
    return f"{grouped(zero_for(part, whole))}\n/\n({whole} > 0)"


def zero_for(part: str, whole: str) -> str:
    """Return the part, and 0 for what only the whole has."""
    return f"{part}\nor\n0 * {whole}"


def grouped(text: str) -> str:
    """Return a text in parentheses, indented when it has several lines."""
    return f"(\n{indent(text, '  ')}\n)" if "\n" in text else f"({text})"


def both(*conditions: str) -> str:
    """Return what holds when all conditions do, with the value of the first."""
    return "\nand\n".join(conditions)


def either(*conditions: str) -> str:
    """Return what holds when one of the conditions does."""
    return "\nor\n".join(conditions)


def quantile(q: float, histogram: Selector, window: str, by: Sequence[str] = JOB) -> str:
    """Return the quantile of a histogram's observations in a window, over all its series."""
    return f"histogram_quantile({q:g}, {summed([histogram.suffixed('_bucket')], window, (*by, 'le'))})"


def bound(seconds: float) -> str:
    """Return the condition of the bucket with this upper bound.

    >>> bound(0.25), bound(2.0)
    ('le="0.25"', 'le=~"2(\\\\\\\\.0)?"')
    """
    return f'le="{seconds:g}"' if seconds % 1 else f'le=~"{seconds:g}(\\\\.0)?"'


def within(histogram: Selector, limit: float, window: str, by: Sequence[str] = JOB) -> str:
    """Return the rate of observations up to a bucket's bound; nothing where there is no such bucket."""
    return summed([histogram.suffixed("_bucket").where(bound(limit))], window, by)


def slower_share(histogram: Selector, limit: float, window: str, by: Sequence[str] = JOB) -> str:
    """Return the share of observations above a bucket's bound; nothing where there is no such bucket."""
    every = summed([histogram.suffixed("_count")], window, by)
    return f"1 - {within(histogram, limit, window, by)}\n/\n({every} > 0)"


def times(text: str, factor: float) -> str:
    """Return a value times a factor, the text itself for 1."""
    return text if factor == 1 else f"{factor:g} * {grouped(text)}"


def slower_than(histogram: Selector, limit: float, window: str, by: Sequence[str] = JOB) -> str:
    """Return the condition that P95 is above a limit; it holds too where the limit is the highest bucket of all.

    A quantile in the last bucket reads as that bucket's lower bound and so is never above it; the share of events
    beyond the bound says it then, and exactly, wherever a bucket ends at the limit.
    """
    read = f"{quantile(0.95, histogram, window, by)} > {limit:g}"
    return grouped(either(read, f"{slower_share(histogram, limit, window, by)}\n> 0.05"))
