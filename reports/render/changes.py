"""Change points of the nightly history as markdown and as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import orjson

from reports.render.markdown import bullets, document, plain, table

if TYPE_CHECKING:
    from reports.analysis.night_changes import NightChanges


def changes_markdown(found: NightChanges) -> str:
    """Return the change points, oldest first, and what could not be searched."""
    rows = [
        (
            str(day),
            plain(name),
            f"{point.before:.4g}",
            f"{point.after:.4g}",
            f"{100 * point.effect:+.1f} %" if math.isfinite(point.effect) else "from 0",
            f"{point.p:.4f}",
        )
        for name, day, point in found.changes
    ]
    head = f"# Change points of {found.nights} nights: {len(rows) or 'none'}"
    notes = [
        f"Searched: {plain(', '.join(found.searched)) or 'nothing'}; with {100 * found.false_alarms:g} % at most "
        "probability of any mistake."
    ]
    if found.too_short:
        notes.append(f"Fewer than ten nights: {plain(', '.join(found.too_short))}")
    notes += [f"Left out: {plain(text)}" for text in found.unreadable]
    headers = ("Since", "Figure", "Median before", "Median after", "Effect", "By chance")
    return document([head, ""], table(headers, rows, right=(2, 3, 4, 5)), bullets(notes))


def changes_json(found: NightChanges) -> str:
    """Return the same as JSON."""
    body = {
        "nights": found.nights,
        "false_alarms": found.false_alarms,
        "searched": list(found.searched),
        "too_short": list(found.too_short),
        "unreadable": list(found.unreadable),
        "changes": [
            {
                "figure": name, "since": str(day), "before": point.before, "after": point.after,
                "effect": point.effect if math.isfinite(point.effect) else None, "p": point.p,
            }
            for name, day, point in found.changes
        ],
    }  # fmt: skip
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode() + "\n"
