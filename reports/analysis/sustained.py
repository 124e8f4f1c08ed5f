"""How long objectives stay violated, sample by sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.client import percentile_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reports.analysis.assessment import Assessment
    from reports.model.run import Run
    from reports.model.server import Row


@dataclass(frozen=True, slots=True)
class Violation:
    """The longest run of samples that violate one objective; none is 0 samples."""

    title: str
    samples: int


def longest_violation(assessment: Assessment) -> Violation | None:
    """Return the objective violated in most samples running; None when no sample has a figure.

    Latency is the client's in each sample's interval: the service's buckets may be too coarse to tell. A sample without
    a figure neither continues nor ends a violation: nobody knows.
    """
    run, targets = assessment.run, assessment.targets
    rows = [row for row in run.rows if row.measured]
    if not rows:
        return None
    judged: tuple[tuple[str, Iterable[float | None], Callable[[float], bool]], ...] = (
        ("Success rate", _column(rows, "http_success_rate"), lambda value: value * 100 < targets.success_pct),
        ("Error rate", _column(rows, "error_rate"), lambda value: value * 100 > targets.error_pct),
        ("Effective fallback", _column(rows, "effective_fallback_ratio"),
         lambda value: value * 100 > targets.effective_fallback_pct),
        ("Memory", _column(rows, "rss_mb"), lambda value: value > targets.rss_mb),
        ("P95 latency", _percentiles(run, 95.0), lambda value: value > targets.p95_s),
        ("P99 latency", _percentiles(run, 99.0), lambda value: value > targets.p99_s),
    )  # fmt: skip
    runs = (Violation(title, _longest(values, violates)) for title, values, violates in judged)
    return max(runs, key=lambda violation: violation.samples)


def _column(rows: list[Row], name: str) -> list[float | None]:
    return [row.get(name) for row in rows]


def _percentiles(run: Run, quantile: float) -> list[float | None]:
    return [percentile_s(part, quantile, 0) if part.total else None for part in run.client.intervals]


def _longest(values: Iterable[float | None], violates: Callable[[float], bool]) -> int:
    longest = current = 0
    for value in values:
        if value is None:
            continue
        current = current + 1 if violates(value) else 0
        longest = max(longest, current)
    return longest
