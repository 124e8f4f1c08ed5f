"""One panel in Grafana's JSON: its queries, how its figures are shown, and what colours and words they get.

Law: no value is always a grey NA, never 0 and never a colour that means good.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reports.model.dashboard import Color, Look, Step, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.model.dashboard import Column, Panel

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_NA = Word(None, "NA", Color.GREY)
_PLAIN = (Step(Color.GREEN),)
_REFS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def panel_body(panel: Panel) -> dict[str, Any]:
    """Return a panel without its id and place."""
    return {
        "type": panel.look.value,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "targets": [_target(panel, at) for at in range(len(panel.queries))],
        "fieldConfig": {"defaults": _defaults(panel), "overrides": [_override(item) for item in panel.columns]},
        "options": _options(panel),
        "transformations": _transformations(panel),
    }


def _target(panel: Panel, at: int) -> dict[str, Any]:
    query = panel.queries[at]
    table = panel.look is Look.TABLE
    return {
        "refId": _REFS[at],
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "format": "table" if table else "time_series",
        "instant": query.instant,
        "range": not query.instant,
    }


def _defaults(panel: Panel) -> dict[str, Any]:
    found: dict[str, Any] = {
        "unit": panel.measure.value,
        "color": {"mode": "palette-classic" if panel.look is Look.LINES else "thresholds"},
        "mappings": _mappings((*panel.words, _NA)),
        "noValue": _NA.text,
        "thresholds": {"mode": "absolute", "steps": [_step(step) for step in panel.steps or _PLAIN]},
        "custom": _custom(panel),
    }
    bounds = {"min": panel.lowest, "max": panel.highest, "decimals": panel.decimals}
    return found | {name: value for name, value in bounds.items() if value is not None}


def _step(step: Step) -> dict[str, Any]:
    return {"color": step.color.value, "value": step.at}


def _mappings(words: Sequence[Word]) -> list[dict[str, Any]]:
    """Return value mappings: one for the words of values, one for no value at all."""
    options = {
        f"{word.value:g}": {"text": word.text, "color": word.color.value, "index": at}
        for at, word in enumerate(words)
        if word.value is not None
    }
    found: list[dict[str, Any]] = [{"type": "value", "options": options}] if options else []
    for at, word in enumerate(words):
        if word.value is None:
            result = {"text": word.text, "color": word.color.value, "index": at}
            found.append({"type": "special", "options": {"match": "null+nan", "result": result}})
    return found


def _custom(panel: Panel) -> dict[str, Any]:
    if panel.look is Look.TABLE:
        return {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False}
    if panel.look is Look.FIGURE:
        return {}
    drawn = len(panel.steps) > 1
    return {
        "drawStyle": "line",
        "lineInterpolation": "linear",
        "lineWidth": 1,
        "fillOpacity": 10,
        "showPoints": "never",
        "spanNulls": False,
        "axisPlacement": "auto",
        "axisLabel": "",
        "stacking": {"group": "A", "mode": "none"},
        "thresholdsStyle": {"mode": "dashed" if drawn else "off"},
    }


def _options(panel: Panel) -> dict[str, Any]:
    if panel.look is Look.LINES:
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if panel.look is Look.TABLE:
        return {"showHeader": True, "cellHeight": "sm"}
    return {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "background",
        "graphMode": "none" if any(query.instant for query in panel.queries) else "area",
        "justifyMode": "auto",
        "orientation": "auto",
        "textMode": "auto",
    }


def _transformations(panel: Panel) -> list[dict[str, Any]]:
    """Return what makes one table of a table's queries: rows joined by their labels, only the named columns kept."""
    if panel.look is not Look.TABLE:
        return []
    names = [column.field for column in panel.columns]
    organized = {
        "renameByName": {column.field: column.title for column in panel.columns},
        "indexByName": {name: at for at, name in enumerate(names)},
        "excludeByName": {},
    }
    kept = {"include": {"names": names}}
    return [
        {"id": "merge", "options": {}},
        {"id": "filterFieldsByName", "options": kept},
        {"id": "organize", "options": organized},
    ]


def _override(column: Column) -> dict[str, Any]:
    """Return how one column is shown; it is found by its title, which is its name once the table is organized."""
    properties: list[dict[str, Any]] = []
    if column.words:
        properties += [
            {"id": "mappings", "value": _mappings((*column.words, _NA))},
            {"id": "custom.cellOptions", "value": {"type": "color-background", "mode": "basic"}},
        ]
    if column.decimals is not None:
        properties.append({"id": "decimals", "value": column.decimals})
    if column.width is not None:
        properties.append({"id": "custom.width", "value": column.width})
    return {"matcher": {"id": "byName", "options": column.title}, "properties": properties}
