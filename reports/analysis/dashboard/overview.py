"""The first row: how the service stands against every threshold, and what fires.

Laws: a figure that is missing or no number is NA, neither PASS nor FAIL; the table judges by the thresholds file alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.dashboard.figures import figure
from reports.analysis.rules.promql import either, grouped
from reports.model.dashboard import FIRING, Color, Column, Look, Panel, Query, Row, Word
from reports.model.rule import LeftOut
from reports.model.thresholds import Side, Unit

if TYPE_CHECKING:
    from reports.analysis.dashboard.sketch import Sheet
    from reports.model.thresholds import Threshold

PASS, FAIL, NA = 1, 0, -1
_VERDICTS = (
    Word(PASS, "PASS", Color.GREEN),
    Word(FAIL, "FAIL", Color.RED),
    Word(NA, "NA", Color.GREY),
)
_UNITS = {Unit.SECONDS: "s", Unit.PERCENT: "%", Unit.RATIO: "", Unit.MEGABYTES: "MB"}
_SHORT = {"http": "HTTP", "rss": "RSS", "cpu": "CPU"}


def overview(sheet: Sheet) -> tuple[Row, tuple[LeftOut, ...]]:
    """Return the row, and the thresholds that have no figure in this profile."""
    terms = sheet.terms
    known = [(threshold, figure(sheet, threshold)) for threshold in terms.limits.entries]
    left_out = [
        LeftOut(f"SLO {threshold.metric}", f"{terms.facts.told_by} has no figure for it")
        for threshold, expr in known
        if not expr
    ]
    drawn = [(threshold, expr) for threshold, expr in known if expr]
    panels = ((_scoreboard(drawn),) if drawn else ()) + (_firing(),)
    return Row("Objectives", panels), tuple(left_out)


def title_of(threshold: Threshold) -> str:
    """Return a threshold's name for people.

    >>> from reports.loader.thresholds import load_thresholds
    >>> [title_of(entry) for entry in load_thresholds().entries[-5:-3]]
    ['Effective fallback rate', 'Plugin reload success rate']
    """
    words = [_SHORT.get(word, word) for word in threshold.metric.split("_")]
    first, *rest = words
    return " ".join([first if first in _SHORT.values() else first.capitalize(), *rest])


def objective_of(threshold: Threshold) -> str:
    """Return what is asked for, such as `≤ 5 s`."""
    return f"{threshold.side.comparison} {threshold.threshold:g} {_UNITS[threshold.unit]}".rstrip()


def status(threshold: Threshold, expr: str) -> str:
    """Return 1 where the figure keeps the threshold, 0 where it does not, and -1 without a figure.

    NaN compares as less and greater than nothing, and would be a 0: it is dropped before it is compared.
    """
    operator = "<=" if threshold.side is Side.UPPER else ">="
    return either(f"({grouped(expr)} >= 0) {operator} bool {threshold.threshold:g}", f"vector({NA})")


def _scoreboard(drawn: list[tuple[Threshold, str]]) -> Panel:
    statuses = [_labelled(threshold, status(threshold, expr)) for threshold, expr in drawn]
    values = [_labelled(threshold, f"{grouped(expr)} >= 0") for threshold, expr in drawn]
    return Panel(
        "SLO status",
        Look.TABLE,
        (Query(either(*statuses), instant=True), Query(either(*values), instant=True)),
        width=14,
        height=19,
        description="Every threshold of the thresholds file against the last 5 to 10 minutes, the worst job of those "
        "chosen. NA: too little happened to say.",
        columns=(
            Column("slo", "Objective"),
            Column("objective", "Target", width=120),
            Column("Value #B", "Now", width=120),
            Column("Value #A", "Status", words=_VERDICTS, width=100),
        ),
        lowest=None,
    )


def _labelled(threshold: Threshold, expr: str) -> str:
    named = f'label_replace(\n  {_inner(expr)},\n  "slo", "{title_of(threshold)}", "", ""\n)'
    return f'label_replace(\n  {_inner(named)},\n  "objective", "{objective_of(threshold)}", "", ""\n)'


def _inner(text: str) -> str:
    return text.replace("\n", "\n  ")


def _firing() -> Panel:
    columns = (
        Column("alertname", "Alert"),
        Column("severity", "Severity", width=100),
        Column("job", "Job", width=120),
        Column("instance", "Instance", width=160),
    )
    return Panel(
        "Firing alerts",
        Look.TABLE,
        (Query(FIRING, instant=True),),
        width=10,
        height=19,
        description="Empty while nothing fires. Runbooks: docs/runbooks.",
        columns=columns,
        lowest=None,
        quiet=True,
    )
