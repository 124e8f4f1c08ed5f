"""Two runs drawn over each other: their courses from the moment each load began, and their percentiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.model.chart import Across, Chart, Group, Line, Stroke, Tone

if TYPE_CHECKING:
    from reports.analysis.side_by_side import Side, SideBySide

_TONES = ((Tone.CLIENT, Tone.CLIENT_SOFT), (Tone.SERVER, Tone.SERVER_SOFT))


def overlaid(found: SideBySide) -> tuple[Chart, ...]:
    """Return the charts; one without any figure is left out."""
    sides = tuple(zip(("first", "second"), (found.first, found.second), _TONES, strict=True))
    longest_s = max(found.first.run.duration_s, found.second.run.duration_s)
    course = tuple(_course(name, side, tones) for name, side, tones in sides)
    spectrum = tuple(_spectrum(name, side, tones[0]) for name, side, tones in sides)
    charts = (
        Chart("course", "Response time over the run", "ms", Across.TIME, course, span=(0.0, max(longest_s, 1.0))),
        Chart("spectrum", "Percentiles of the response time", "ms", Across.QUANTILE, spectrum, log=True),
    )
    return tuple(chart for chart in charts if not chart.empty)


def _course(name: str, side: Side, tones: tuple[Tone, Tone]) -> Group:
    p95, p50 = tones
    return Group(
        tuple(point.at_s for point in side.course),
        (
            Line(f"{name} p95", tuple(point.p95_ms for point in side.course), p95),
            Line(f"{name} p50", tuple(point.p50_ms for point in side.course), p50, Stroke.DASHED),
        ),
    )


def _spectrum(name: str, side: Side, tone: Tone) -> Group:
    places = tuple(1 / (1 - quantile / 100) for quantile, _ in side.spectrum)
    return Group(places, (Line(name, tuple(ms for _, ms in side.spectrum), tone),))
