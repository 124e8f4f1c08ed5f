"""Runs to compare, validation JSONs and nightlies, written by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from click.testing import CliRunner

from reports.cli import report
from tests.support.runs import quick_run

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from tests.support.runs import RunOnDisk

PLUGIN = 'metasheet_plugin_reload_duration_seconds{plugin_name="example-plugin"}'
CREATE = 'metasheet_snapshot_operation_duration_seconds{operation="create"}'
GET = 'redis_operation_duration_seconds{op="get"}'


def long_run(*, slower: float = 1.0, run_id: str = "", **changes: Any) -> RunOnDisk:
    """Return a run of 12 rows of 10 s, every response `slower` times as long as 100, 120 and 200 ms."""
    latencies = {round(base * slower): share for base, share in ((100, 90), (120, 6), (200, 4))}
    metadata = {"planned_requests": 1_200, **({"run_id": run_id} if run_id else {}), **changes.pop("metadata", {})}
    settings: dict[str, Any] = {"samples": 12, "latencies_ms": latencies, "metadata": metadata}
    return quick_run(**{**settings, **changes})


def validation(status: str = "pass", **parts: Any) -> dict[str, Any]:
    """Return a validation JSON as the public tools wrote it; `parts` replace its keys."""
    return {
        "timestamp": "2026-03-01T02:00:00Z",
        "metrics_url": "http://service.example/metrics/prom",
        "configuration": {"count_cache_miss_as_fallback": False, "thresholds_file": "thresholds.json"},
        "percentiles": {PLUGIN: {"p50": 0.5, "p95": 1.0, "p99": 1.5, "count": 10, "sum": 5.0, "mean": 0.5}},
        "counters": {"http_success_rate": 99.5, "cache_hit_rate": 90.0, "memory_rss_mb": 200.0},
        "validation": {"fallback_taxonomy_valid": True},
        "warnings": [],
        "assertions": [{"metric": "http_success_rate", "actual": 99.5, "threshold": 98, "unit": "percent",
                        "type": "lower_bound", "comparison": "≥", "status": "fail" if status == "fail" else "pass"}],
        "summary": {"total_checks": 1, "passed": int(status == "pass"), "failed": int(status == "fail"),
                    "na": int(status == "na"), "overall_status": status},
        **parts,
    }  # fmt: skip


def write_json(path: Path, body: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(body))
    return path


def write_nights(directory: Path, last: date, days: int, **changes: Any) -> None:
    """Write a passed nightly for each of so many days up to the last."""
    for back in range(days):
        day = last - timedelta(days=back)
        body = validation(timestamp=f"{day}T02:00:00Z", **changes)
        write_json(directory / f"phase5-{day:%Y%m%d}.json", body)


def call(*arguments: object, env: dict[str, str] | None = None) -> Result:
    """Run `loadgen report …` in this process; the exit code of a verb is `return_value`."""
    return CliRunner(env={"CACHE_IMPL": "", **(env or {})}).invoke(
        report, [str(one) for one in arguments], standalone_mode=False
    )


def code(result: Result) -> int:
    """Return the exit code as `python -m reports` would give it; a traceback is an error of the test."""
    if result.exception is None:
        return int(result.return_value or 0)
    found = getattr(result.exception, "exit_code", None)
    assert found is not None, result.exc_info
    return int(found)
