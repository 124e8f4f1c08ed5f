"""Two runs drawn over each other as SVG: no script, no other file, colours from the style of the page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 720, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 32, 12, 30
_STEPS = (1.0, 2.0, 5.0, 10.0)
_TOPS = (1.0, 1.2, 1.6, 2.0, 2.4, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Curve:
    """A class of the page's style, and the points that a line joins."""

    style: str
    points: Sequence[tuple[float, float]]


def overlay(title: str, curves: Sequence[Curve], feet: Sequence[tuple[float, str]]) -> str:
    """Return a chart of curves in ms; `feet` are the places and texts of the lower axis. Empty without a point."""
    points = [point for curve in curves for point in curve.points]
    if not points:
        return ""
    low = min([x for x, _ in points] + [x for x, _ in feet[:1]])
    high = max(x for x, _ in points)
    top = _ceiling(max(y for _, y in points), _TOPS)
    place = _Place(low, max(high, low + 1e-9), top)
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">']
    for step in range(5):
        y = place.y(top * step / 4)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y}" dy="4" text-anchor="end">{top * step / 4:g} ms</text>')
    for x, text in feet:
        if low <= x <= high:
            parts.append(f'<text x="{place.x(x)}" y="{HEIGHT - 8}" text-anchor="middle">{escape(text)}</text>')
    for curve in curves:
        if curve.points:
            path = "L".join(f"{place.x(x)} {place.y(y)}" for x, y in curve.points)
            parts.append(f'<path class="{escape(curve.style)}" d="M{path}"/>')
    return "\n".join([*parts, "</svg>"])


def time_feet(seconds: float) -> list[tuple[float, str]]:
    """Return about five places of a time axis in minutes, or seconds where it is short.

    >>> time_feet(100)
    [(0.0, '0 s'), (20.0, '20 s'), (40.0, '40 s'), (60.0, '60 s'), (80.0, '80 s'), (100.0, '100 s')]
    """
    unit, name = (60.0, "min") if seconds >= 300 else (1.0, "s")
    step = _ceiling(seconds / unit / 6)
    return [(at * step * unit, f"{at * step:g} {name}") for at in range(int(seconds / unit / step) + 1)]


def nines(quantile: float) -> float:
    """Return where a quantile (0 to 100) stands on an axis on which each nine takes the same room."""
    return -math.log10(1 - quantile / 100)


def _ceiling(value: float, steps: tuple[float, ...] = _STEPS) -> float:
    """Return the next step times a power of ten: of 1, 2 and 5, or of other steps.

    >>> _ceiling(130.0), _ceiling(0.3)
    (200.0, 0.5)
    """
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return float(f"{next(step for step in steps if step * power >= value * (1 - 1e-9)) * power:.6g}")


class _Place:
    """Where a value stands in the picture."""

    def __init__(self, low: float, high: float, top: float) -> None:
        self._low, self._span, self._top = low, high - low, top

    def x(self, value: float) -> str:
        return f"{_LEFT + (WIDTH - _LEFT - _RIGHT) * (value - self._low) / self._span:.1f}"

    def y(self, value: float) -> str:
        return f"{HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * value / self._top:.1f}"
