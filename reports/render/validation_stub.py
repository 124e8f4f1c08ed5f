"""The validation JSON of a run that has none: what its report knows, under the names that every reader knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadgen.core.clock import iso_utc
from reports.analysis.check import Status, Weight

if TYPE_CHECKING:
    from reports.analysis.assessment import Assessment

_STATUSES = {Status.PASS: "pass", Status.FAIL: "fail", Status.NA: "na", Status.WARN: "pass"}
_COUNTERS = {
    "success": "http_success_rate",
    "error": "error_rate",
    "cache_hit": "cache_hit_rate",
    "memory": "memory_rss_mb",
}


def validation_of(assessment: Assessment) -> dict[str, Any]:
    """Return the document; it has no percentiles, because a report knows none of single operations."""
    run = assessment.run
    asked = [check for check in (*assessment.conduct, *assessment.slo) if check.weight is not Weight.INFORMATIVE]
    checks = [(check, _STATUSES[check.status]) for check in asked]
    counted = {word: sum(status == word for _, status in checks) for word in ("pass", "fail", "na")}
    words = {"GO": "pass", "NO-GO": "fail"}
    return {
        "timestamp": None if run.started is None else iso_utc(run.started),
        "metrics_url": " ".join(run.parameters.metrics_urls),
        "configuration": {
            "count_cache_miss_as_fallback": bool(run.parameters.cache_miss_counted),
            "thresholds_file": "",
        },
        "percentiles": {},
        "counters": {
            _COUNTERS[check.key]: check.value
            for check in assessment.slo
            if check.key in _COUNTERS and check.value is not None
        },
        "validation": {"fallback_taxonomy_valid": None},
        "warnings": [],
        "assertions": [{"metric": check.key, "actual": check.value, "status": status} for check, status in checks],
        "summary": {
            "total_checks": len(checks),
            "passed": counted["pass"],
            "failed": counted["fail"],
            "na": counted["na"],
            "overall_status": words.get(str(assessment.verdict), "na"),
        },
    }
