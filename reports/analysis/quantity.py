"""Figures with units, as people read them.

Law: a figure that misses its limit never reads like the limit: digits are added until the two differ.
"""

from __future__ import annotations

from enum import Enum
from math import isinf

NA = "NA"


class Unit(Enum):
    """The unit a figure is held in; seconds are shown as ms."""

    PERCENT = " %"
    SECONDS = " ms"
    MEGABYTES = " MB"
    PER_SECOND = "/s"
    COUNT = ""


_DECIMALS = {Unit.PERCENT: 2, Unit.MEGABYTES: 1, Unit.PER_SECOND: 2, Unit.COUNT: 0}
_MOST_DECIMALS = 9


def show(value: float | None, unit: Unit, *, beside: float | None = None) -> str:
    """Write a figure with its unit, `NA` for None; digits are added where it would read like `beside` but is not.

    >>> show(0.1234567, Unit.SECONDS)
    '123 ms'
    >>> show(1.0004, Unit.PERCENT, beside=1.0)
    '1.0004 %'
    """
    if value is None:
        return NA
    if isinf(value):
        return "∞"
    shown = value * 1000 if unit is Unit.SECONDS else value
    other = None if beside is None else (beside * 1000 if unit is Unit.SECONDS else beside)
    decimals = _DECIMALS[unit] if unit in _DECIMALS else _ms_decimals(shown)
    text = _fixed(shown, decimals)
    while other is not None and shown != other and float(text) == other and decimals < _MOST_DECIMALS:
        decimals += 1
        text = _fixed(shown, decimals)
    return _grouped(text) + unit.value


def limit(value: float, unit: Unit) -> str:
    """Write a limit shortly: no decimals that are only zeros.

    >>> limit(0.15, Unit.SECONDS)
    '150 ms'
    """
    shown = value * 1000 if unit is Unit.SECONDS else value
    text = f"{shown:.6f}".rstrip("0").rstrip(".")
    return _grouped(text) + unit.value


def count(value: float | None) -> str:
    """Write a count with thousands separators, `NA` for None."""
    return NA if value is None else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """Write a duration in the largest fitting units, to the second from a minute on.

    >>> duration(7199.6)
    '2h'
    >>> duration(75)
    '1m 15s'
    >>> duration(4.25)
    '4.25s'
    """
    if seconds is None:
        return NA
    if seconds < 60:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + "s"
    hours, rest = divmod(round(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    parts = [f"{amount}{unit}" for amount, unit in ((hours, "h"), (minutes, "m"), (rest, "s")) if amount]
    return " ".join(parts)


def plural(number: int, noun: str) -> str:
    """Write a count with its noun.

    >>> plural(1, "row"), plural(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _ms_decimals(milliseconds: float) -> int:
    if milliseconds == 0:
        return 0
    for bound, decimals in ((100, 0), (10, 1), (1, 2)):
        if abs(milliseconds) >= bound:
            return decimals
    return 3


def _fixed(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}"


def _grouped(text: str) -> str:
    whole, dot, fraction = text.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    return f"{sign}{int(digits):,}{dot}{fraction}"
