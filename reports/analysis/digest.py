"""The few figures of a run or of a validation that a message shows, under one set of names.

Laws: the figures are those that the report judges and the validation states, never computed anew; what one source
lacks may come from the other; None is no figure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reports.analysis.check import Status, Weight
from reports.analysis.quantity import Unit
from reports.model.validation import SOURCE_INCOMPLETE, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from reports.analysis.assessment import Assessment
    from reports.model.validation import Percentiles, Validation

UNITS = {
    "success": Unit.PERCENT,
    "error": Unit.PERCENT,
    "p95": Unit.SECONDS,
    "p99": Unit.SECONDS,
    "cache_hit": Unit.PERCENT,
    "effective_fallback": Unit.PERCENT,
    "raw_fallback": Unit.PERCENT,
    "memory": Unit.MEGABYTES,
    **{
        f"{name}_{percentile}": Unit.SECONDS
        for name in ("snapshot_create", "snapshot_restore", "snapshot", "plugin_reload", "redis_get", "redis_set")
        for percentile in ("p95", "p99")
    },
}
"""Every figure of a digest with its unit; `fallback_ratio` is a plain number from 0 to 1."""

_CHECKS = {
    "success": "success", "error": "error", "p95": "p95_client", "p99": "p99_client", "cache_hit": "cache_hit",
    "effective_fallback": "effective_fallback", "raw_fallback": "raw_fallback", "memory": "memory",
}  # fmt: skip
_OPERATIONS = {
    "Plugin reload": "plugin_reload",
    "Snapshot create": "snapshot_create",
    "Snapshot restore": "snapshot_restore",
    "Snapshot, both": "snapshot",
}
_HISTOGRAMS = (
    ("redis_get", "redis_operation_duration", 'op="get"'),
    ("redis_set", "redis_operation_duration", 'op="set"'),
    ("snapshot_create", "snapshot_operation_duration", 'operation="create"'),
    ("snapshot_restore", "snapshot_operation_duration", 'operation="restore"'),
    ("plugin_reload", "plugin_reload_duration", ""),
)


@dataclass(frozen=True, slots=True)
class Tally:
    """Checks counted: NA ones are neither passed nor failed."""

    passed: int
    failed: int
    na: int

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.na

    def __str__(self) -> str:
        return f"{self.passed}/{self.total} passed, {self.failed} failed, {self.na} NA"


@dataclass(frozen=True, slots=True)
class Digest:
    """What a message tells of one run or validation; `figures` by the names of UNITS and `fallback_ratio`.

    `well` is True only for a GO or a pass. `validation` tells of the validation beside a run.
    `redis_recent_failures` is None where nothing is known.
    """

    name: str
    status: str
    well: bool
    tally: Tally
    at: datetime | None = None
    figures: Mapping[str, float] = field(default_factory=dict)
    fallback_by_reason: Mapping[str, float] = field(default_factory=dict)
    redis_recent_failures: int | None = None
    validation: str = ""
    reasons: tuple[str, ...] = ()
    banners: tuple[str, ...] = ()


def digest_of_run(assessment: Assessment) -> Digest:
    """Return the digest of a judged run; its tally counts the checks that can decide the verdict."""
    run, window = assessment.run, assessment.window
    checks = [check for check in assessment.slo if check.weight is not Weight.INFORMATIVE]
    statuses = [check.status for check in checks]
    by_key = {check.key: check.value for check in assessment.slo}
    figures = {name: by_key.get(key) for name, key in _CHECKS.items()}
    for operation in assessment.operations:
        name = _OPERATIONS.get(operation.name)
        if name:
            figures |= {f"{name}_p95": operation.p95_s, f"{name}_p99": operation.p99_s}
    if window is not None:
        figures["fallback_ratio"] = fallback_ratio(window.effective_fallback, window.raw_fallback)
    return Digest(
        name=run.name,
        status=assessment.verdict.value,
        well=assessment.exit_code == 0,
        tally=Tally(
            sum(status in (Status.PASS, Status.WARN) for status in statuses),
            statuses.count(Status.FAIL),
            statuses.count(Status.NA),
        ),
        at=run.ended or run.started,
        figures={name: value for name, value in figures.items() if value is not None},
        fallback_by_reason=dict(window.fallback_by_reason) if window else {},
        reasons=assessment.reasons,
        banners=assessment.banners,
    )


def digest_of_validation(validation: Validation, name: str) -> Digest:
    """Return the digest of a validation."""
    counters, summary = validation.counters, validation.summary
    figures: dict[str, float | None] = {
        "success": counters.http_success_rate,
        "error": counters.error_rate,
        "cache_hit": counters.cache_hit_rate,
        "memory": counters.memory_rss_mb,
        "fallback_ratio": counters.fallback_effective_ratio,
    }
    for prefix, histogram in _histograms(validation):
        figures |= {f"{prefix}_p95": histogram.p95, f"{prefix}_p99": histogram.p99}
    source = [item.message for item in validation.warnings if item.issue == SOURCE_INCOMPLETE]
    lacking = [f"{item.metric}: {item.status.value}" for item in (*validation.violations, *validation.missing)]
    return Digest(
        name=name,
        status=summary.overall_status.upper(),
        well=summary.overall_status is Outcome.PASS,
        tally=Tally(summary.passed, summary.failed, summary.na),
        at=validation.timestamp,
        figures={key: value for key, value in figures.items() if value is not None},
        fallback_by_reason=counters.fallback_by_reason,
        redis_recent_failures=counters.redis_recent_failures,
        reasons=(*source, *lacking),
    )


def joined(run: Digest, validation: Digest) -> Digest:
    """Return a run's digest with what only its validation knows; the verdict and shared figures are the run's."""
    reasons = (*(() if run.well else run.reasons), *(() if validation.well else validation.reasons))
    return Digest(
        name=run.name,
        status=run.status if validation.well else f"{run.status}, validation {validation.status}",
        well=run.well and validation.well,
        tally=run.tally,
        at=run.at,
        figures={**validation.figures, **run.figures},
        fallback_by_reason=run.fallback_by_reason or validation.fallback_by_reason,
        redis_recent_failures=validation.redis_recent_failures,
        validation=f"{validation.status} {validation.tally}",
        reasons=tuple(dict.fromkeys(reasons)),
        banners=run.banners,
    )


def fallback_ratio(effective: float | None, raw: float | None) -> float | None:
    """Return effective per raw fallback, 0 to 1; 0 without any raw fallback, None where one is not known."""
    if effective is None or raw is None:
        return None
    return effective / raw if raw else 0.0


def _histograms(validation: Validation) -> Iterator[tuple[str, Percentiles]]:
    """Yield each known histogram that was observed; of several series of one kind the one with most observations."""
    for prefix, metric, label in _HISTOGRAMS:
        series = [
            histogram
            for name, histogram in validation.percentiles.items()
            if metric in name and label in name and histogram.count
        ]
        if series:
            yield prefix, max(series, key=lambda histogram: histogram.count)
