"""The figures that an incident must move, and whether they moved and came back. Pure.

Laws: a figure that cannot be read is NA and proves nothing, so it fails; every expectation says in words what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loadgen.drill.snapshot import Window

Value = float | None
Show = Callable[[float], str]
NA = "NA"


@dataclass(frozen=True, slots=True)
class Rule:
    """An expectation: its words, and whether a value meets it, given the value before the incident."""

    text: str
    holds: Callable[[float, Value], bool]

    def met(self, value: Value, before: Value) -> bool:
        return value is not None and self.holds(value, before)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: how it is read from a window, what the incident must make of it, what it must be afterwards.

    `whole`: afterwards it is read over the whole time since the incident began. A figure without `moves` or without
    `returns` is not judged there.
    """

    name: str
    show: Show
    of: Callable[[Window], Value]
    moves: Rule | None = None
    returns: Rule | None = None
    whole: bool = False

    @property
    def expected(self) -> str:
        parts = [f"during {self.moves.text}"] if self.moves else []
        return ", ".join(parts + ([f"after {self.returns.text}"] if self.returns else []))


@dataclass(frozen=True, slots=True)
class Finding:
    """A row of the evidence: the value before, during and after, a text where it is no number."""

    name: str
    values: tuple[Value | str, Value | str, Value | str]
    expected: str
    passed: bool
    show: Show = str

    @property
    def shown(self) -> tuple[str, ...]:
        """The three values as people read them."""
        return tuple(self._text(value) for value in self.values)

    def _text(self, value: Value | str) -> str:
        if value is None:
            return NA
        return value if isinstance(value, str) else self.show(value)


@dataclass(frozen=True, slots=True)
class Course:
    """The windows of an incident: before it, while it lasts, after it, and from its begin to the end."""

    before: Window
    during: Window
    after: Window
    whole: Window


def judge(figure: Figure, course: Course) -> Finding:
    """Return the finding on one figure."""
    before, during = figure.of(course.before), figure.of(course.during)
    after = figure.of(course.whole if figure.whole else course.after)
    moved = figure.moves is None or figure.moves.met(during, before)
    returned = figure.returns is None or figure.returns.met(after, before)
    values = (before, during, after)
    return Finding(figure.name, values, figure.expected, moved and returned, figure.show)


def returned(figure: Figure, after: Window, whole: Window, before: Window) -> bool:
    """Say whether a figure is back, as far as a window tells."""
    value = figure.of(whole if figure.whole else after)
    return figure.returns is None or figure.returns.met(value, figure.of(before))


def above(limit: float, show: Show) -> Rule:
    return Rule(f"> {show(limit)}", lambda value, _: value > limit)


def at_least(limit: float, show: Show) -> Rule:
    return Rule(f">= {show(limit)}", lambda value, _: value >= limit)


def at_most(limit: float, show: Show) -> Rule:
    return Rule(f"<= {show(limit)}", lambda value, _: value <= limit)


def below(limit: float, show: Show) -> Rule:
    return Rule(f"< {show(limit)}", lambda value, _: value < limit)


def nothing() -> Rule:
    return Rule("0", lambda value, _: value == 0)


def later() -> Rule:
    """The value is greater than before the incident."""
    return Rule("later than before", lambda value, before: before is not None and value > before)


def fallen() -> Rule:
    """The value is less than before the incident."""
    return Rule("less than before", lambda value, before: before is not None and value < before)


def longer_by(least_s: float, show: Show) -> Rule:
    text = f">= before + {show(least_s)}"
    return Rule(text, lambda value, before: before is not None and value >= before + least_s)


def within(most_s: float, show: Show) -> Rule:
    """The value is less than `most_s` above what it was before the incident."""
    text = f"< before + {show(most_s)}"
    return Rule(text, lambda value, before: before is not None and value < before + most_s)


def count(value: float) -> str:
    """Write a number of events; what is estimated is rounded.

    >>> count(1234.0)
    '1,234'
    """
    return f"{value:,.0f}"


def percent(value: float) -> str:
    """Write a ratio as a percentage.

    >>> percent(0.0612)
    '6.12 %'
    """
    return f"{value * 100:.4g} %"


def ratio(value: float) -> str:
    return f"{value:.3g}"


def seconds(value: float) -> str:
    """Write a time: milliseconds below a second.

    >>> seconds(0.1213), seconds(2.04)
    ('121 ms', '2.04 s')
    """
    return f"{value * 1_000:.3g} ms" if abs(value) < 1 else f"{value:.3g} s"


def moment(value: float) -> str:
    """Write a Unix time as a time of day in UTC; 0 is never.

    >>> moment(0.0), moment(1_767_225_661.5)
    ('never', '00:01:01.5Z')
    """
    if value <= 0:
        return "never"
    at = datetime.fromtimestamp(value, UTC)
    return f"{at:%H:%M:%S}.{at.microsecond // 100_000}Z"
