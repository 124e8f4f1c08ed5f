"""What the service did during the window: throughput, fallback sources, plugin and snapshot operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.check import RowStats
from reports.analysis.deltas import window_from_rows

if TYPE_CHECKING:
    from reports.model.run import Run
    from reports.model.server import ServerWindow

_DATED_BY_PROMETHEUS = "prometheus"
_SOURCES = (
    ("HTTP adapter", ("http_error", "http_timeout", "upstream_error", "circuit_breaker"), "fb_http_ratio"),
    ("Message bus", ("message_error", "message_timeout"), "fb_message_ratio"),
    ("Cache", ("cache_miss",), "fb_cache_ratio"),
)
_OPERATIONS = (
    ("Plugin reload", "plugin_reload_success", "plugin_reload_failure", "plugin_reload"),
    ("Snapshot create", "snapshot_create_success", "snapshot_create_failure", ""),
    ("Snapshot restore", "snapshot_restore_success", "snapshot_restore_failure", ""),
    ("Snapshot, both", "", "", "snapshot_operation"),
)


@dataclass(frozen=True, slots=True)
class Throughput:
    """Requests as both sides counted them, from the first scrape to the last.

    `in_rows` is what the samples' differences add up to: less than `served` by what came after the last sample.
    `others` is what the service served beyond what we sent and exercised; negative where requests never arrived.
    `in_rows` is None where a Prometheus dates the data: rates times the rows' own times would not give the requests.
    """

    average_per_s: float | None
    rows: RowStats | None
    served: float | None
    sent: int | None
    exercised: int
    in_rows: float | None
    others: float | None
    http_ops: float | None
    rpc_attempts: float | None
    cache_attempts: float | None


@dataclass(frozen=True, slots=True)
class StatusSplit:
    """The shares of 4xx and 5xx among the service's requests, in %."""

    share_4xx_pct: float | None
    share_5xx_pct: float | None


def status_split(window: ServerWindow | None) -> StatusSplit:
    """Return the window's split of errors."""
    if window is None:
        return StatusSplit(None, None)
    return StatusSplit(_share(window.errors_4xx, window.requests), _share(window.errors_5xx, window.requests))


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole * 100 if part is not None and whole else None


@dataclass(frozen=True, slots=True)
class FallbackSource:
    """One source of fallbacks: events in the window, the operations they are set against, and both averages in %."""

    name: str
    events: float | None
    attempts: float | None
    window_pct: float | None
    rows_average_pct: float | None


@dataclass(frozen=True, slots=True)
class Operations:
    """One kind of operation: its outcomes in the window and its percentiles since the run's start, in s."""

    name: str
    success: float | None
    failure: float | None
    p95_s: float | None
    p99_s: float | None


def throughput(run: Run, window: ServerWindow | None) -> Throughput:
    """Set the service's count of requests beside ours."""
    served = window.requests if window else None
    account = run.client.account
    rows = window_from_rows(run.rows, run.counters_at_start, run.scraped_at_start or run.t0)
    sent = account.sent if account else None
    average = served / window.elapsed_s if window and window.elapsed_s and served is not None else None
    return Throughput(
        average_per_s=average,
        rows=RowStats.of(row.get("request_rate") for row in run.rows),
        served=served,
        sent=sent,
        exercised=run.exercised,
        in_rows=rows.requests if rows and run.metrics_mode != _DATED_BY_PROMETHEUS else None,
        others=served - sent - run.exercised if served is not None and sent is not None else None,
        http_ops=window.http_adapter_ops if window else None,
        rpc_attempts=window.message_bus_rpc_attempts if window else None,
        cache_attempts=window.cache_get_attempts if window else None,
    )


def fallback_sources(run: Run, window: ServerWindow | None) -> tuple[FallbackSource, ...]:
    """Return the three sources with the ratio of the whole window and the average of the rows."""
    attempts = (
        (window.http_adapter_ops, window.message_bus_rpc_attempts, window.cache_get_attempts)
        if window
        else (None, None, None)
    )
    return tuple(_source(run, window, source, tried) for source, tried in zip(_SOURCES, attempts, strict=True))


def _source(
    run: Run, window: ServerWindow | None, source: tuple[str, tuple[str, ...], str], attempts: float | None
) -> FallbackSource:
    name, reasons, column = source
    by_reason = window.fallback_by_reason if window else {}
    events = sum(by_reason.get(reason, 0.0) for reason in reasons) if by_reason else None
    ratio = events / attempts * 100 if events is not None and attempts else None
    rows = RowStats.of(row.get(column) for row in run.rows)
    return FallbackSource(name, events, attempts, ratio, rows.average * 100 if rows else None)


def operations(run: Run, window: ServerWindow | None) -> tuple[Operations, ...]:
    """Return the counts of plugin and snapshot operations, and their percentiles as the last row has them."""
    last = next((row for row in reversed(run.rows) if row.measured), None)

    def last_of(prefix: str, percentile: str) -> float | None:
        return last.get(f"{prefix}_{percentile}") if last and prefix else None

    return tuple(
        Operations(
            name,
            getattr(window, success) if window and success else None,
            getattr(window, failure) if window and failure else None,
            last_of(prefix, "p95"),
            last_of(prefix, "p99"),
        )
        for name, success, failure, prefix in _OPERATIONS
    )
