"""The figures of nightly validations as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.quantity import NA, Unit, show

if TYPE_CHECKING:
    from reports.analysis.nightly_figures import Column

_UNITS = {"percent": Unit.PERCENT, "seconds": Unit.SECONDS, "megabytes": Unit.MEGABYTES, "count": Unit.COUNT}


def figure_text(column: Column, value: float | None) -> str:
    """Write a column's figure with its unit, NA where there is none."""
    return show(value, _UNITS[column.unit])


def change_text(change_pct: float | None) -> str:
    """Write a change with its sign.

    >>> change_text(4.25)
    '+4.2 %'
    """
    return NA if change_pct is None else f"{change_pct:+.1f} %"
