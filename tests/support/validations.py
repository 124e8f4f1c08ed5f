"""What validations of tests rest on: labelled histograms, windows, evidence, and a whole validation."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from math import inf
from typing import Any

from reports.analysis.evidence import Evidence
from reports.analysis.validation import validate
from reports.loader.thresholds import load_thresholds
from reports.model.server import Operation, ServerWindow
from reports.model.validation import Configuration, NaPolicy, Validation

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLUGIN = "metasheet_plugin_reload_duration_seconds"
SNAPSHOT = "metasheet_snapshot_operation_duration_seconds"
_PLUGIN_BOUNDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, inf)
_SNAPSHOT_BOUNDS = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, inf)


def histogram(metric: str, labels: dict[str, str], counts: dict[float, int]) -> Operation:
    """Return a labelled histogram; `counts` maps a bucket's upper bound to how many observations lie in it."""
    cumulative, buckets = 0, []
    for bound in _PLUGIN_BOUNDS if metric == PLUGIN else _SNAPSHOT_BOUNDS:
        cumulative += counts.get(bound, 0)
        buckets.append((bound, float(cumulative)))
    return Operation(metric, labels, tuple(buckets), float(cumulative), 0.05 * cumulative)


def operations(count: int = 10) -> tuple[Operation, ...]:
    """Return reloads, creates and restores that all took less than 100 ms."""
    return (
        histogram(PLUGIN, {"plugin_name": "example-plugin"}, {0.1: count}),
        histogram(SNAPSHOT, {"operation": "create"}, {0.1: count}),
        histogram(SNAPSHOT, {"operation": "restore"}, {0.1: count}),
    )


def window(**changes: Any) -> ServerWindow:
    """Return the window of a service that meets every threshold, but for the changes."""
    usual = ServerWindow(
        origin="a test",
        elapsed_s=100.0,
        requests=1000.0,
        success=999.0,
        errors_4xx=1.0,
        errors_5xx=0.0,
        raw_fallback=10.0,
        effective_fallback=2.0,
        fallback_by_reason={"cache_miss": 8.0, "http_error": 2.0},
        cache_hits=90.0,
        cache_misses=10.0,
        plugin_reload_success=10.0,
        plugin_reload_failure=0.0,
        snapshot_create_success=10.0,
        snapshot_create_failure=0.0,
        snapshot_restore_success=10.0,
        snapshot_restore_failure=0.0,
        cpu_s=10.0,
        buckets=((0.01, 900.0), (0.05, 999.0), (0.1, 1000.0), (0.25, 1000.0), (inf, 1000.0)),
        latency_count=1000.0,
        latency_sum=12.5,
        latency_source="histogram",
        redis_last_failure_s=0.0,
        operations=operations(),
        sources={"cache": "generic_cache", "latency": "http_server_requests_seconds"},
    )
    return replace(usual, **changes)


def evidence(of: ServerWindow | None = None, **changes: Any) -> Evidence:
    """Return what is known of a service with this window."""
    usual = Evidence(at=AT, metrics_url="http://127.0.0.1:8900/metrics/prom", window=of or window(), rss_mb=123.456)
    return replace(usual, **changes)


def validated(of: Evidence | None = None, policy: NaPolicy = NaPolicy.STRICT) -> Validation:
    """Judge evidence by the thresholds that the product ships."""
    thresholds = load_thresholds()
    return validate(of or evidence(), thresholds, Configuration(False, thresholds.source, policy))
