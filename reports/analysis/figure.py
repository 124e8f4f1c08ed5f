"""The figure behind each threshold: one table from metric names to where the figure comes from.

Laws: shares are computed from totals; a percentile that a bucket does not decide is decided by the client, or is NA;
what has no denominator has no figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.quantile import bounds_of
from reports.model.thresholds import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reports.analysis.evidence import Evidence
    from reports.model.server import Bounds, Operation, ServerWindow
    from reports.model.thresholds import Threshold

FEW = 5
"""A percentile of fewer observations than this says too little to pass, and a warning says so."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in its threshold's unit; `value` None comes with the `issue` and `reason` for there being none.

    `lower` and `upper` bound the truth where only a bucket is known. `count` is how many observations a percentile has.
    """

    value: float | None
    lower: float | None = None
    upper: float | None = None
    count: float | None = None
    issue: str = ""
    reason: str = ""


def none(issue: str, reason: str) -> Figure:
    """Return the absence of a figure."""
    return Figure(None, issue=issue, reason=reason)


NO_SAMPLES, LOW_COUNT, NO_FALLBACKS = "no_samples", "low_sample_count", "no_fallback_events"
JUDGED_BY_CLIENT = "judged_by_client"


def figure_of(threshold: Threshold, evidence: Evidence) -> Figure:
    """Return what is known of a threshold's metric."""
    window = evidence.window
    if window is None:
        return none(NO_SAMPLES, "no metrics of the service were recorded")
    if threshold.kind is Kind.LATENCY:
        return _latency(threshold, evidence, window)
    if threshold.metric == "memory_rss":
        return _plain(evidence.rss_mb, "the service does not show its memory")
    if threshold.metric == "cpu":
        return _share(window.cpu_s, window.elapsed_s, "seconds", 100)
    if threshold.metric == "fallback_effective_ratio":
        return _effective_ratio(window)
    part, whole, events = _SHARES[threshold.metric]
    found, of = part(window), whole(window)
    if found is not None and of is not None and found > of and "fallback" not in threshold.metric:
        return none("contradiction", f"the record contradicts itself: {found:,.0f} of {of:,.0f} {events}")
    return _share(found, of, events, 100)


def _plain(value: float | None, reason: str) -> Figure:
    return Figure(value) if value is not None else none(NO_SAMPLES, reason)


def _share(part: float | None, whole: float | None, events: str, factor: float) -> Figure:
    if part is None or whole is None:
        return none(NO_SAMPLES, f"the service's metrics do not show the {events}")
    if whole <= 0:
        return none(NO_SAMPLES, f"there were no {events}")
    return Figure(part / whole * factor)


def _effective_ratio(window: ServerWindow) -> Figure:
    """Return effective / raw; 0 where there was no fallback, which a warning tells."""
    if window.raw_fallback == 0:
        return Figure(0.0, issue=NO_FALLBACKS, reason="no fallback happened, so nothing was degraded")
    return _share(window.effective_fallback, window.raw_fallback, "fallbacks", 1)


def _latency(threshold: Threshold, evidence: Evidence, window: ServerWindow) -> Figure:
    percentile = threshold.percentile or 0.0
    if threshold.metric.startswith("http_"):
        return _request_latency(percentile, evidence, window)
    matching = operations_of(threshold, window)
    if not matching:
        return none(NO_SAMPLES, f"{_selector(threshold)} has no samples")
    buckets = _merged(matching)
    if buckets is None:
        return none("different_buckets", f"{_selector(threshold)} has series with different buckets")
    return _from_buckets(bounds_of(buckets, percentile), buckets[-1][1] if buckets else 0.0, _selector(threshold))


def _request_latency(percentile: float, evidence: Evidence, window: ServerWindow) -> Figure:
    if window.lifetime_latency:
        own = none("lifetime_summary", "only a summary of the process's life is exposed, no histogram")
    else:
        own = _from_buckets(bounds_of(window.buckets, percentile), window.latency_count or 0.0, "the request latency")
        if not window.buckets:
            own = none(NO_SAMPLES, "the service exposes no latency histogram")
    if own.value is not None or f"p{percentile:g}" in evidence.unanswered:
        return own
    if (by_client := evidence.client(percentile)) is not None:
        return Figure(by_client, issue=JUDGED_BY_CLIENT, reason=f"{own.reason}; the client's figure is judged")
    return own


def _from_buckets(found: Bounds | None, count: float, what: str) -> Figure:
    if found is None or found.value_s is None or count <= 0:
        return none(NO_SAMPLES, f"{what} has no samples")
    return Figure(found.value_s, found.lower_s, found.upper_s, count)


def operations_of(threshold: Threshold, window: ServerWindow) -> list[Operation]:
    """Return the labelled histograms that a threshold speaks of."""
    return [
        operation
        for operation in window.operations
        if operation.metric in threshold.prometheus_metrics
        and all(operation.labels.get(label) == value for label, value in threshold.labels)
        and operation.count > 0
    ]


def _merged(operations: list[Operation]) -> tuple[tuple[float, float], ...] | None:
    """Sum histograms of the same buckets; None when the buckets differ."""
    bounds = [tuple(bound for bound, _ in operation.buckets) for operation in operations]
    if any(other != bounds[0] for other in bounds):
        return None
    return tuple(
        (bound, sum(operation.buckets[at][1] for operation in operations)) for at, bound in enumerate(bounds[0])
    )


def _selector(threshold: Threshold) -> str:
    inside = ",".join(f'{label}="{value}"' for label, value in threshold.labels)
    name = " or ".join(threshold.prometheus_metrics)
    return f"{name}{{{inside}}}" if inside else name


def added(*figures: float | None) -> float | None:
    """Return the sum, None as soon as one is not known."""
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None


def _snapshots(window: ServerWindow) -> float | None:
    return added(window.snapshot_create_success, window.snapshot_restore_success)


def _all_snapshots(window: ServerWindow) -> float | None:
    return added(_snapshots(window), window.snapshot_create_failure, window.snapshot_restore_failure)


_SHARES: Mapping[str, tuple[Callable[[ServerWindow], float | None], Callable[[ServerWindow], float | None], str]] = {
    "http_success_rate": (lambda w: w.success, lambda w: w.requests, "requests"),
    "error_rate": (lambda w: added(w.errors_4xx, w.errors_5xx), lambda w: w.requests, "requests"),
    "raw_fallback_rate": (lambda w: w.raw_fallback, lambda w: w.requests, "requests"),
    "effective_fallback_rate": (lambda w: w.effective_fallback, lambda w: w.requests, "requests"),
    "cache_hit_rate": (lambda w: w.cache_hits, lambda w: added(w.cache_hits, w.cache_misses), "cache look-ups"),
    "plugin_reload_success_rate": (
        lambda w: w.plugin_reload_success,
        lambda w: added(w.plugin_reload_success, w.plugin_reload_failure),
        "plugin reloads",
    ),
    "snapshot_success_rate": (_snapshots, _all_snapshots, "snapshot operations"),
}
