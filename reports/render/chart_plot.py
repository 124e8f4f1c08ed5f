"""A chart as the data that the page's script hands to uPlot: plain JSON, no code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from reports.render.scale import across_scale, up_scale

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.model.chart import Chart

_DIGITS = 6


def plot_data(chart: Chart) -> dict[str, Any]:
    """Return what web/charts.js reads: groups of xs and lines (null is a gap), marks, limits, ranges."""
    across, up = across_scale(chart), up_scale(chart)
    return {
        "id": chart.key,
        "unit": chart.unit,
        "across": chart.across.value,
        "log": chart.log,
        "labels": list(chart.labels),
        "began": None if chart.began is None else round(chart.began.timestamp(), 3),
        "range": [[across.low, across.high], [up.low, up.high]],
        "groups": [
            {
                "xs": [_short(x) for x in group.xs],
                "lines": [
                    {
                        "name": line.name,
                        "tone": line.tone.value,
                        "stroke": line.stroke.value,
                        "values": [None if value is None else _short(value) for value in line.values],
                    }
                    for line in group.lines
                ],
            }
            for group in chart.groups
        ],
        "marks": [{"at": _short(mark.at), "kind": mark.kind, "text": mark.text} for mark in chart.marks],
        "limits": [{"value": limit.value, "text": limit.text} for limit in chart.limits],
    }


def plot_json(charts: Iterable[Chart]) -> str:
    """Return charts as JSON that may stand inside a script element: no character in it can end the element."""
    text = orjson.dumps([plot_data(chart) for chart in charts]).decode()
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
