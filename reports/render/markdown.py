"""Markdown out of rows and texts: one table builder, and escapes for what others wrote.

Law: every text from a run passes `plain` or `code`, so that nothing in a run directory can change the layout.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_REPLACED = {"|": "\\|", "<": "&lt;", ">": "&gt;", "`": "'", "[": "\\[", "]": "\\]"}


def plain(text: str) -> str:
    """Return a text that stands as it is in a cell or a bullet: one line, no markup of its own.

    >>> plain("a|b\\n<c>")
    'a\\\\|b &lt;c&gt;'
    """
    return escaped(_one_line(text))


def prose(text: str) -> str:
    """Return a sentence of our own with its inline code kept, everything else escaped as `plain` does."""
    parts = _one_line(text).split("`")
    return "`".join(part if at % 2 else escaped(part) for at, part in enumerate(parts))


def code(text: str) -> str:
    """Return a text as inline code, `NA` for an empty one."""
    line = _one_line(text)
    return "`" + line.replace("`", "'").replace("|", "\\|") + "`" if line else "NA"


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def escaped(line: str) -> str:
    """Return a line with every character escaped that markdown or HTML would act upon."""
    return "".join(_REPLACED.get(char, char) for char in line)


def table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Return the lines of a table padded for reading as text; columns in `right` are aligned right.

    Cells must be escaped already. Without rows there are no lines.
    """
    cells = [list(row) for row in rows]
    if not cells:
        return []
    widths = [max(3, *(len(row[at]) for row in (headers, *cells))) for at in range(len(headers))]
    rule = ["-" * (width - 1) + ":" if at in right else "-" * width for at, width in enumerate(widths)]
    return [
        _line(headers, widths, right),
        "| " + " | ".join(rule) + " |",
        *(_line(row, widths, right) for row in cells),
        "",
    ]


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[int]) -> str:
    padded = [cell.rjust(widths[at]) if at in right else cell.ljust(widths[at]) for at, cell in enumerate(row)]
    return "| " + " | ".join(padded) + " |"


def section(title: str, *parts: Sequence[str]) -> list[str]:
    """Return a heading with its lines; no lines, no heading."""
    lines = [line for part in parts for line in part]
    if not lines:
        return []
    return [f"## {title}", "", *lines, *([] if lines[-1] == "" else [""])]


def bullets(items: Iterable[str]) -> list[str]:
    """Return a list, followed by an empty line; nothing for nothing."""
    lines = [f"- {item}" for item in items]
    return [*lines, ""] if lines else []


def document(*parts: Sequence[str]) -> str:
    """Join parts into one text that ends with one line end."""
    return "\n".join(line for part in parts for line in part).rstrip("\n") + "\n"
