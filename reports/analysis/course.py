"""The run's course over time as charts: client and server on one time axis, with everything that happened marked.

Laws: a server figure of metrics.csv speaks for the whole interval before it, so it is drawn held over that interval;
nothing is drawn where nothing was measured.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_MS
from reports.analysis.happenings import marks_of
from reports.analysis.redis import START
from reports.analysis.spectrum import latency_limits
from reports.model.chart import Across, Chart, Group, Line, Stroke, Tone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loadgen.core.slo import SloTargets
    from reports.model.chart import Limit
    from reports.model.run import Run
    from reports.model.timeline import ProbePoint, Second

MOST_POINTS = 720
_MS = 1_000.0
_PERCENT = 100.0
_JUST_BEFORE_S = 0.001


def course(run: Run, targets: SloTargets) -> tuple[Chart, ...]:
    """Return the charts of latency, rate, errors, resources and Redis; one without any figure is left out."""
    charts = (
        _chart(run, "latency", "Latency", "ms", _latency(run), latency_limits(targets)),
        _chart(run, "rate", "Requests", "/s", _rates(run)),
        _chart(run, "errors", "Errors and fallbacks", "%", _errors(run)),
        _chart(run, "memory", "Memory", "MB", _row_group(run, (("RSS", "rss_mb", 1.0, Tone.SERVER),))),
        _chart(run, "processor", "Processor and cache", "%", _resources(run)),
        _chart(run, "redis", "Redis round trip", "ms", _redis(run)),
    )
    drawn = [chart for chart in charts if not chart.empty]
    ends = [group.xs[-1] for chart in drawn for group in chart.groups if group.xs]
    end = max([*ends, *(mark.at for chart in drawn for mark in chart.marks), 1.0])
    return tuple(replace(chart, span=(0.0, end)) for chart in drawn)


def _chart(
    run: Run, key: str, title: str, unit: str, groups: tuple[Group, ...], limits: tuple[Limit, ...] = ()
) -> Chart:
    return Chart(key, title, unit, Across.TIME, groups, marks_of(run), limits, began=run.t0)


def _latency(run: Run) -> tuple[Group, ...]:
    slices = run.client.slices
    client = Group(
        tuple(item.start_s + item.length_s / 2 for item in slices),
        (
            Line("client p50", tuple(item.p50_s * _MS for item in slices), Tone.CLIENT_FAINT),
            Line("client p95", tuple(item.p95_s * _MS for item in slices), Tone.CLIENT_SOFT),
            Line("client p99", tuple(item.p99_s * _MS for item in slices), Tone.CLIENT),
        ),
    )
    columns = (
        ("server p95", "p95_latency", _MS, Tone.SERVER_SOFT),
        ("server p99", "p99_latency", _MS, Tone.SERVER),
    )
    return (client, *_row_group(run, columns))


def _rates(run: Run) -> tuple[Group, ...]:
    seconds = _scheduled(run.client.by_second)

    def per_second(count_of: Callable[[Second], int]) -> Callable[[Sequence[Second]], float | None]:
        return lambda bin_: sum(map(count_of, bin_)) / len(bin_)

    due, sent = (
        _binned(seconds, per_second(lambda second: second.due)),
        _binned(seconds, per_second(lambda second: second.sent)),
    )
    lines = (Line("due", due, Tone.QUIET, Stroke.DASHED), Line("sent", sent, Tone.CLIENT))
    probed = _probe_rates(run.probes.points)
    served = (probed,) if probed.xs else _row_group(run, (("served", "request_rate", 1.0, Tone.SERVER),))
    return (Group(_bin_middles(seconds), lines), *served)


def _scheduled(seconds: Sequence[Second]) -> Sequence[Second]:
    """Return the seconds without the drain at the end, in which nothing is due and nothing sent."""
    last = next((at for at in range(len(seconds), 0, -1) if seconds[at - 1].due or seconds[at - 1].sent), 0)
    return seconds[:last]


def _probe_rates(points: Sequence[ProbePoint]) -> Group:
    """Return the service's own rate between neighbouring probes, held over the time between them."""
    known = [(point.t_s, point.requests) for point in points if point.t_s is not None and point.requests is not None]
    rates = [
        (after - before) / (then - at) if then > at and after >= before else None
        for (at, before), (then, after) in itertools.pairwise(known)
    ]
    xs = tuple(at for at, _ in known)
    held = (*rates, rates[-1]) if rates else ()
    return Group(xs if held else (), (Line("served", held, Tone.SERVER, Stroke.STEP),))


