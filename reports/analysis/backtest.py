"""The windows of a run, by source, that alert thresholds are tried on.

Laws: a share is taken over a whole window's counts and a percentile from its merged histogram; a window with too few
requests to mean anything is left out, not counted as quiet.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_S
from reports.analysis.alert_levels import AlertLevel, Point, Trial, try_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from loadgen.core.histogram import Histogram
    from reports.model.run import Run
    from reports.model.server import Row
    from reports.model.signals import LatencySpan, LoadSecond, Probe, Signals

WINDOW_S = 60.0
PROBE_WINDOW_S = 30.0
LEAST_REQUESTS = 20

_COLUMNS = {
    "error": ("error_rate", 100.0),
    "p95": ("p95_latency", 1.0),
    "cache_hit": ("cache_hit_rate", 100.0),
    "cpu": ("cpu_percent", 1.0),
    "rss": ("rss_mb", 1.0),
}


def back_test(levels: Iterable[AlertLevel], run: Run, signals: Signals) -> tuple[Trial, ...]:
    """Try every threshold on every source that has its metric; `run.rows` are the service's own figures."""
    client = {
        "error": ("load-stats.csv, over 60 s", list(error_windows(signals.seconds))),
        "p95": ("latency.hlog, over 60 s", list(latency_windows(signals.latencies, 95.0))),
    }
    probes = ("probes.csv, over 30 s", list(probe_windows(signals.probes)))
    trials = []
    for level in levels:
        sources = [client[level.key]] if level.key in client else []
        sources += [probes] if level.key == "error" else []
        column, factor = _COLUMNS[level.key]
        sources.append((f"metrics.csv, {column}", list(row_points(run.rows, run.t0, column, factor))))
        trials += [try_out(level, source, points) for source, points in sources]
    return tuple(trials)


def error_windows(seconds: Sequence[LoadSecond]) -> Iterator[Point]:
    """Yield the client's failures in percent over the last 60 s, at each second from the first whole window on.

    A run shorter than that is one window.
    """
    if not seconds:
        return
    width = min(WINDOW_S, seconds[-1].second + 1 - seconds[0].second)
    held: deque[LoadSecond] = deque()
    ended = bad = 0
    for row in seconds:
        held.append(row)
        ended, bad = ended + row.ended, bad + row.bad
        while held[0].second <= row.second - width:
            old = held.popleft()
            ended, bad = ended - old.ended, bad - old.bad
        if row.second + 1 - seconds[0].second >= width and ended >= LEAST_REQUESTS:
            yield Point(float(row.second + 1), bad / ended * 100)


def latency_windows(spans: Sequence[LatencySpan], percentile: float) -> Iterator[Point]:
    """Yield a percentile in s over the last 60 s of response times, at the end of each span.

    A span longer than 60 s is a window of its own, a run shorter than that is one window.
    """
    if not spans:
        return
    ordered = sorted(spans, key=lambda span: span.end_s)
    begin = ordered[0].end_s - ordered[0].length_s
    width = min(WINDOW_S, ordered[-1].end_s - begin)
    held: deque[LatencySpan] = deque()
    merged = max(ordered, key=lambda span: len(span.histogram.counts)).histogram.copy()
    merged.clear()
    for span in ordered:
        held.append(span)
        merged.add(span.histogram)
        while held[0].end_s <= span.end_s - width:
            _take_away(merged, held.popleft().histogram)
        if span.end_s - begin >= width and merged.total >= LEAST_REQUESTS:
            yield Point(span.end_s, merged.percentile(percentile) / NS_PER_S)


def _take_away(merged: Histogram, gone: Histogram) -> None:
    merged.counts[: len(gone.counts)] -= gone.counts


def probe_windows(probes: Sequence[Probe]) -> Iterator[Point]:
    """Yield the service's error rate in percent between a probe and the newest one at least 30 s before it.

    Where its counters went down, the process restarted: no window spans that.
    """
    usable = [(probe.at_s, probe.requests, probe.errors) for probe in probes if probe.ok]
    known = [(at, requests, errors) for at, requests, errors in usable if requests is not None and errors is not None]
    times = [at for at, _, _ in known]
    since = 0
    for index, (at, requests, errors) in enumerate(known):
        if index and (requests < known[index - 1][1] or errors < known[index - 1][2]):
            since = index
        before = bisect_right(times, at - PROBE_WINDOW_S) - 1
        if before < since:
            continue
        _, earlier_requests, earlier_errors = known[before]
        if requests - earlier_requests >= LEAST_REQUESTS:
            yield Point(at, (errors - earlier_errors) / (requests - earlier_requests) * 100)


def row_points(rows: Sequence[Row], t0: datetime | None, column: str, factor: float) -> Iterator[Point]:
    """Yield a column of metrics.csv, times `factor`, at the end of each row's interval; NA rows are left out."""
    for row in rows:
        value = row.get(column)
        if value is not None and row.at is not None and t0 is not None:
            yield Point((row.at - t0).total_seconds(), value * factor)
