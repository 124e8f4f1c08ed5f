"""Rules that were left out, as lines: those with one reason in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reports.model.rule import LeftOut


def left_out_lines(left_out: Iterable[LeftOut]) -> Iterator[str]:
    """Yield a line for each reason, with the names of the rules, in the order in which they came."""
    names: dict[str, list[str]] = {}
    for item in left_out:
        names.setdefault(item.reason, []).append(item.name)
    for reason, found in names.items():
        yield f"left out {', '.join(found)}: {reason}"
