"""The course of every metric as one picture of small panels: a file of its own, readable without styles or scripts.

Laws: a night without a figure is a gap, never a zero; all texts are escaped; the same trend gives the same bytes.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from reports.render.nightly_quantity import figure_text

if TYPE_CHECKING:
    from datetime import date

    from reports.analysis.trend import Course, Trend

_COLUMNS, _WIDTH, _HEIGHT, _GAP = 3, 300, 130, 16
_LEFT, _RIGHT, _TOP, _BOTTOM = 8, 8, 34, 18

STYLE = (
    ".trend{width:100%;height:auto;font:12px system-ui,sans-serif}.trend text{fill:#1b1f24}"
    ".trend .soft{fill:#57606a;font-size:10px}.trend .box{fill:none;stroke:#d0d7de}"
    ".trend .line{fill:none;stroke:#0b62c4;stroke-width:1.6}.trend .dot{fill:#0b62c4}"
    ".trend .limit{stroke:#b3261e;stroke-dasharray:4 3}"
    "@media(prefers-color-scheme:dark){.trend text{fill:#e6edf3}.trend .soft{fill:#9da7b3}"
    ".trend .box{stroke:#30363d}.trend .line{stroke:#6cb0ff}.trend .dot{fill:#6cb0ff}.trend .limit{stroke:#ff8f85}}"
)


def trend_svg(trend: Trend, *, alone: bool = False) -> str:
    """Return the picture; `alone` makes it a file with its own style."""
    courses = [course for course in trend.courses if course.known]
    rows = max(1, -(-len(courses) // _COLUMNS))
    width, height = _COLUMNS * (_WIDTH + _GAP), rows * (_HEIGHT + _GAP)
    days = [night.day for night in trend.nights]
    panels = "".join(_panel(course, days, at) for at, course in enumerate(courses))
    nothing = "" if courses else '<text x="8" y="20">No metric has a figure in these nights.</text>'
    style = f"<style>{STYLE}</style>" if alone else ""
    return (
        f'<svg class="trend" xmlns="http://www.w3.org/2000/svg" role="img" aria-label="Course of every metric" '
        f'viewBox="0 0 {width} {height}">{style}{panels}{nothing}</svg>'
    ) + ("\n" if alone else "")


def _panel(course: Course, days: list[date], at: int) -> str:
    x, y = (at % _COLUMNS) * (_WIDTH + _GAP), (at // _COLUMNS) * (_HEIGHT + _GAP)
    low, high = _range(course)
    column = course.column
    span = f"{figure_text(column, min(course.known))} to {figure_text(column, max(course.known))}"
    parts = [
        f'<g transform="translate({x} {y})"><rect class="box" width="{_WIDTH}" height="{_HEIGHT}" rx="4"/>',
        f'<text x="{_LEFT}" y="16">{escape(column.title)}</text>',
        f'<text x="{_WIDTH - _RIGHT}" y="16" text-anchor="end">{escape(figure_text(column, course.latest))}</text>',
        f'<text class="soft" x="{_LEFT}" y="28">{escape(span)}</text>',
        _limit(course, low, high),
        *_lines(course, days, low, high),
        f'<text class="soft" x="{_LEFT}" y="{_HEIGHT - 5}">{days[0]}</text>',
        f'<text class="soft" x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 5}" text-anchor="end">{days[-1]}</text></g>',
    ]
    return "".join(parts)


def _range(course: Course) -> tuple[float, float]:
    """Return the range of the figures, with the threshold in it where it is near enough not to flatten them."""
    low, high = min(course.known), max(course.known)
    limit = course.threshold
    if limit is not None and abs(limit - (low + high) / 2) <= 4 * max(high - low, abs(high) * 0.05):
        low, high = min(low, limit), max(high, limit)
    if low == high:
        margin = abs(low) * 0.05 or 1.0
        return low - margin, high + margin
    return low, high


def _up(value: float, low: float, high: float) -> float:
    inner = _HEIGHT - _TOP - _BOTTOM
    return round(_TOP + inner * (1 - (value - low) / (high - low)), 1)


def _limit(course: Course, low: float, high: float) -> str:
    if course.threshold is None or not low <= course.threshold <= high:
        return ""
    y = _up(course.threshold, low, high)
    return f'<line class="limit" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'


def _lines(course: Course, days: list[date], low: float, high: float) -> list[str]:
    """Return a line for each stretch of nights with figures, and a dot for a night alone."""
    span = max(1, (days[-1] - days[0]).days)
    inner = _WIDTH - _LEFT - _RIGHT
    stretches: list[list[str]] = [[]]
    for day, value in zip(days, course.values, strict=True):
        if value is None:
            stretches.append([])
            continue
        x = round(_LEFT + inner * (day - days[0]).days / span, 1)
        stretches[-1].append(f"{x},{_up(value, low, high)}")
    return [_stretch(points) for points in stretches if points]


def _stretch(points: list[str]) -> str:
    if len(points) == 1:
        x, _, y = points[0].partition(",")
        return f'<circle class="dot" cx="{x}" cy="{y}" r="2.2"/>'
    return f'<polyline class="line" points="{" ".join(points)}"/>'
