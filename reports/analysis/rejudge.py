"""Thresholds for one occasion: a run's own targets put in, and the figures of an earlier validation judged anew.

Laws: an earlier validation holds figures, not buckets, so it is judged by what it states; what kept its source from
being believed keeps it from passing by any thresholds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from loadgen.core.slo import SloTargets
from reports.analysis.evidence import Obstacle, client_too
from reports.analysis.figure import FEW, NO_SAMPLES
from reports.analysis.validation import rounded, summarize
from reports.model.thresholds import Kind, Side
from reports.model.validation import SOURCE_INCOMPLETE, Assertion, Caution, NaPolicy, Outcome

if TYPE_CHECKING:
    from reports.model.thresholds import Threshold, Thresholds
    from reports.model.validation import Configuration, Validation

_OBJECTIVES = {
    "http_success_rate": "success_pct",
    "http_latency_p95": "p95_s",
    "http_latency_p99": "p99_s",
    "raw_fallback_rate": "raw_fallback_pct",
    "effective_fallback_rate": "effective_fallback_pct",
    "error_rate": "error_pct",
    "cpu": "cpu_pct",
    "memory_rss": "rss_mb",
    "cache_hit_rate": "cache_hit_pct",
    "plugin_reload_success_rate": "plugin_reload_pct",
    "snapshot_success_rate": "snapshot_pct",
}
_STATED = {
    "http_success_rate": "http_success_rate",
    "error_rate": "error_rate",
    "cache_hit_rate": "cache_hit_rate",
    "fallback_effective_ratio": "fallback_effective_ratio",
    "memory_rss": "memory_rss_mb",
}


def with_targets(thresholds: Thresholds, targets: SloTargets) -> Thresholds:
    """Return the thresholds with every target that is not its default put in its place."""
    asked, usual = targets.to_mapping(), SloTargets().to_mapping()
    changed = {metric: asked[name] for metric, name in _OBJECTIVES.items() if asked[name] != usual[name]}
    entries = (replace(item, threshold=changed.get(item.metric, item.threshold)) for item in thresholds.entries)
    return replace(thresholds, entries=tuple(entries))


def rejudge(earlier: Validation, thresholds: Thresholds, configuration: Configuration) -> Validation:
    """Judge the figures that an earlier validation states by other thresholds."""
    obstacles = obstacles_of(earlier)
    assertions = tuple(_assertion(item, earlier) for item in thresholds.asserted)
    gone = [Caution(item.metric, NO_SAMPLES, "the validation does not state it") for item in assertions if _na(item)]
    neutral = configuration.na_policy is NaPolicy.NEUTRAL
    excused = {item.metric for item in assertions if _na(item)} if neutral else set()
    return replace(
        earlier,
        configuration=configuration,
        warnings=(*(item for item in earlier.warnings if item.issue == SOURCE_INCOMPLETE), *gone),
        assertions=assertions,
        summary=summarize(assertions, obstacles, excused),
    )


def obstacles_of(earlier: Validation) -> tuple[Obstacle, ...]:
    """Return what an earlier validation says of its source: cut, tripped, INVALID or damaged."""
    return tuple(Obstacle(item.metric, item.message) for item in earlier.warnings if item.issue == SOURCE_INCOMPLETE)


def _na(item: Assertion) -> bool:
    return item.status is Outcome.NA


def _assertion(threshold: Threshold, earlier: Validation) -> Assertion:
    value = _stated(threshold, earlier)
    found = None if value is None else rounded(value, threshold)
    status = Outcome.NA
    if value is not None:
        status = Outcome.PASS if threshold.met_by(value) else Outcome.FAIL
    return Assertion(threshold.metric, found, threshold.threshold, threshold.unit, threshold.side, status)


def _asserted(threshold: Threshold, earlier: Validation) -> float | None:
    """Return the figure of the earlier assertion of the same metric, which is the only place that has it."""
    item = earlier.find(threshold.metric)
    return item.actual if item is not None and item.unit is threshold.unit else None


def _stated(threshold: Threshold, earlier: Validation) -> float | None:
    """Return the figure of a metric; of a run the assertion may hold a worse one, which its client saw."""
    own = _stated_of_service(threshold, earlier)
    asserted = _asserted(threshold, earlier) if client_too(threshold.metric) else None
    known = [figure for figure in (own, asserted) if figure is not None]
    return (max if threshold.side is Side.UPPER else min)(known) if known else None


def _stated_of_service(threshold: Threshold, earlier: Validation) -> float | None:
    if threshold.kind is not Kind.LATENCY:
        name = _STATED.get(threshold.metric)
        value = _asserted(threshold, earlier) if name is None else getattr(earlier.counters, name)
        return None if value is None else float(value)
    for key, item in earlier.percentiles.items():
        metric, _, inside = key.partition("{")
        told = all(f'{label}="{value}"' in inside for label, value in threshold.labels)
        if metric in threshold.prometheus_metrics and told and item.count >= FEW:
            known = {50.0: item.p50, 90.0: item.p90, 95.0: item.p95, 99.0: item.p99}
            return known.get(threshold.percentile or 0.0)
    return None
