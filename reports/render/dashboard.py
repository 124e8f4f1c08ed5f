"""A dashboard as Grafana's JSON, the form that file provisioning, import and the HTTP API all take.

Laws: every query names the data source by the variable `${datasource}`, so that one file fits every Grafana; ids count
from 1 in reading order and panels are laid from left to right on 24 columns: the same dashboard is the same text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from reports.model.dashboard import FIRING
from reports.render.dashboard_panel import DATASOURCE, panel_body

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.model.dashboard import Dashboard, Row

SCHEMA_VERSION = 39
"""The oldest form that has all we use: newer Grafanas raise it by themselves."""

COLUMNS = 24


def dashboard_json(dashboard: Dashboard) -> str:
    """Return the dashboard's text."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(dashboard_body(dashboard), option=option).decode()


def dashboard_body(dashboard: Dashboard) -> dict[str, Any]:
    """Return the dashboard as Grafana's document."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": list(dashboard.tags),
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "30s",
        "timezone": "",
        "templating": {"list": [_datasource_variable(), _job_variable(dashboard.job_of)]},
        "annotations": {"list": [_firing_alerts()]},
        "panels": list(_panels(dashboard.rows)),
    }


def _datasource_variable() -> dict[str, Any]:
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Prometheus",
        "query": "prometheus",
        "regex": "",
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "refresh": 1,
        "current": {},
        "options": [],
    }


def _job_variable(metric: str) -> dict[str, Any]:
    """Return the choice of jobs: several, and all of them to begin with.

    All are those that expose the metric, and not `.*`: Prometheus itself has memory and processor time too.
    """
    query = f"label_values({metric}, job)"
    return {
        "type": "query",
        "name": "job",
        "label": "Job",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"qryType": 1, "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "regex": "",
        "hide": 0,
        "includeAll": True,
        "multi": True,
        "refresh": 2,
        "sort": 1,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "options": [],
    }


def _firing_alerts() -> dict[str, Any]:
    """Return the annotation that marks when alerts fired; `$__rate_interval` does not work in one."""
    return {
        "name": "Firing alerts",
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": "red",
        "expr": FIRING,
        "step": "30s",
        "titleFormat": "{{alertname}}",
        "textFormat": "severity {{severity}}",
        "tagKeys": "severity",
        "useValueForTime": False,
    }


def _panels(rows: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    """Yield the rows' headings and panels, each with its place: a panel that does not fit begins a new line."""
    number, top = 0, 0
    for row in rows:
        number += 1
        yield _heading(row, number, top)
        top += 1
        left, tallest = 0, 0
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                top, left, tallest = top + tallest, 0, 0
            number += 1
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            yield {"id": number, "gridPos": place, **panel_body(panel)}
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest


def _heading(row: Row, number: int, top: int) -> dict[str, Any]:
    return {
        "id": number,
        "type": "row",
        "title": row.title,
        "collapsed": False,
        "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
        "panels": [],
    }
