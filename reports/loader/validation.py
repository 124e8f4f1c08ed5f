"""Read a validation JSON: ours, and those that earlier tools of the same schema wrote.

Laws: what is missing, empty, truncated or foreign raises NotAValidationError with a sentence; a value of the wrong
type is a complaint; a summary that its own assertions contradict is a complaint, and its pass is not believed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loadgen.core.errors import LoadgenError
from reports.loader.fields import Fields
from reports.loader.files import Unreadable, read_object
from reports.model.thresholds import Side, Unit
from reports.model.validation import (
    SOURCE_INCOMPLETE,
    Assertion,
    Caution,
    Configuration,
    Counters,
    NaPolicy,
    Outcome,
    Percentiles,
    Summary,
    Validation,
)

if TYPE_CHECKING:
    from pathlib import Path

_SIGNS = ("summary", "assertions", "counters", "percentiles")
_COUNTERS = (
    "cache_hit_rate", "cache_hits", "cache_misses", "cache_total", "raw_fallback", "effective_fallback",
    "fallback_effective_ratio", "http_success_rate", "error_rate", "memory_rss_mb",
)  # fmt: skip


class NotAValidationError(LoadgenError):
    """The file holds nothing that can be read as a validation."""


@dataclass(frozen=True, slots=True)
class LoadedValidation:
    """A validation as read, and what was odd about it."""

    validation: Validation
    complaints: tuple[str, ...]


def load_validation(path: Path) -> LoadedValidation:
    """Read a validation JSON; raise NotAValidationError when it is none."""
    try:
        fields = Fields(read_object(path))
    except Unreadable as error:
        raise NotAValidationError(f"{path}: {error}; expected a validation JSON") from error
    if not fields.is_object("summary"):
        known = [name for name in _SIGNS if fields.has(name)]
        told = f"it has {', '.join(known)} but no summary" if known else "it has none of its keys"
        raise NotAValidationError(f"{path}: not a validation JSON: {told}")
    found = _validation(fields)
    summary = _believed(found, fields.complaints)
    return LoadedValidation(replace(found, summary=summary), tuple(dict.fromkeys(fields.complaints)))


def _validation(fields: Fields) -> Validation:
    return Validation(
        timestamp=fields.instant("timestamp") or fields.instant("generated_at"),
        metrics_url=fields.text("metrics_url"),
        configuration=_configuration(fields.below("configuration")),
        percentiles={
            name: _percentiles(fields.below("percentiles").below(name)) for name in fields.below("percentiles").names()
        },
        counters=_counters(fields.below("counters")),
        taxonomy_valid=fields.below("validation").flag("fallback_taxonomy_valid"),
        warnings=tuple(
            Caution(item.text("metric"), item.text("issue"), item.text("message"), item.number("count"))
            for item in fields.each("warnings")
        ),
        assertions=tuple(found for item in fields.each("assertions") if (found := _assertion(item)) is not None),
        summary=_summary(fields.below("summary")),
    )


def _configuration(fields: Fields) -> Configuration:
    policy = fields.text("na_policy")
    return Configuration(
        count_cache_miss_as_fallback=bool(fields.flag("count_cache_miss_as_fallback")),
        thresholds_file=fields.text("thresholds_file"),
        na_policy=NaPolicy(policy) if policy in tuple(NaPolicy) else NaPolicy.STRICT,
        environment=fields.text("environment"),
        multiplier=fields.number("multiplier") or 1.0,
        source=fields.text("source"),
    )


def _percentiles(fields: Fields) -> Percentiles:
    p50, p90, p95, p99 = (fields.number(name) for name in ("p50", "p90", "p95", "p99"))
    return Percentiles(
        p50, p90, p95, p99, fields.number("count") or 0.0, fields.number("sum") or 0.0, fields.number("mean")
    )


def _counters(fields: Fields) -> Counters:
    return Counters(
        cache_hit_rate_source=fields.text("cache_hit_rate_source") or "none",
        redis_recent_failures=fields.whole("redis_recent_failures"),
        fallback_by_reason=fields.numbers("fallback_by_reason"),
        **{name: fields.number(name) for name in _COUNTERS},
    )


def _assertion(fields: Fields) -> Assertion | None:
    """Return an assertion; None, with a complaint, when it does not say what was asserted or how it ended."""
    metric, threshold = fields.text("metric"), fields.number("threshold")
    unit, side, status = fields.text("unit"), fields.text("type"), fields.text("status").lower()
    known = unit in tuple(Unit) and side in tuple(Side) and status in tuple(Outcome)
    if not metric or threshold is None or not known:
        fields.complaints.append(f"the assertion {metric or '(without a name)'} is not whole")
        return None
    outcome = Outcome(status)
    actual = None if outcome is Outcome.NA or fields.text("actual") in ("NA", "N/A") else fields.number("actual")
    return Assertion(metric, actual, threshold, Unit(unit), Side(side), outcome)


def _summary(fields: Fields) -> Summary:
    status = fields.text("overall_status").lower()
    if status not in tuple(Outcome):
        fields.complaints.append(f"summary.overall_status is {status or 'missing'}; it is one of pass, fail, na")
    total, passed, failed, na = (fields.whole(name) or 0 for name in ("total_checks", "passed", "failed", "na"))
    return Summary(total, passed, failed, na, Outcome(status) if status in tuple(Outcome) else Outcome.NA)


def _believed(found: Validation, complaints: list[str]) -> Summary:
    """Return the summary; a pass becomes NA where the assertions or the warnings do not bear it out."""
    told = found.summary
    counted = {status: sum(item.status is status for item in found.assertions) for status in Outcome}
    stated = {Outcome.PASS: told.passed, Outcome.FAIL: told.failed, Outcome.NA: told.na}
    if found.assertions and counted != stated:
        complaints.append("the summary does not count what the assertions say")
    wrong = [item.metric for item in found.assertions if _contradicts(item)]
    complaints.extend(f"{metric}: its status contradicts its figures" for metric in wrong)
    bad = wrong or counted[Outcome.FAIL] or not found.assertions or counted != stated
    bad = bad or any(item.issue == SOURCE_INCOMPLETE for item in found.warnings)
    if told.overall_status is Outcome.PASS and bad:
        complaints.append("it says pass, but its assertions or its warnings do not bear that out")
        return replace(told, overall_status=Outcome.NA)
    return told


def _contradicts(item: Assertion) -> bool:
    if item.actual is None:
        return item.status is not Outcome.NA
    within = item.actual <= item.threshold if item.side is Side.UPPER else item.actual >= item.threshold
    return within != (item.status is Outcome.PASS)
