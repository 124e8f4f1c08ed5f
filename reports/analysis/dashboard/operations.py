"""The rows about plugin reloads, snapshots and the process itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.dashboard.figures import MIB, cpu_percent, memory_bytes
from reports.analysis.dashboard.sketch import Sketch, steps_of
from reports.analysis.rules.recording import operation_labels
from reports.model.dashboard import Color, Look, Measure, Panel, Query, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from reports.analysis.dashboard.sketch import Sheet

ENOUGH = 5
"""Fewer samples than these say little about a percentile."""

_PERCENTILES = (95, 99)
_PLUGIN, _SNAPSHOT = "plugin_reload_duration", "snapshot_duration"


def operation_panels() -> tuple[Sketch, ...]:
    """Return the percentiles of each operation, and below them how many samples they are taken from."""
    return (
        _slow("Plugin reload", _PLUGIN, "plugin_reload", "plugin_reload_latency", ""),
        _slow("Snapshot create", _SNAPSHOT, "snapshot_op", "snapshot_create_latency", "create"),
        _slow("Snapshot restore", _SNAPSHOT, "snapshot_op", "snapshot_restore_latency", "restore"),
        samples("Plugin reload samples", _PLUGIN),
        samples("Snapshot create samples", _SNAPSHOT, "create"),
        samples("Snapshot restore samples", _SNAPSHOT, "restore"),
    )


def process_panels() -> tuple[Sketch, ...]:
    """Return the panels of the process."""
    return (Sketch("Memory", ("memory",), _memory), Sketch("CPU", ("cpu",), _cpu))


def samples(title: str, logical: str, operation: str = "") -> Sketch:
    """Return the panel that says how many samples a histogram had in 5 minutes: red below 5, green from there on.

    `operation` is a kind of snapshot, empty for all that the histogram holds.
    """

    def draw(sheet: Sheet) -> Panel:
        counts = sheet.terms.histogram(logical, _condition(sheet, operation)).suffixed("_count")
        grown = f"round(sum by (job) (increase({counts}[5m])))"
        return Panel(
            title,
            Look.FIGURE,
            (Query(grown, "{{job}}"),),
            Measure.COUNT,
            height=4,
            description=f"In the last 5 minutes. Below {ENOUGH} the percentiles say little.",
            steps=(Step(Color.RED), Step(Color.GREEN, ENOUGH)),
            decimals=0,
        )

    return Sketch(title, (logical,), draw)


def _slow(title: str, logical: str, record: str, threshold: str, operation: str) -> Sketch:
    names = tuple(f"{record}_p{p}:5m" for p in _PERCENTILES)
    return Sketch(title, (logical,), _percentiles(title, names, threshold, operation), names)


def _percentiles(title: str, names: tuple[str, ...], threshold: str, operation: str) -> Callable[[Sheet], Panel]:
    def draw(sheet: Sheet) -> Panel:
        condition = _condition(sheet, operation)
        queries = tuple(
            Query(sheet.recorded(name, condition), f"{{{{job}}}} {_labels(sheet, operation)}p{p}")
            for name, p in zip(names, _PERCENTILES, strict=True)
        )
        return Panel(
            title,
            Look.LINES,
            queries,
            Measure.SECONDS,
            height=7,
            description="P95 and P99 of the last 5 minutes; the line is the threshold of P95.",
            steps=steps_of(sheet.terms.limits.find(f"{threshold}_p95")),
        )

    return draw


def _condition(sheet: Sheet, operation: str) -> str:
    return f'{operation_labels(sheet.terms)[0]}="{operation}"' if operation else ""


def _labels(sheet: Sheet, operation: str) -> str:
    """Return the labels that tell plugins apart; a snapshot's operation is the panel's own."""
    labels = () if operation else sheet.terms.source(_PLUGIN).by
    return "".join(f"{{{{{label}}}}} " for label in labels)


def _memory(sheet: Sheet) -> Panel:
    query = Query(memory_bytes(sheet.terms), "{{job}}")
    steps = steps_of(sheet.terms.limits.find("memory_rss"), MIB)
    return Panel("Memory", Look.LINES, (query,), Measure.BYTES, 12, 7, "Resident, the largest process.", steps)


def _cpu(sheet: Sheet) -> Panel:
    query = Query(cpu_percent(sheet.terms, "$__rate_interval"), "{{job}}")
    steps = steps_of(sheet.terms.limits.find("cpu"))
    return Panel("CPU", Look.LINES, (query,), Measure.PERCENT, 12, 7, "100 % is one processor.", steps)
