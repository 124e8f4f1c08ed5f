"""A small, exact part of JSONPath: one path to at most one value.

`$` is the whole document; `.name` or `["name"]` is a member, `[3]` an item from the start, `[-1]` from the end. There
are no wildcards, filters or slices, so a path never means several values.
"""

from __future__ import annotations

import json
import re
from typing import Any

_STEP = re.compile(r"""\.([A-Za-z_][\w-]*)|\[(-?\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\['([^'\\]*)'\]""")
ABSENT = object()
"""What a path leads to where there is nothing; a JSON null is None."""

Path = tuple[str | int, ...]


def split_path(text: str) -> tuple[Path, str]:
    """Return the steps of the path at the beginning of a text, and the rest of the text.

    Raises ValueError when the text does not begin with `$`.
    """
    if not text.startswith("$"):
        raise ValueError("a JSON path begins with $, such as $.items[0].id")
    steps: list[str | int] = []
    at = 1
    while match := _STEP.match(text, at):
        name, index, quoted, single = match.groups()
        if index is not None:
            steps.append(int(index))
        elif quoted is not None:
            steps.append(_unquoted(quoted))
        else:
            steps.append(name if name is not None else single)
        at = match.end()
    return tuple(steps), text[at:]


def _unquoted(text: str) -> str:
    try:
        return str(json.loads(text))
    except ValueError as error:
        raise ValueError(f"{text} is no JSON text") from error


def follow(document: Any, path: Path) -> Any:
    """Return the value that a path leads to, or ABSENT."""
    value = document
    for step in path:
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return ABSENT
        elif not isinstance(value, list) or not -len(value) <= step < len(value):
            return ABSENT
        value = value[step]
    return value
