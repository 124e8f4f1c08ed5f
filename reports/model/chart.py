"""A chart as data: what is drawn, in the units it is shown in, and nothing of how.

Laws: None in `values` is a gap and is drawn as one; every line of a group shares the group's `xs`, which rise.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Tone(StrEnum):
    """Whose line it is; the style sheet gives each tone its colour in light, dark and on paper."""

    CLIENT = "client"
    CLIENT_SOFT = "client-soft"
    CLIENT_FAINT = "client-faint"
    SERVER = "server"
    SERVER_SOFT = "server-soft"
    BAD = "bad"
    QUIET = "quiet"


class Stroke(StrEnum):
    """How a line is drawn: from point to point, or held until the next point (an interval's figure)."""

    PLAIN = "plain"
    DASHED = "dashed"
    STEP = "step"


class Across(StrEnum):
    """What runs from left to right.

    TIME: seconds since `Chart.began`. QUANTILE: 1 / (1 - q) on a logarithmic axis, so that each nine takes the same
    room. LABELS: the positions 0, 1, 2, ... of `Chart.labels`.
    """

    TIME = "time"
    QUANTILE = "quantile"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its figures at the group's `xs`."""

    name: str
    values: tuple[float | None, ...]
    tone: Tone = Tone.CLIENT
    stroke: Stroke = Stroke.PLAIN


@dataclass(frozen=True, slots=True)
class Group:
    """Lines that were measured at the same places."""

    xs: tuple[float, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at `at` (on the axis across); `kind` is a word for the style sheet, `text` says what."""

    at: float
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A target drawn as a horizontal line."""

    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: `key` is its id in a page, `unit` stands behind every figure, `note` below the title.

    With `log` the upward axis is logarithmic and figures of 0 or less are not drawn; without it the axis begins at 0.
    Charts with the same `span` share one axis across.
    """

    key: str
    title: str
    unit: str
    across: Across
    groups: tuple[Group, ...]
    marks: tuple[Mark, ...] = ()
    limits: tuple[Limit, ...] = ()
    log: bool = False
    labels: tuple[str, ...] = ()
    began: datetime | None = None
    span: tuple[float, float] | None = None
    note: str = ""

    @property
    def empty(self) -> bool:
        """Say whether there is no figure to draw."""
        return not any(value is not None for group in self.groups for line in group.lines for value in line.values)
