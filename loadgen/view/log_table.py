"""Rows as a plain table: columns as wide as their widest cell, a dash for what is not known. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from loadgen.core.units import NS_PER_MS
from loadgen.view.figures import UNKNOWN, latency, percent
from loadgen.view.sentences import clean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHORTENED = frozenset({"trace_id", "request_trace_id"})


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows as lines of text, the first one with the names of the columns."""
    if not rows:
        return "nothing found"
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[name.removesuffix("_ms").replace("_", " ") for name in names]]
    cells += [[_cell(name, row.get(name)) for name in names] for row in rows]
    widths = [max(len(line[at]) for line in cells) for at in range(len(names))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in cells
    )


def _cell(name: str, value: object) -> str:
    if value is None:
        return UNKNOWN
    if name in _SHORTENED:
        return str(value)[:8]
    if name.endswith("_ms") and isinstance(value, int | float):
        return latency(round(value * NS_PER_MS))
    if name.endswith("_rate") and isinstance(value, int | float):
        return percent(value)
    if isinstance(value, dict | list):
        return clean(json.dumps(value, ensure_ascii=False))
    return clean(str(value))
