"""What the observer saw of the service under test.

Law: None means that there is no figure; it is never 0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

ROW_EXTREMES = "extremes of the rows"
"""The `latency_source` of a window whose percentiles are bounded by its rows only."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of metrics.csv: `at` is the end of its interval, `values` maps each numeric column to its figure."""

    number: int | None
    at: datetime | None
    values: Mapping[str, float | None]

    def get(self, column: str) -> float | None:
        """Return a column's figure, None where it is NA."""
        return self.values.get(column)

    @property
    def measured(self) -> bool:
        """Say whether the row holds any figure: a failed scrape writes NA throughout."""
        return any(value is not None for value in self.values.values())


@dataclass(frozen=True, slots=True)
class Bounds:
    """A percentile read from a histogram: the true value is above `lower_s` and at most `upper_s`.

    `upper_s` is infinite when the percentile fell into the +Inf bucket.
    """

    value_s: float | None
    lower_s: float
    upper_s: float

    @property
    def saturated(self) -> bool:
        return self.upper_s == float("inf")


@dataclass(frozen=True, slots=True)
class Operation:
    """One labelled histogram of plugin reloads, snapshots or Redis: buckets as in ServerWindow, `sum` in s."""

    metric: str
    labels: Mapping[str, str]
    buckets: tuple[tuple[float, float], ...]
    count: float
    sum: float

    @property
    def name(self) -> str:
        """The histogram as a selector, such as `snapshot_seconds{operation="create"}`."""
        inside = ",".join(f'{label}="{value}"' for label, value in sorted(self.labels.items()))
        return f"{self.metric}{{{inside}}}" if inside else self.metric


@dataclass(frozen=True, slots=True)
class ServerWindow:
    """The service's own account between sample 0 and the end, counter resets already added.

    `origin` says where the figures come from. `percentiles` maps p50, p90, p95, p99 to bounds; `buckets` are the
    latency histogram's (upper bound in s, cumulative count), the last bound infinite. `lifetime_latency`
    means that the percentiles come from a summary over the process's life and say little about this window.
    `operations` are the labelled histograms, `sources` which series feed each logical metric, `redis_last_failure_s`
    is Unix time (0 is never), `own_effective_fallback` what the service itself counts as effective.
    """

    origin: str
    elapsed_s: float | None = None
    requests: float | None = None
    success: float | None = None
    errors_4xx: float | None = None
    errors_5xx: float | None = None
    raw_fallback: float | None = None
    effective_fallback: float | None = None
    fallback_by_reason: Mapping[str, float] = field(default_factory=dict)
    cache_hits: float | None = None
    cache_misses: float | None = None
    http_adapter_ops: float | None = None
    message_bus_rpc_attempts: float | None = None
    cache_get_attempts: float | None = None
    plugin_reload_success: float | None = None
    plugin_reload_failure: float | None = None
    snapshot_create_success: float | None = None
    snapshot_create_failure: float | None = None
    snapshot_restore_success: float | None = None
    snapshot_restore_failure: float | None = None
    cpu_s: float | None = None
    rss_mb_max: float | None = None
    percentiles: Mapping[str, Bounds] = field(default_factory=dict)
    buckets: tuple[tuple[float, float], ...] = ()
    latency_count: float | None = None
    latency_source: str = ""
    resets: int | None = None
    restarts: int | None = None
    scrapes: int | None = None
    failed_scrapes: int | None = None
    availability_pct: float | None = None
    latency_sum: float | None = None
    rss_mb_last: float | None = None
    redis_last_failure_s: float | None = None
    redis_recovery_success: float | None = None
    redis_recovery_failure: float | None = None
    redis_timeouts: float | None = None
    own_effective_fallback: float | None = None
    operations: tuple[Operation, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)

    @property
    def lifetime_latency(self) -> bool:
        return "lifetime" in self.latency_source
