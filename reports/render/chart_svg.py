"""A chart as SVG that needs no script: it stretches with the page while its text keeps its size.

Laws: every text is escaped; colours and fonts come from the style sheet by class; the same chart gives the same bytes.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from reports.model.chart import Stroke
from reports.render.scale import across_scale, across_ticks, up_scale, up_ticks

if TYPE_CHECKING:
    from reports.model.chart import Chart, Line
    from reports.render.scale import Scale, Tick

HEIGHT = 224
_TOP, _BOTTOM = 14, 26
_PLOT = HEIGHT - _TOP - _BOTTOM
_WIDTH = 1_000


def svg(chart: Chart) -> str:
    """Return the chart's picture; its legend, title and the texts of its marks stand beside it in the page."""
    across, up = across_scale(chart), up_scale(chart)
    parts = [
        f'<svg class="chart-svg" role="img" aria-label="{escape(_spoken(chart))}" width="100%" height="{HEIGHT}">',
        *_grid(up_ticks(up), chart.unit),
        *_feet(across_ticks(chart, across)),
        f'<svg x="0" y="{_TOP}" width="100%" height="{_PLOT}" viewBox="0 0 {_WIDTH} {_PLOT}" '
        'preserveAspectRatio="none">',
        *_limits(chart, up),
        *(_path(group.xs, line, across, up, chart.log) for group in chart.groups for line in group.lines),
        "</svg>",
        *_marks(chart, across),
        "</svg>",
    ]
    return "\n".join(part for part in parts if part)


def _spoken(chart: Chart) -> str:
    names = ", ".join(line.name for group in chart.groups for line in group.lines)
    return f"{chart.title} ({chart.unit}): {names}"


def _grid(ticks: list[Tick], unit: str) -> list[str]:
    parts = []
    for tick in ticks:
        y = _number(_TOP + _PLOT * (1 - tick.at))
        text = escape(f"{tick.text} {unit}".rstrip())
        parts.append(f'<line class="grid" x1="0" x2="100%" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="up" x="-8" y="{y}" dy="4">{text}</text>')
    return parts


def _feet(ticks: list[Tick]) -> list[str]:
    parts = []
    for at, tick in enumerate(ticks):
        seldom = " seldom" if at % 2 else ""
        edge = " first" if tick.at < 0.03 else (" last" if tick.at > 0.97 else "")
        x = _number(tick.at * 100)
        parts.append(f'<text class="across{edge}{seldom}" x="{x}%" y="{HEIGHT - 6}">{escape(tick.text)}</text>')
    return parts


def _limits(chart: Chart, up: Scale) -> list[str]:
    places = [_number(_PLOT * (1 - up.place(limit.value))) for limit in chart.limits if limit.value <= up.high]
    return [f'<line class="limit" x1="0" x2="{_WIDTH}" y1="{y}" y2="{y}"/>' for y in places]


def _path(xs: tuple[float, ...], line: Line, across: Scale, up: Scale, log: bool) -> str:
    steps: list[str] = []
    held: str | None = None
    for x, value in zip(xs, line.values, strict=True):
        if value is None or (log and value <= 0):
            held = None
            continue
        left, top = _number(_WIDTH * across.place(x)), _number(_PLOT * (1 - up.place(value)))
        if held is None:
            steps.append(f"M{left} {top}")
            steps.append(f"L{left} {top}")  # a figure alone between gaps is a dot by its round cap
        elif line.stroke is Stroke.STEP:
            steps.append(f"H{left}V{top}")
        else:
            steps.append(f"L{left} {top}")
        held = top
    if not steps:
        return ""
    return f'<path class="line t-{line.tone} s-{line.stroke}" d="{"".join(steps)}"/>'


def _marks(chart: Chart, across: Scale) -> list[str]:
    parts = []
    for number, mark in enumerate(chart.marks, 1):
        x = _number(across.place(mark.at) * 100)
        kind = f"mark k-{escape(mark.kind)}"
        parts.append(
            f'<g class="{kind}"><title>{escape(mark.text)}</title>'
            f'<line x1="{x}%" x2="{x}%" y1="{_TOP}" y2="{_TOP + _PLOT}"/>'
            f'<text x="{x}%" y="{_TOP - 4}">{number}</text></g>'
        )
    return parts


def _number(value: float) -> str:
    text = f"{value:.1f}"
    return text.removesuffix(".0")
