"""Nightly validations written by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import iso_utc
from reports.loader.nightlies import nightly_name

if TYPE_CHECKING:
    from pathlib import Path

LAST = date(2026, 3, 31)
PLUGIN = 'metasheet_plugin_reload_duration_seconds{plugin_name="example-plugin"}'
CREATE = 'metasheet_snapshot_operation_duration_seconds{operation="create"}'
RESTORE = 'metasheet_snapshot_operation_duration_seconds{operation="restore"}'
GET, SET = 'redis_operation_duration_seconds{op="get"}', 'redis_operation_duration_seconds{op="set"}'
HTTP = "http_server_requests_seconds"


def percentiles(p95: float | None, *, count: float = 100, coarse: bool = False) -> dict[str, Any]:
    """Return one histogram's entry; `coarse` gives percentiles that were interpolated in one bucket."""
    if p95 is None:
        return {"p50": None, "p90": None, "p95": None, "p99": None, "count": 0, "sum": 0, "mean": None}
    p50 = p95 * 50 / 95 if coarse else p95 / 3
    return {"p50": p50, "p90": p95 * 0.9, "p95": p95, "p99": p95 * 99 / 95, "count": count, "sum": 1.0, "mean": p50}


def validation(day: date, *, p95: float = 0.5, cache: float = 95.0, success: float = 100.0, **changes: Any) -> Any:
    """Return the JSON of one night: every latency has `p95`; `changes` replace top-level keys."""
    status = "pass" if success >= 98 and cache >= 80 else "fail"
    assertions = [
        _assertion("http_success_rate", success, 98.0, "percent", success >= 98),
        _assertion("cache_hit_rate", cache, 80.0, "percent", cache >= 80),
    ]
    failed = sum(item["status"] == "fail" for item in assertions)
    return {
        "timestamp": iso_utc(datetime(day.year, day.month, day.day, 2, tzinfo=UTC)),
        "metrics_url": "http://127.0.0.1:8901/metrics/prom",
        "configuration": {"count_cache_miss_as_fallback": False, "thresholds_file": "phase5-thresholds.json"},
        "percentiles": {name: percentiles(p95) for name in (PLUGIN, CREATE, RESTORE, GET, SET, HTTP)},
        "counters": {
            "cache_hit_rate": cache, "cache_hit_rate_source": "generic_cache", "http_success_rate": success,
            "error_rate": 100 - success, "memory_rss_mb": 210.0, "redis_recent_failures": 0,
        },
        "validation": {"fallback_taxonomy_valid": True},
        "warnings": [],
        "assertions": assertions,
        "summary": {
            "total_checks": 2, "passed": 2 - failed, "failed": failed, "na": 0, "overall_status": status,
        },
        **changes,
    }  # fmt: skip


def _assertion(metric: str, actual: float, threshold: float, unit: str, met: bool) -> dict[str, Any]:
    return {
        "metric": metric, "actual": actual, "threshold": threshold, "unit": unit, "type": "lower_bound",
        "comparison": "≥", "status": "pass" if met else "fail",
    }  # fmt: skip


def write(directory: Path, day: date, document: Any) -> Path:
    """Write one night's file."""
    directory.mkdir(parents=True, exist_ok=True)
    place = directory / nightly_name(day)
    place.write_bytes(orjson.dumps(document))
    return place


def write_nights(directory: Path, count: int, **changes: Any) -> Path:
    """Write `count` nights that end on LAST, all alike, and return the directory."""
    for back in range(count):
        day = LAST - timedelta(days=back)
        write(directory, day, validation(day, **changes))
    return directory
