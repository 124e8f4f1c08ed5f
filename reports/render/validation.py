"""A validation in markdown and as lines for a terminal and for CI: the numbers of validation.json, digit for digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from loadgen.core.clock import iso_utc
from reports.model.thresholds import Unit
from reports.model.validation import NOT_APPLICABLE, SOURCE_INCOMPLETE, Outcome
from reports.render.markdown import bullets, code, document, plain, section, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reports.analysis.severity import Severity
    from reports.model.validation import Assertion, Validation

MOST_ANNOTATIONS = 10
_UNITS = {Unit.PERCENT: " %", Unit.SECONDS: " s", Unit.MEGABYTES: " MB", Unit.RATIO: ""}
_MARKS = {Outcome.PASS: "✅ pass", Outcome.FAIL: "❌ fail", Outcome.NA: "❔ na"}
_CACHE_MISS = "cache_miss"
_COUNTERS = (
    ("HTTP success rate", "http_success_rate", " %"),
    ("Error rate", "error_rate", " %"),
    ("Cache hit rate", "cache_hit_rate", " %"),
    ("Cache hit rate source", "cache_hit_rate_source", ""),
    ("Cache hits", "cache_hits", ""),
    ("Cache misses", "cache_misses", ""),
    ("Cache look-ups", "cache_total", ""),
    ("Raw fallbacks", "raw_fallback", ""),
    ("Effective fallbacks", "effective_fallback", ""),
    ("Effective/raw ratio", "fallback_effective_ratio", ""),
    ("Memory (RSS)", "memory_rss_mb", " MB"),
    ("Redis failures in the last 15 min", "redis_recent_failures", ""),
)


def number(value: float | str | None) -> str:
    """Write a figure as validation.json does; NA for None."""
    if value is None or isinstance(value, str):
        return value or "NA"
    return str(int(value)) if float(value).is_integer() else orjson.dumps(value).decode()


def validation_markdown(validation: Validation, severity: Severity, generated: datetime) -> str:
    """Return the validation report; `generated` is when it was made (aware)."""
    return document(
        ["# Phase 5 Validation Report", ""],
        bullets(_header(validation)),
        section("Summary", table(("Checks", "Passed", "Failed", "NA", "Overall"), [_summary(validation)])),
        section("SLO Assertions", _assertions(validation)),
        section("Detailed Metrics", _percentiles(validation), _counters(validation), _fallbacks(validation)),
        section("Validation Status", bullets(_status(validation, severity))),
        section("Warnings", _warnings(validation)),
        section("Configuration", bullets(_configuration(validation))),
        [f"Generated at {iso_utc(generated)}"],
    )


def _header(validation: Validation) -> Iterator[str]:
    at = validation.timestamp
    yield f"**Overall: {validation.summary.overall_status.value.upper()}**"
    yield f"Measured (UTC): {iso_utc(at) if at else 'NA'}"
    yield f"Metrics: {code(validation.metrics_url)}"
    if validation.configuration.source:
        yield f"Run: {code(validation.configuration.source)}"


def _summary(validation: Validation) -> list[str]:
    told = validation.summary
    return [*map(str, (told.total_checks, told.passed, told.failed, told.na)), told.overall_status.value]


def _assertions(validation: Validation) -> list[str]:
    rows = [
        [code(item.metric), number(item.actual), _against(item), item.unit.value, _MARKS[item.status]]
        for item in validation.assertions
    ]
    return table(("Metric", "Actual", "Threshold", "Unit", "Status"), rows, right=(1, 2))


def _against(item: Assertion) -> str:
    comparison = item.side.comparison if item.comparison == NOT_APPLICABLE else item.comparison
    return f"{comparison} {number(item.threshold)}"


def _percentiles(validation: Validation) -> list[str]:
    rows = [
        [code(name), *(number(value) for value in (item.p50, item.p90, item.p95, item.p99, item.mean, item.count))]
        for name, item in validation.percentiles.items()
    ]
    lines = table(("Histogram (s)", "p50", "p90", "p95", "p99", "Mean", "Count"), rows, right=(1, 2, 3, 4, 5, 6))
    return ["### Percentiles", "", *(lines or ["No histogram has samples.", ""])]


def _counters(validation: Validation) -> list[str]:
    rows = []
    for title, name, unit in _COUNTERS:
        value = getattr(validation.counters, name)
        text = number(value)
        rows.append([title, plain(text) if value is None or not unit else f"{text}{unit}"])
    return ["### Counters", "", *table(("Figure", "Value"), rows, right=(1,))]


def _fallbacks(validation: Validation) -> list[str]:
    found = validation.counters.fallback_by_reason
    counted = validation.configuration.count_cache_miss_as_fallback
    rows = [
        [code(reason), number(count), "yes" if reason != _CACHE_MISS or counted else "no"]
        for reason, count in found.items()
    ]
    lines = table(("Reason", "Count", "Counts as Effective"), rows, right=(1,))
    return ["### Fallback by Reason", "", *(lines or ["The service does not tell the reasons of its fallbacks.", ""])]


def _status(validation: Validation, severity: Severity) -> Iterator[str]:
    taxonomy = {True: "valid", False: "INVALID: see the warnings", None: "NA: the service counts no fallbacks"}
    yield f"Fallback taxonomy: {taxonomy[validation.taxonomy_valid]}"
    yield f"Severity: {plain(str(severity))}"
    for item in validation.violations:
        yield f"Violation: {plain(violation(item))}"
    for item in validation.missing:
        yield f"No figure: {code(item.metric)}"


def _warnings(validation: Validation) -> list[str]:
    told = [f"{code(item.metric)} {plain(item.issue)}: {plain(item.message)}" for item in validation.warnings]
    return bullets(told or ["None."])


def _configuration(validation: Validation) -> Iterator[str]:
    configuration = validation.configuration
    yield f"COUNT_CACHE_MISS_AS_FALLBACK: {str(configuration.count_cache_miss_as_fallback).lower()}"
    yield f"Thresholds file: {code(configuration.thresholds_file)}"
    yield f"NA policy: {configuration.na_policy.value}"
    if configuration.environment:
        yield f"Environment: {plain(configuration.environment)} (latency and memory × {configuration.multiplier:g})"


def violation(item: Assertion) -> str:
    """Return one line: metric, what was found, and what was allowed.

    >>> violation(Assertion("error_rate", 2.5, 1.0, Unit.PERCENT, Side.UPPER, Outcome.FAIL))
    'error_rate: 2.5 percent (threshold: ≤ 1)'
    """
    unit = f" {item.unit.value}" if item.unit is not Unit.RATIO else ""
    return f"{item.metric}: {number(item.actual)}{unit} (threshold: {item.side.comparison} {number(item.threshold)})"


def ci_lines(validation: Validation, *, annotations: bool) -> list[str]:
    """Return a line for each violation and each missing figure, then the count; with GitHub annotations if asked."""
    lines = [violation(item) for item in validation.violations]
    lines += [f"{item.metric}: no figure (threshold: {_against(item)})" for item in validation.missing]
    blocking = [item.message for item in validation.warnings if item.issue == SOURCE_INCOMPLETE]
    lines += [f"source: {message}" for message in blocking]
    if annotations and not validation.passed:
        lines = [f"::error title=SLO validation::{_annotation(line)}" for line in _few(lines)]
    return [*lines, counted(validation)]


def _few(lines: list[str]) -> list[str]:
    """Return at most ten lines, the last of which names the rest: GitHub drops what a step says beyond ten errors."""
    if len(lines) <= MOST_ANNOTATIONS:
        return lines
    shown, rest = lines[: MOST_ANNOTATIONS - 1], lines[MOST_ANNOTATIONS - 1 :]
    return [*shown, f"{len(rest)} more: {', '.join(line.partition(':')[0] for line in rest)}"]


def counted(validation: Validation) -> str:
    """Return the summary in one line."""
    told = validation.summary
    return (
        f"validation {told.overall_status.value}: {told.passed} passed, {told.failed} failed, {told.na} without a "
        f"figure, of {told.total_checks}"
    )


def _annotation(text: str) -> str:
    """Escape a message for a GitHub workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def terminal_lines(validation: Validation, severity: Severity) -> list[str]:
    """Return the assertions as a table for a terminal, what to know about them, and the count."""
    width = max((len(item.metric) for item in validation.assertions), default=0)
    lines = [_terminal_line(item, width) for item in validation.assertions]
    lines += [f"note  {item.metric}: {item.message}" for item in validation.warnings]
    if validation.violations:
        lines.append(f"severity {severity}")
    return [*lines, counted(validation)]


def _terminal_line(item: Assertion, width: int) -> str:
    unit = _UNITS[item.unit]
    actual = "NA" if item.actual is None else f"{number(item.actual)}{unit}"
    return f"{item.status.value.upper():<4}  {item.metric:<{width}}  {actual}  ({_against(item)}{unit})"
