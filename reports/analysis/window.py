"""The service's account of the window, from the best source the record has."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reports.analysis.deltas import window_from_rows
from reports.analysis.quantile import bounds_of

if TYPE_CHECKING:
    from reports.model.run import Run
    from reports.model.server import ServerWindow

_PERCENTILES = {"p50": 50.0, "p90": 90.0, "p95": 95.0, "p99": 99.0}


def window_of(run: Run) -> ServerWindow | None:
    """Return the closing account of metadata.json, or the sums of metrics.csv's differences where there is none.

    Percentiles are computed from the merged buckets when they are on record, so the stated ones are never trusted
    over the data.
    """
    if run.window is None:
        return window_from_rows(run.rows, run.counters_at_start, run.scraped_at_start or run.t0)
    own = {name: bounds for name, q in _PERCENTILES.items() if (bounds := bounds_of(run.window.buckets, q)) is not None}
    return replace(run.window, percentiles=own) if own else run.window
