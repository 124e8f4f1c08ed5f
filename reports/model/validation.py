"""A validation, typed: the content of validation.json, figure for figure.

Laws: None means that there is no figure, never 0; shares are percent except `fallback_effective_ratio` (0 to 1),
latencies seconds, memory megabytes; nothing is rounded after this, so that every reader shows the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reports.model.thresholds import Side, Unit

NOT_APPLICABLE = "N/A"
"""The comparison of an assertion that has no figure."""

SOURCE_INCOMPLETE = "source_incomplete"
"""The issue of a caution that says why the source is not believed whole: a run that was cut, tripped or is INVALID."""


class Outcome(StrEnum):
    """How an assertion ended; NA is no answer and never a pass."""

    PASS = "pass"  # noqa: S105 - a verdict
    FAIL = "fail"
    NA = "na"


class NaPolicy(StrEnum):
    """What an assertion without a figure does: keep the validation from passing, or nothing."""

    STRICT = "strict"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class Percentiles:
    """One histogram: its percentiles in s, how many observations there were, and their sum in s."""

    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None
    count: float
    sum: float
    mean: float | None


@dataclass(frozen=True, slots=True)
class Counters:
    """The figures that are no percentile; see the laws of the module."""

    cache_hit_rate: float | None = None
    cache_hit_rate_source: str = "none"
    cache_hits: float | None = None
    cache_misses: float | None = None
    cache_total: float | None = None
    raw_fallback: float | None = None
    effective_fallback: float | None = None
    fallback_effective_ratio: float | None = None
    http_success_rate: float | None = None
    error_rate: float | None = None
    memory_rss_mb: float | None = None
    redis_recent_failures: int | None = None
    fallback_by_reason: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assertion:
    """One threshold and what was found; `actual` None is NA."""

    metric: str
    actual: float | None
    threshold: float
    unit: Unit
    side: Side
    status: Outcome

    @property
    def comparison(self) -> str:
        return NOT_APPLICABLE if self.status is Outcome.NA else self.side.comparison


@dataclass(frozen=True, slots=True)
class Caution:
    """Something a reader should know; only one of SOURCE_INCOMPLETE decides anything: it is never a pass."""

    metric: str
    issue: str
    message: str
    count: float | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the validation was made with. `source` names the run, or is empty for an exposition."""

    count_cache_miss_as_fallback: bool
    thresholds_file: str
    na_policy: NaPolicy = NaPolicy.STRICT
    environment: str = ""
    multiplier: float = 1.0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The assertions counted, and the answer."""

    total_checks: int
    passed: int
    failed: int
    na: int
    overall_status: Outcome


@dataclass(frozen=True, slots=True)
class Validation:
    """One validation. `metrics_url` names several addresses separated by spaces; user and password are never in it."""

    timestamp: datetime | None
    metrics_url: str
    configuration: Configuration
    percentiles: Mapping[str, Percentiles]
    counters: Counters
    taxonomy_valid: bool | None
    warnings: tuple[Caution, ...]
    assertions: tuple[Assertion, ...]
    summary: Summary

    def find(self, metric: str) -> Assertion | None:
        """Return the assertion of a metric, None without one."""
        return next((item for item in self.assertions if item.metric == metric), None)

    @property
    def violations(self) -> tuple[Assertion, ...]:
        """The assertions that failed."""
        return tuple(item for item in self.assertions if item.status is Outcome.FAIL)

    @property
    def missing(self) -> tuple[Assertion, ...]:
        """The assertions that have no figure."""
        return tuple(item for item in self.assertions if item.status is Outcome.NA)

    @property
    def passed(self) -> bool:
        return self.summary.overall_status is Outcome.PASS
