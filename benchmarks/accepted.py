"""The accepted figures as the README shows them: a markdown table of the stored results that have a bar."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from benchmarks.figure import bound_text, verdict_text
from benchmarks.registry import IN_THE_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_HEAD = ("figure", "loadgen", "bar", "", "others, same work")


def accepted(results: Path) -> str:
    """Return where and when the results were measured, and the table; "" where none is stored."""
    stored = [json.loads(path.read_text()) for name in IN_THE_TABLE if (path := results / f"{name}.json").exists()]
    rows = [_row(figure) for one in stored for figure in one["figures"] if figure["bar"] is not None]
    if not rows:
        return ""
    where = sorted({_place(one["environment"]) for one in stored})
    lines = [f"Measured on {'; '.join(where)}.", "", _line(_HEAD), _line(["---"] * len(_HEAD)), *map(_line, rows)]
    return "\n".join(lines) + "\n"


def _place(environment: Mapping[str, Any]) -> str:
    return f"{environment['usable_processors']} processors ({environment['processor']}), {environment['at'][:10]}"


def _row(figure: Mapping[str, Any]) -> tuple[str, ...]:
    value = f"{figure['value']:,g} {figure['unit']}" + (f", median of {figure['runs']}" if figure["runs"] > 1 else "")
    return figure["name"], value, bound_text(figure, "bar"), verdict_text(figure), ", ".join(_peers(figure))


def _peers(figure: Mapping[str, Any]) -> Iterator[str]:
    for peer, value in figure["peers"].items():
        ratio = figure["ratios"].get(peer)
        yield f"{peer} {value:,g}" + (f" (× {ratio:.2f})" if ratio is not None and peer == figure["against"] else "")


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