def _errors(run: Run) -> tuple[Group, ...]:
    seconds = run.client.by_second

    def share(bin_: Sequence[Second]) -> float | None:
        judged = sum(second.judged for second in bin_)
        return sum(second.failures for second in bin_) / judged * _PERCENT if judged else None

    client = Group(_bin_middles(seconds), (Line("client errors", _binned(seconds, share), Tone.BAD),))
    columns = (
        ("server errors", "error_rate", _PERCENT, Tone.SERVER),
        ("effective fallback", "effective_fallback_ratio", _PERCENT, Tone.SERVER_SOFT),
        ("raw fallback", "raw_fallback_ratio", _PERCENT, Tone.QUIET),
    )
    return (client, *_row_group(run, columns))


def _resources(run: Run) -> tuple[Group, ...]:
    columns = (
        ("processor", "cpu_percent", 1.0, Tone.SERVER),
        ("cache hits", "cache_hit_rate", _PERCENT, Tone.SERVER_SOFT),
    )
    return _row_group(run, columns)


def _row_group(run: Run, columns: tuple[tuple[str, str, float, Tone], ...]) -> tuple[Group, ...]:
    """Return columns of metrics.csv, each row held over its interval; a row without figures is a gap."""
    t0 = run.t0
    if t0 is None:
        return ()
    ends = [((row.at - t0).total_seconds(), row) for row in run.rows if row.at is not None and row.at > t0]
    if not ends:
        return ()
    rows = [row for _, row in ends]
    lines = [
        (name, [None if (value := row.get(column)) is None else value * factor for row in rows], tone)
        for name, column, factor, tone in columns
    ]
    return (_held([at for at, _ in ends], lines),)


def _redis(run: Run) -> tuple[Group, ...]:
    """Return the PINGs up to each look, held over that time; a look without any, or after a break, is a gap."""
    t0 = run.t0
    if t0 is None:
        return ()
    looks = [((look.at - t0).total_seconds(), look) for look in run.redis if look.at is not None and look.at > t0]
    if not looks:
        return ()
    times = [None if look.label == START else look.pings.times for _, look in looks]
    lines = [
        ("PING p50", [None if one is None else one.percentile(50) / NS_PER_MS for one in times], Tone.SERVER_SOFT),
        ("PING max", [None if one is None else one.max_ns / NS_PER_MS for one in times], Tone.SERVER),
    ]
    return (_held([at for at, _ in looks], lines),)


def _held(ends: Sequence[float], lines: Sequence[tuple[str, Sequence[float | None], Tone]]) -> Group:
    """Return lines whose figures speak for the time up to each end, which rise."""
    xs, closed = _closed((0.0, *ends), [(*figures, figures[-1]) for _, figures, _ in lines])
    drawn = zip(lines, closed, strict=True)
    return Group(xs, tuple(Line(name, figures, tone, Stroke.STEP) for (name, _, tone), figures in drawn))


def _closed(
    begins: Sequence[float], lines: Sequence[Sequence[float | None]]
) -> tuple[tuple[float, ...], list[tuple[float | None, ...]]]:
    """Add a point just before each gap, so that a figure is held up to it."""
    xs: list[float] = []
    held: list[list[float | None]] = [[] for _ in lines]
    for at, begin in enumerate(begins):
        if at and any(line[at] is None and line[at - 1] is not None for line in lines):
            xs.append(begin - _JUST_BEFORE_S)
            for figures, line in zip(held, lines, strict=True):
                figures.append(line[at - 1])
        xs.append(begin)
        for figures, line in zip(held, lines, strict=True):
            figures.append(line[at])
    return tuple(xs), [tuple(figures) for figures in held]


def _bin_size(seconds: Sequence[Second]) -> int:
    return -(-len(seconds) // MOST_POINTS) or 1


def _bins(seconds: Sequence[Second]) -> list[Sequence[Second]]:
    size = _bin_size(seconds)
    return [seconds[at : at + size] for at in range(0, len(seconds), size)]


def _binned(seconds: Sequence[Second], figure: Callable[[Sequence[Second]], float | None]) -> tuple[float | None, ...]:
    return tuple(figure(bin_) for bin_ in _bins(seconds))


def _bin_middles(seconds: Sequence[Second]) -> tuple[float, ...]:
    return tuple((bin_[0].at + bin_[-1].at + 1) / 2 for bin_ in _bins(seconds))
