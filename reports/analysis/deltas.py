"""The service's account from metrics.csv alone, for a run whose end was never recorded.

Laws: raw and total columns are cumulative, so a total is the sum of differences, and where a counter went down the
process restarted and the new value is the difference; rates times real elapsed time give the requests. Percentiles of
rows are never averaged: their extremes bound the window's percentile.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import fsum
from typing import TYPE_CHECKING, Any

from reports.model.server import ROW_EXTREMES, Bounds, ServerWindow

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from reports.model.server import Row

_TOTALS = {
    "raw_fallback": "raw_fallback_total",
    "effective_fallback": "effective_fallback_total",
    "cache_hits": "cache_hits_raw",
    "cache_misses": "cache_misses_raw",
    "http_adapter_ops": "http_adapter_ops",
    "message_bus_rpc_attempts": "message_bus_rpc_attempts",
    "cache_get_attempts": "cache_get_attempts",
    "plugin_reload_success": "plugin_reload_success",
    "plugin_reload_failure": "plugin_reload_failure",
    "snapshot_create_success": "snapshot_create_success",
    "snapshot_create_failure": "snapshot_create_failure",
    "snapshot_restore_success": "snapshot_restore_success",
    "snapshot_restore_failure": "snapshot_restore_failure",
}
_RATIOS = {"success": "http_success_rate", "errors_4xx": "error_rate_4xx", "errors_5xx": "error_rate_5xx"}
_PERCENTILES = {"p50": "p50_latency", "p90": "p90_latency", "p95": "p95_latency", "p99": "p99_latency"}


def window_from_rows(rows: Sequence[Row], start: Mapping[str, float], began: datetime | None) -> ServerWindow | None:
    """Rebuild the window's totals from rows; None without a measured row.

    `start` holds counters_at_start, by the window's names; a counter it lacks is counted from the first row on.
    `began` is when those counters were scraped: the first row's rate is over the time since.
    """
    measured = [row for row in rows if row.measured]
    if not measured:
        return None
    elapsed = _elapsed(measured, began)
    requests = _requests(measured, elapsed)
    figures: dict[str, Any] = {name: total(measured, column, start.get(name)) for name, column in _TOTALS.items()}
    figures |= {name: _weighted(measured, column, requests) for name, column in _RATIOS.items()}
    known = [seconds for seconds in elapsed if seconds is not None]
    window = ServerWindow(
        origin="differences of metrics.csv",
        elapsed_s=fsum(known) if known else None,
        requests=_sum(requests),
        rss_mb_max=max((value for row in measured if (value := row.get("rss_mb")) is not None), default=None),
        percentiles={name: found for name, column in _PERCENTILES.items() if (found := _extremes(measured, column))},
        latency_source=ROW_EXTREMES,
    )
    return replace(window, **figures)


def total(rows: Sequence[Row], column: str, start: float | None) -> float | None:
    """Return a cumulative column's growth, restarts included; None when nothing can be subtracted."""
    values = [value for row in rows if (value := row.get(column)) is not None]
    if start is not None:
        values.insert(0, start)
    if len(values) < 2:
        return None
    return fsum(now - before if now >= before else now for before, now in itertools.pairwise(values))


def _elapsed(rows: Sequence[Row], began: datetime | None) -> list[float | None]:
    instants = [began, *(row.at for row in rows)]
    return [
        (now - before).total_seconds() if now is not None and before is not None and now > before else None
        for before, now in itertools.pairwise(instants)
    ]


def _requests(rows: Sequence[Row], elapsed: Sequence[float | None]) -> list[float | None]:
    rates = (row.get("request_rate") for row in rows)
    return [
        None if rate is None or seconds is None else rate * seconds
        for rate, seconds in zip(rates, elapsed, strict=True)
    ]


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fsum(known) if known else None


def _weighted(rows: Sequence[Row], column: str, requests: Sequence[float | None]) -> float | None:
    """Return the events behind a ratio column; None when a row with requests lacks its ratio."""
    pairs = [(row.get(column), weight) for row, weight in zip(rows, requests, strict=True) if weight]
    if any(ratio is None for ratio, _ in pairs):
        return None
    return _sum([ratio * weight for ratio, weight in pairs if ratio is not None and weight is not None])


def _extremes(rows: Sequence[Row], column: str) -> Bounds | None:
    values = [value for row in rows if (value := row.get(column)) is not None]
    return Bounds(None, min(values), max(values)) if values else None
