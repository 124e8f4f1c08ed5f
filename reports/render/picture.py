"""A chart as a picture of its own: one SVG file with title, legend and what its marks mean, needing nothing else.

Laws: every text is escaped; the same chart gives the same bytes.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from reports.model.chart import Across
from reports.render.chart_svg import HEIGHT, svg
from reports.render.scale import elapsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reports.model.chart import Chart

WIDTH = 1_040
_LEFT, _RIGHT, _HEAD = 84, 28, 52
_ROW, _SAMPLE, _BETWEEN = 20, 24, 18
_CHARACTER = 6.6
"""About the width of a character of the legend, in px: enough to begin a new row in time."""
_TEXT_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:var(--text)}.title{font-size:15px;font-weight:600}"
    ".soft{fill:var(--soft)}.ground{fill:var(--card)}.sample{stroke-width:2}.k-breaker{fill:var(--bad)}"
)


def picture(chart: Chart, style: str, mask: Callable[[str], str]) -> str:
    """Return the picture; `style` is the style sheet of charts, `mask` takes secrets out of what it says."""
    legend, marks = [*_legend(chart)], [*_marks(chart)]
    marks_at = _HEAD + HEIGHT + 18 + (legend[-1][1] + _ROW if legend else 0)
    height = marks_at + _ROW * len(marks) + 6
    drawn = [
        f'<rect class="ground" width="{WIDTH}" height="{height}"/>',
        f'<text class="title" x="16" y="26">{escape(chart.title)}</text>',
        f'<text class="soft" x="{WIDTH - _RIGHT}" y="26" text-anchor="end">{escape(_note(chart))}</text>',
        f'<svg x="{_LEFT}" y="{_HEAD}" width="{WIDTH - _LEFT - _RIGHT}" height="{HEIGHT}" overflow="visible">',
        svg(chart),
        "</svg>",
        *(_sample(x, _HEAD + HEIGHT + 18 + y, stroke, text) for x, y, stroke, text in legend),
        *(
            f'<text class="k-{escape(kind)}" x="{_LEFT}" y="{marks_at + _ROW * row}">{escape(text)}</text>'
            for row, (kind, text) in enumerate(marks)
        ),
    ]
    body = mask("\n".join(drawn))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}">\n'
        f"<style>{style}{_TEXT_STYLE}</style>\n{body}\n</svg>\n"
    )


def _note(chart: Chart) -> str:
    if chart.across is Across.TIME and chart.began is not None:
        return f"t = 0 is {chart.began:%Y-%m-%d %H:%M:%S} UTC"
    return chart.note


def _legend(chart: Chart) -> Iterator[tuple[float, int, str, str]]:
    """Yield (x, y, classes of the stroke, text) of every line and limit, in as many rows as they need."""
    lines = [(f"t-{line.tone} s-{line.stroke}", line.name) for group in chart.groups for line in group.lines]
    limits = [("t-limit", limit.text) for limit in chart.limits]
    x, y = float(_LEFT), 0
    for stroke, text in lines + limits:
        width = _SAMPLE + 6 + _CHARACTER * len(text)
        if x > _LEFT and x + width > WIDTH - _RIGHT:
            x, y = float(_LEFT), y + _ROW
        yield x, y, stroke, text
        x += width + _BETWEEN


def _sample(x: float, y: int, stroke: str, text: str) -> str:
    return (
        f'<line class="sample {stroke}" x1="{x:.1f}" x2="{x + _SAMPLE:.1f}" y1="{y - 4}" y2="{y - 4}"/>'
        f'<text x="{x + _SAMPLE + 6:.1f}" y="{y}">{escape(text)}</text>'
    )


def _marks(chart: Chart) -> Iterator[tuple[str, str]]:
    """Yield (kind, text) of every mark, numbered as in the chart."""
    for number, mark in enumerate(chart.marks, 1):
        yield mark.kind, f"{number}  {elapsed(mark.at)}  {mark.text}"
