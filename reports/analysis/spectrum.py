"""The percentile spectrum: every percentile of both sides, with the same room for each nine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_MS
from reports.analysis.quantity import Unit, limit
from reports.model.chart import Across, Chart, Group, Limit, Line, Stroke, Tone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgen.core.histogram import Histogram
    from loadgen.core.slo import SloTargets
    from reports.model.client import Client
    from reports.model.server import ServerWindow

_MS = 1_000.0
_STEPS_PER_HALVING = 4
_LINES = (
    ("response", "client response", Tone.CLIENT, Stroke.PLAIN),
    ("service", "client service", Tone.CLIENT_SOFT, Stroke.DASHED),
    ("lag", "own lag", Tone.QUIET, Stroke.PLAIN),
)


def spectrum(client: Client, window: ServerWindow | None, targets: SloTargets) -> Chart:
    """Return the spectrum of the client's clocks and, as upper bounds of its buckets, the server's."""
    groups = [
        group
        for clock, name, tone, stroke in _LINES
        if (histogram := client.clocks.get(clock)) is not None
        and (group := curve(histogram, name, tone, stroke)) is not None
    ]
    server = _server(window)
    return Chart(
        "spectrum",
        "Percentile spectrum",
        "ms",
        Across.QUANTILE,
        (*groups, *([server] if server else [])),
        limits=latency_limits(targets),
        log=True,
    )


def latency_limits(targets: SloTargets) -> tuple[Limit, ...]:
    """Return the latency targets as lines, in ms."""
    return tuple(
        Limit(seconds * _MS, f"{name} target {limit(seconds, Unit.SECONDS)}")
        for name, seconds in (("p95", targets.p95_s), ("p99", targets.p99_s))
    )


def curve(histogram: Histogram, name: str, tone: Tone, stroke: Stroke = Stroke.PLAIN) -> Group | None:
    """Return a histogram's percentiles at 1 / (1 - q), ending with its highest value; None when it is empty."""
    total = histogram.total
    if not total:
        return None
    xs = tuple(_nines(total))
    *most, _ = (histogram.percentile((1 - 1 / x) * 100) / NS_PER_MS for x in xs)
    values = (*most, histogram.max_ns / NS_PER_MS)
    return Group(xs, (Line(name, values, tone, stroke),))


def _nines(total: int) -> Iterator[float]:
    """Yield 1 / (1 - q) from 1 up to the number of values, a few steps each time the tail halves."""
    step = 0
    while (x := 2.0 ** (step / _STEPS_PER_HALVING)) < total:
        yield x
        step += 1
    yield float(max(total, 1))


def _server(window: ServerWindow | None) -> Group | None:
    """Return the upper bounds of the service's buckets; a bucket without an upper bound is not drawn."""
    if window is None or not window.buckets or window.lifetime_latency:
        return None
    total = window.buckets[-1][1]
    points: list[tuple[float, float]] = []
    reached = 1.0
    for bound, cumulative in window.buckets:
        if total <= 0 or bound == float("inf") or cumulative <= 0:
            continue
        points.append((reached, bound * _MS))
        if cumulative >= total:
            points.append((max(total, reached), bound * _MS))
            break
        reached = total / (total - cumulative)
    rising = dict(points)
    if not rising:
        return None
    line = Line("server, bucket bounds", tuple(rising.values()), Tone.SERVER, Stroke.STEP)
    return Group(tuple(rising), (line,))
