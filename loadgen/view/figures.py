"""Numbers as a person reads them: short, with units, the same width for the same kind.

Pure. A dash stands for what is not known; never a zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.units import NS_PER_MS, NS_PER_S, NS_PER_US

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "–"


def latency(value_ns: int | None) -> str:
    """Write a latency with three significant digits.

    >>> [latency(ns) for ns in (None, 850, 42_300, 4_210_000, 31_000_000, 1_250_000_000, 12_000_000_000)]
    ['–', '0.85 µs', '42.3 µs', '4.21 ms', '31.0 ms', '1.25 s', '12.0 s']
    """
    if value_ns is None:
        return UNKNOWN
    for unit_ns, unit in ((NS_PER_S, "s"), (NS_PER_MS, "ms"), (NS_PER_US, "µs")):
        if value_ns >= unit_ns or unit_ns == NS_PER_US:
            value = value_ns / unit_ns
            decimals = 2 if value < 9.995 else 1 if value < 99.95 else 0
            return f"{value:.{decimals}f} {unit}"
    raise AssertionError("the last unit always returns")


def clock(duration_ns: int) -> str:
    """Write a duration as m:ss, or h:mm:ss from an hour on, cut to the second.

    >>> clock(65_900_000_000), clock(3_661_000_000_000), clock(-1)
    ('1:05', '1:01:01', '0:00')
    """
    minutes, seconds = divmod(max(0, duration_ns) // NS_PER_S, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def rate(per_s: float | None) -> str:
    """Write a rate per second; a dash where there is none.

    >>> rate(80), rate(0.5), rate(12345.6), rate(None)
    ('80.0/s', '0.50/s', '12,346/s', '–')
    """
    if per_s is None:
        return UNKNOWN
    decimals = 0 if per_s >= 1_000 else 1 if per_s >= 10 else 2
    return f"{per_s:,.{decimals}f}/s"


def share(part: float, whole: float) -> str:
    """Write part of whole in percent; a dash when there is no whole.

    >>> share(9, 3_680), share(0, 0)
    ('0.24 %', '–')
    """
    return UNKNOWN if whole <= 0 else percent(part / whole)


def percent(ratio: float | None) -> str:
    """Write a ratio in percent, two decimals below 10 %.

    >>> percent(0.0024), percent(0.25), percent(None)
    ('0.24 %', '25.0 %', '–')
    """
    if ratio is None:
        return UNKNOWN
    return f"{ratio:.{2 if abs(ratio) < 0.09995 else 1}%}".replace("%", " %")


def limit(ratio: float | None) -> str:
    """Write a threshold in percent without needless zeros.

    >>> limit(0.02), limit(0.125)
    ('2 %', '12.5 %')
    """
    return UNKNOWN if ratio is None else f"{ratio * 100:.4g} %"


def breakdown(counts: Mapping[str, int], most: int = 3) -> str:
    """Name the largest counts, the rest together.

    >>> breakdown({"timeout": 2, "http_5xx": 7, "reset": 0})
    'http_5xx 7, timeout 2'
    """
    present = sorted(((count, label) for label, count in counts.items() if count), key=lambda item: (-item[0], item[1]))
    named = [f"{label} {count:,}" for count, label in present[:most]]
    others = sum(count for count, _ in present[most:])
    return ", ".join([*named, *([f"others {others:,}"] if others else [])])
