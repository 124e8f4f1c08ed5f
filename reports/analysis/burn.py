"""Burn rate: how fast the error budget is used, over several windows, from counts and never from averages.

A burn rate of 1 uses up exactly the allowed failures. Laws: a window longer than the record, or finer than its points,
is NA; every rate is failures of the window over its requests.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from reports.analysis.quantity import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.model.run import Run
    from reports.model.server import Row, ServerWindow

WINDOWS_S = (300.0, 3600.0, 21600.0)
_SHORT, _LONG = 0.995, 1.1


@dataclass(frozen=True, slots=True)
class Point:
    """Requests and failures since t0, as counted at `t_s`."""

    t_s: float
    requests: float
    failures: float


@dataclass(frozen=True, slots=True)
class Burn:
    """One window of one side; rates are None with a `reason`. `last` ends with the record, `worst` ended at `worst_s`.

    `window_s` is None for the whole run.
    """

    side: str
    window_s: float | None
    last: float | None
    worst: float | None
    worst_s: float | None
    reason: str = ""


def burn_rates(run: Run, window: ServerWindow | None, target_pct: float) -> tuple[Burn, ...]:
    """Return the burn rates of both sides over each window and the whole run; none where the target is 100 %."""
    allowed = (100 - target_pct) / 100
    if allowed <= 0:
        return ()
    client, server = client_points(run), server_points(run)
    errors = None
    if window is not None and window.requests and window.success is not None:
        errors = (window.requests - window.success) / window.requests / allowed
    sides = (("client", client, _share(client[0], client[-1]) if client else None), ("server", server, None))
    found = []
    for side, points, whole in sides:
        found += [_window(side, points, seconds, allowed) for seconds in WINDOWS_S]
        rate = errors if side == "server" else (None if whole is None else whole / allowed)
        found.append(Burn(side, None, rate, None, None, "" if rate is not None else "there are no counts"))
    return tuple(found)


def client_points(run: Run) -> tuple[Point, ...]:
    """Return the client's counts after each second of load-stats.csv."""
    seconds = run.client.by_second
    if not seconds:
        return ()
    judged = accumulate(second.judged for second in seconds)
    failures = accumulate(second.failures for second in seconds)
    after = (
        Point(second.at + 1.0, total, failed) for second, total, failed in zip(seconds, judged, failures, strict=True)
    )
    return (Point(float(seconds[0].at), 0.0, 0.0), *after)


def server_points(run: Run) -> tuple[Point, ...]:
    """Return the service's counts: at each fast probe, or after each row of metrics.csv where there were none."""
    probed = _joined(
        Point(point.t_s, point.requests, point.errors)
        for point in run.probes.points
        if point.t_s is not None and point.requests is not None and point.errors is not None
    )
    return probed if len(probed) > 1 else _row_points(run)


def _joined(points: Iterable[Point]) -> tuple[Point, ...]:
    """Return counts in the order of time that never fall: a run that was gone on with counts from 0 again."""
    found: list[Point] = []
    before = counted = Point(0.0, 0.0, 0.0)
    for point in sorted(points, key=lambda point: point.t_s):
        if point.requests < before.requests or point.failures < before.failures:
            counted = found[-1]
        before = point
        found.append(Point(point.t_s, counted.requests + point.requests, counted.failures + point.failures))
    return tuple(found)


def _row_points(run: Run) -> tuple[Point, ...]:
    if run.t0 is None:
        return ()
    points = [Point(0.0, 0.0, 0.0)]
    for row in run.rows:
        point = _after(points[-1], row, 0.0 if row.at is None else (row.at - run.t0).total_seconds())
        if point is not None:
            points.append(point)
    return tuple(points) if len(points) > 1 else ()


def _after(before: Point, row: Row, t_s: float) -> Point | None:
    rate, errors = row.get("request_rate"), row.get("error_rate")
    if rate is None or t_s <= before.t_s:
        return None
    requests = rate * (t_s - before.t_s)
    if errors is None and requests > 0:
        return None
    return Point(t_s, before.requests + requests, before.failures + requests * (errors or 0.0))


def _window(side: str, points: Sequence[Point], seconds: float, allowed: float) -> Burn:
    length = points[-1].t_s - points[0].t_s if points else 0.0
    if length < seconds * _SHORT:
        told = f"the record spans {duration(round(length))}" if points else "there are no counts"
        return Burn(side, seconds, None, None, None, told)
    times = [point.t_s for point in points]
    rates = []
    for end in points:
        at = bisect_left(times, end.t_s - seconds)
        start = min(points[max(0, at - 1) : at + 1], key=lambda point: abs(end.t_s - point.t_s - seconds))
        if _SHORT <= (end.t_s - start.t_s) / seconds <= _LONG:
            share = _share(start, end)
            if share is not None:
                rates.append((share / allowed, end.t_s))
    if not rates:
        return Burn(side, seconds, None, None, None, "its points lie too far apart")
    worst, worst_s = max(rates)
    last, last_s = rates[-1]
    ends_late = points[-1].t_s - last_s <= seconds * (_LONG - 1)
    return Burn(side, seconds, last if ends_late else None, worst, worst_s, "" if ends_late else "nothing at its end")


def _share(start: Point, end: Point) -> float | None:
    requests = end.requests - start.requests
    return (end.failures - start.failures) / requests if requests > 0 else None
