"""What the service's own metrics say: throughput, fallback sources, plugin and snapshot operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.quantity import Unit, count, show
from reports.render.blocks import bullets, code, paragraph, plain, section, table

if TYPE_CHECKING:
    from reports.analysis.assessment import Assessment
    from reports.render.blocks import Section


def throughput(assessment: Assessment) -> list[Section]:
    """Return the average rate, both sides' counts of requests, the status split and the operation counts."""
    flow, window = assessment.throughput, assessment.window
    split = assessment.status_split
    items = [
        f"Average: {show(flow.average_per_s, Unit.PER_SECOND)} served over the window"
        + (
            f"; samples {show(flow.rows.minimum, Unit.PER_SECOND)} – {show(flow.rows.maximum, Unit.PER_SECOND)}"
            if flow.rows
            else ""
        ),
        f"Requests: we sent {count(flow.sent)} and exercised {count(flow.exercised)}; the service counted "
        f"{count(flow.served)} ({_others(flow.others)})"
        + (f"; the samples add up to {count(flow.in_rows)}" if flow.in_rows is not None else ""),
        f"4xx: {count(window.errors_4xx if window else None)} ({show(split.share_4xx_pct, Unit.PERCENT)}), "
        f"5xx: {count(window.errors_5xx if window else None)} ({show(split.share_5xx_pct, Unit.PERCENT)})",
        f"HTTP adapter operations: {count(flow.http_ops)}",
        f"Message bus RPC attempts: {count(flow.rpc_attempts)}",
        f"Cache get attempts: {count(flow.cache_attempts)}",
        f"Availability of the metrics, by scrapes and probes: "
        f"{show(window.availability_pct if window else None, Unit.PERCENT)}",
    ]
    return section("Throughput", bullets(items))


def _others(others: float | None) -> str:
    if others is None:
        return "difference NA"
    if others < 0:
        return f"{count(-others)} never reached its counter"
    return f"{count(others)} from others" if others else "no difference"


def fallback_sources(assessment: Assessment) -> list[Section]:
    """Return the three sources and the reasons behind them."""
    headers = ("Source", "Fallbacks", "Operations", "Window", "Samples' avg")
    rows = [
        (
            plain(item.name),
            count(item.events),
            count(item.attempts),
            show(item.window_pct, Unit.PERCENT),
            show(item.rows_average_pct, Unit.PERCENT),
        )
        for item in assessment.fallback
    ]
    by_reason = assessment.window.fallback_by_reason if assessment.window else {}
    reasons = ", ".join(f"{code(name)} {count(number)}" for name, number in sorted(by_reason.items()) if number)
    return section(
        "Fallback Sources",
        table(headers, rows, right=range(1, 5)),
        paragraph(f"By reason: {reasons}") if reasons else [],
    )


def operations(assessment: Assessment) -> list[Section]:
    """Return the counts and percentiles of plugin and snapshot operations."""
    headers = ("Operation", "Success", "Failure", "p95", "p99")
    rows = [
        (
            item.name,
            count(item.success),
            count(item.failure),
            show(item.p95_s, Unit.SECONDS),
            show(item.p99_s, Unit.SECONDS),
        )
        for item in assessment.operations
    ]
    return section("Plugin Reload & Snapshot Operations", table(headers, rows, right=range(1, 5)))
