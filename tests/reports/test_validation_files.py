"""A validation as JSON and markdown, and JSON read back: ours, foreign, damaged, edited."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reports.analysis.severity import severity_of
from reports.loader.validation import NotAValidationError, load_validation
from reports.model.validation import Outcome, Validation
from reports.render.validation import ci_lines, terminal_lines, validation_markdown
from reports.render.validation_json import validation_json
from tests.support.validations import AT, evidence, validated, window

if TYPE_CHECKING:
    from pathlib import Path

MISSED = window(success=970.0, errors_5xx=29.0, operations=())


def body_of(validation: Validation) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(validation_json(validation))
    return found


def markdown_of(validation: Validation) -> str:
    return validation_markdown(validation, severity_of(validation), AT)


def written(tmp_path: Path, body: object) -> Path:
    path = tmp_path / "validation.json"
    path.write_text(body if isinstance(body, str) else json.dumps(body))
    return path


def test_the_json_has_the_published_keys_in_their_order() -> None:
    body = body_of(validated())
    assert list(body) == [
        "timestamp", "metrics_url", "configuration", "percentiles", "counters", "validation", "warnings", "assertions",
        "summary",
    ]  # fmt: skip
    assert list(body["configuration"])[:2] == ["count_cache_miss_as_fallback", "thresholds_file"]
    assert list(body["counters"]) == [
        "cache_hit_rate", "cache_hit_rate_source", "cache_hits", "cache_misses", "cache_total", "raw_fallback",
        "effective_fallback", "fallback_effective_ratio", "http_success_rate", "error_rate", "memory_rss_mb",
        "redis_recent_failures", "fallback_by_reason",
    ]  # fmt: skip
    assert list(body["counters"]["fallback_by_reason"]) == [
        "http_timeout", "http_error", "message_timeout", "message_error", "cache_miss", "circuit_breaker",
        "upstream_error", "unknown",
    ]  # fmt: skip
    assert list(body["validation"]) == ["fallback_taxonomy_valid"]
    assert list(body["assertions"][0]) == ["metric", "actual", "threshold", "unit", "type", "comparison", "status"]
    assert list(body["summary"]) == ["total_checks", "passed", "failed", "na", "overall_status"]
    for figures in body["percentiles"].values():
        assert list(figures) == ["p50", "p90", "p95", "p99", "count", "sum", "mean"]
    assert 'metasheet_snapshot_operation_duration_seconds{operation="create"}' in body["percentiles"]
    assert body["timestamp"] == "2026-03-01T12:00:00.000Z"


def test_an_assertion_without_a_figure_is_null_and_compares_with_nothing() -> None:
    body = body_of(validated(evidence(window(operations=()))))
    assertion = body["assertions"][0]
    assert (assertion["actual"], assertion["comparison"], assertion["status"]) == (None, "N/A", "na")
    warning = body["warnings"][0]
    assert list(warning) == ["metric", "issue", "message", "count"]
    assert (warning["issue"], warning["count"]) == ("no_samples", 0)


def test_the_markdown_has_the_published_sections() -> None:
    text = markdown_of(validated(evidence(MISSED)))
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert headings == [
        "# Phase 5 Validation Report", "## Summary", "## SLO Assertions", "## Detailed Metrics", "### Percentiles",
        "### Counters", "### Fallback by Reason", "## Validation Status", "## Warnings", "## Configuration",
    ]  # fmt: skip
    assert "Counts as Effective" in text
    assert re.search(r"\| `cache_miss` +\| +8 \| no ", text)
    assert text.endswith("Generated at 2026-03-01T12:00:00.000Z\n")


@pytest.mark.parametrize("of", [window(), MISSED, window(cache_hits=None)], ids=["good", "missed", "without a cache"])
def test_every_number_of_the_markdown_is_the_number_of_the_json(of: Any) -> None:
    validation = validated(evidence(of))
    body, text = body_of(validation), markdown_of(validation)
    shown = {
        cells[0].strip("`"): (cells[1], cells[2].lstrip("≤≥ "))
        for line in text.split("## SLO Assertions")[1].split("##")[0].splitlines()
        if line.startswith("| `") and (cells := [cell.strip() for cell in line.strip("|").split("|")])
    }
    stated = {
        item["metric"]: ("NA" if item["actual"] is None else json.dumps(item["actual"]), json.dumps(item["threshold"]))
        for item in body["assertions"]
    }
    assert shown == stated
    for name, figures in body["percentiles"].items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{name}`"))
        told = [cell.strip() for cell in row.strip("|").split("|")][1:]
        assert told == [json.dumps(figures[key]) for key in ("p50", "p90", "p95", "p99", "mean", "count")]
    for value in body["counters"].values():
        if isinstance(value, int | float):
            assert re.search(rf"\| +{re.escape(json.dumps(value))}( %| MB)? +\|", text), value
    summary = body["summary"]
    numbers = [str(summary[key]) for key in ("total_checks", "passed", "failed", "na")]
    row = next(line for line in text.split("## Summary")[1].splitlines() if line.startswith("| 16 "))
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        *numbers, summary["overall_status"],
    ]  # fmt: skip


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    for of in (window(), MISSED):
        validation = validated(evidence(of))
        loaded = load_validation(written(tmp_path, validation_json(validation)))
        assert loaded.complaints == ()
        assert body_of(loaded.validation) == body_of(validation)


def test_a_file_of_the_published_validator_is_read(tmp_path: Path) -> None:
    published = {
        "generated_at": "2025-11-27T13:17:32Z",
        "summary": {"total_checks": 1, "passed": 0, "failed": 1, "na": 0, "overall_status": "fail"},
        "assertions": [{
            "metric": "cache_hit_rate", "actual": 50.5, "threshold": 80, "unit": "percent", "type": "lower_bound",
            "comparison": "≥", "status": "fail",
        }],
    }  # fmt: skip
    loaded = load_validation(written(tmp_path, published))
    assert loaded.complaints == ()
    assert loaded.validation.timestamp is not None
    assert loaded.validation.timestamp.year == 2025
    assert [item.actual for item in loaded.validation.violations] == [50.5]


def test_what_the_nightly_writes_for_an_unreachable_service_is_na_and_no_pass(tmp_path: Path) -> None:
    loaded = load_validation(written(tmp_path, {"summary": {"overall_status": "na"}}))
    assert loaded.validation.summary.overall_status is Outcome.NA
    assert not loaded.validation.passed


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "empty"),
        ('{"summary": {"overall', "not JSON: truncated or edited"),
        ("[1, 2]", "not a JSON object"),
        ('{"metrics": {}}', "it has none of its keys"),
        ('{"counters": {}}', "it has counters but no summary"),
        ('{"summary": "pass"}', "it has summary but no summary"),
    ],
)
def test_a_file_that_is_no_validation_is_told_as_such(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(NotAValidationError, match=re.escape(reason)):
        load_validation(written(tmp_path, content))


def edited(change: Any) -> dict[str, Any]:
    body = body_of(validated(evidence(MISSED)))
    change(body)
    return body


def claim_pass(body: dict[str, Any]) -> None:
    body["summary"]["overall_status"] = "pass"


def claim_all_passed(body: dict[str, Any]) -> None:
    body["summary"] = {"total_checks": 16, "passed": 16, "failed": 0, "na": 0, "overall_status": "pass"}


def turn_statuses(body: dict[str, Any]) -> None:
    for item in body["assertions"]:
        item["status"] = "pass"
    claim_all_passed(body)


def drop_assertions(body: dict[str, Any]) -> None:
    body["assertions"] = []
    claim_all_passed(body)


def break_types(body: dict[str, Any]) -> None:
    for item in body["assertions"]:
        item["threshold"] = "high"
    claim_all_passed(body)


@pytest.mark.parametrize("change", [claim_pass, claim_all_passed, turn_statuses, drop_assertions, break_types])
def test_an_edited_file_is_never_believed_to_pass(tmp_path: Path, change: Any) -> None:
    loaded = load_validation(written(tmp_path, edited(change)))
    assert not loaded.validation.passed
    assert "it says pass, but its assertions or its warnings do not bear that out" in loaded.complaints


def test_ci_prints_a_line_for_each_violation() -> None:
    lines = ci_lines(validated(evidence(window(success=970.0, errors_5xx=29.0))), annotations=False)
    assert lines == [
        "http_success_rate: 97 percent (threshold: ≥ 98)",
        "error_rate: 3 percent (threshold: ≤ 1)",
        "validation fail: 14 passed, 2 failed, 0 without a figure, of 16",
    ]


def test_annotations_are_github_commands_with_their_special_characters_escaped() -> None:
    lines = ci_lines(validated(evidence(MISSED)), annotations=True)
    assert lines[0] == "::error title=SLO validation::http_success_rate: 97 percent (threshold: ≥ 98)"
    assert all(line.startswith("::error ") for line in lines[:-1])
    assert "\n" not in "".join(lines)
    assert not any(line.startswith("::") for line in ci_lines(validated(), annotations=True))


def test_more_than_ten_annotations_become_ten_of_which_the_last_names_the_rest() -> None:
    """GitHub shows ten errors of a step and drops the others without a word."""
    found = validated(evidence(MISSED))
    violated = next(item for item in found.assertions if item.status is Outcome.FAIL)
    many = replace(found, assertions=tuple(replace(violated, metric=f"metric_{at}") for at in range(13)))
    lines = ci_lines(many, annotations=True)
    assert len(lines) == 11
    assert lines[8].startswith("::error title=SLO validation::metric_8: 97 percent")
    assert lines[9] == "::error title=SLO validation::4 more: metric_9, metric_10, metric_11, metric_12"


def test_the_terminal_shows_units_and_what_to_know() -> None:
    lines = terminal_lines(validated(evidence(MISSED)), severity_of(validated(evidence(MISSED))))
    assert "FAIL  http_success_rate             97 %  (≥ 98 %)" in lines
    assert "NA    plugin_reload_latency_p95     NA  (≤ 2 s)" in lines
    assert lines[-2] == "severity P1: 2 objectives were missed"


@pytest.mark.parametrize(
    ("changes", "band"),
    [
        ({}, "none"),
        ({"cache_hits": 77.0, "cache_misses": 23.0}, "P3"),
        ({"cache_hits": 70.0, "cache_misses": 30.0}, "P2"),
        ({"cache_hits": 59.0, "cache_misses": 41.0}, "P1"),
        ({"success": 975.0, "errors_4xx": 25.0}, "P1"),
        ({"success": 949.0, "errors_4xx": 10.0}, "P0"),
        ({"errors_4xx": 31.0, "success": 985.0}, "P0"),
        ({"success": 975.0, "errors_4xx": 25.0, "cache_hits": 70.0, "cache_misses": 30.0, "effective_fallback": 90.0,
          "raw_fallback": 91.0}, "P0"),
    ],
)  # fmt: skip
def test_the_severity_is_the_worst_band_that_applies(changes: dict[str, float], band: str) -> None:
    assert severity_of(validated(evidence(window(**changes)))).band.value == band


def test_memory_beyond_750_mb_is_urgent() -> None:
    assert severity_of(validated(evidence(rss_mb=751.0))).band.value == "P0"
    assert severity_of(validated(evidence(rss_mb=510.0))).band.value == "P3"
