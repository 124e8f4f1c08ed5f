"""An update of thresholds as lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.render.markdown import table
from reports.render.nightly_quantity import change_text

if TYPE_CHECKING:
    from reports.analysis.threshold_update import Update


def update_text(found: Update) -> str:
    """Return the table of changes, empty without one."""
    rows = [
        (change.metric, f"{change.before:g}", f"{change.after:g}", change.unit, change_text(change.percent))
        for change in found.changes
    ]
    return "\n".join(table(("Metric", "Now", "Then", "Unit", "Change"), rows, right=(1, 2, 4))).rstrip("\n")
