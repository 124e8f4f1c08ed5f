"""Durations and rates: the one place that reads and writes their text forms.

Law: a duration is an integer of nanoseconds, a rate is an exact ratio of integers; no float decides a schedule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

_UNIT_NS = {
    "ns": 1,
    "us": NS_PER_US,
    "µs": NS_PER_US,
    "ms": NS_PER_MS,
    "s": NS_PER_S,
    "m": 60 * NS_PER_S,
    "h": 3_600 * NS_PER_S,
    "d": 86_400 * NS_PER_S,
}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/(\d*(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d))?")


def parse_duration_ns(text: str, *, bare_seconds: bool = False) -> int:
    """Read `300ms`, `30s`, `10m`, `1h30m` or `2d` as nanoseconds.

    A bare number is refused unless `bare_seconds`, for settings whose name already says seconds. The result is
    exact and never negative. Raises ValueError with what is accepted.

    >>> parse_duration_ns("1h30m")
    5400000000000
    >>> parse_duration_ns("0.5s")
    500000000
    """
    stripped = text.strip().lower()
    if bare_seconds and _NUMBER.fullmatch(stripped):
        stripped += "s"
    total = Fraction(0)
    position = 0
    for part in _PART.finditer(stripped):
        if part.start() != position:
            break
        total += Fraction(part[1]) * _UNIT_NS[part[2]]
        position = part.end()
    if position != len(stripped) or not stripped:
        also = ", or a number of seconds" if bare_seconds else "; a bare number has no unit"
        raise ValueError(f"not a duration: write it as 300ms, 30s, 10m, 2h or 1h30m{also}")
    return int(total)


def format_duration(duration_ns: int) -> str:
    """Write a duration shortly and exactly enough to read back.

    >>> format_duration(5_400_000_000_000)
    '1h30m'
    >>> format_duration(1_500_000)
    '1.5ms'
    """
    if duration_ns < 0:
        return "-" + format_duration(-duration_ns)
    if duration_ns == 0:
        return "0s"
    if duration_ns < NS_PER_S:
        for unit in ("ms", "us", "ns"):
            if duration_ns >= _UNIT_NS[unit]:
                return _decimal(Fraction(duration_ns, _UNIT_NS[unit])) + unit
    text = ""
    rest = duration_ns
    for unit in ("d", "h", "m"):
        whole, rest = divmod(rest, _UNIT_NS[unit])
        if whole:
            text += f"{whole}{unit}"
    if rest:
        text += _decimal(Fraction(rest, NS_PER_S)) + "s"
    return text


def _decimal(value: Fraction) -> str:
    return f"{float(value):.9f}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class Rate:
    """An exact rate: `count` arrivals every `per_ns` nanoseconds, in lowest terms; a count of 0 is a pause."""

    count: int
    per_ns: int

    def __post_init__(self) -> None:
        if self.count < 0 or self.per_ns <= 0:
            raise ValueError("a rate must not be negative")
        divisor = gcd(self.count, self.per_ns)
        if divisor > 1:
            object.__setattr__(self, "count", self.count // divisor)
            object.__setattr__(self, "per_ns", self.per_ns // divisor)

    @classmethod
    def per_second(cls, value: float | Fraction) -> Rate:
        """Build a rate from a number per second; a float is taken at its shortest decimal form."""
        exact = Fraction(str(value)) if isinstance(value, float) else Fraction(value)
        return cls(exact.numerator, exact.denominator * NS_PER_S)

    @property
    def per_s(self) -> float:
        """Arrivals per second, for display and for sizing only."""
        return self.count * NS_PER_S / self.per_ns

    def times(self, factor: Fraction | int) -> Rate:
        """Return this rate multiplied by an exact positive factor."""
        exact = Fraction(self.count, self.per_ns) * factor
        return Rate(exact.numerator, exact.denominator)

    def arrivals_in(self, duration_ns: int) -> int:
        """Return the whole number of arrivals in a duration: floor(rate x duration)."""
        return duration_ns * self.count // self.per_ns

    def __str__(self) -> str:
        exact = Fraction(self.count * NS_PER_S, self.per_ns)
        if exact.denominator == 1:
            return f"{exact.numerator}/s"
        as_decimal = _decimal(exact)
        if Fraction(as_decimal) == exact:
            return f"{as_decimal}/s"
        unit = next(unit for unit in reversed(_UNIT_NS) if self.per_ns % _UNIT_NS[unit] == 0)
        return f"{self.count}/{self.per_ns // _UNIT_NS[unit]}{unit}"


def parse_rate(text: str) -> Rate:
    """Read `80`, `0.5`, `50/1s`, `80/s`, `1000/m` or `10/100ms` as an exact rate.

    Raises ValueError when the text is not a rate or the rate is not greater than 0.

    >>> str(parse_rate("1000/m"))
    '1/60ms'
    """
    match = _RATE.fullmatch(text.strip().lower())
    if match is None:
        raise ValueError("not a rate: write it as 80, 0.5, 50/1s or 1000/m")
    amount = Fraction(match[1])
    unit = match[3] or "s"
    per = Fraction(match[2] or 1) * _UNIT_NS[unit]
    if amount == 0 or per == 0:
        raise ValueError("a rate must be greater than 0")
    exact = amount / per
    return Rate(exact.numerator, exact.denominator)
