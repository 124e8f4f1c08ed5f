"""A dashboard, typed: rows of panels, and the queries that feed them. How Grafana writes it down is the renderer's.

Laws: a query is plain PromQL that may use `$__rate_interval`; a panel that has nothing to show while all is well says
so (`quiet`), every other one always has data where its service is scraped.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Look(StrEnum):
    """How a panel shows its figures; the values are Grafana's panel types."""

    LINES = "timeseries"
    FIGURE = "stat"
    TABLE = "table"


class Measure(StrEnum):
    """What a figure is measured in; the values are Grafana's unit ids."""

    SHARE = "percentunit"
    PERCENT = "percent"
    SECONDS = "s"
    AGE = "dtdurations"
    RATE = "reqps"
    EVENTS = "ops"
    BYTES = "bytes"
    COUNT = "none"
    NUMBER = "short"


class Color(StrEnum):
    """The colours in use, by their Grafana names."""

    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"
    GREY = "text"


@dataclass(frozen=True, slots=True)
class Step:
    """From this value on a figure has this colour; `at` None is the step below all others."""

    color: Color
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A word shown in place of a value; `value` None stands for no value and NaN."""

    value: float | None
    text: str
    color: Color


@dataclass(frozen=True, slots=True)
class Query:
    """One PromQL query; `legend` may use `{{label}}`, `instant` asks for the newest value only."""

    expr: str
    legend: str = ""
    instant: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: the field that Grafana makes of a label or a query, and how it is shown.

    `words` and `steps` colour its cells. A field that no column names is hidden.
    """

    field: str
    title: str
    words: tuple[Word, ...] = ()
    decimals: int | None = None
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """One panel; `width` of 24 is the whole row, `height` is in Grafana's units of 30 pixels.

    `steps` colour a figure, and draw a line at each bound where there are lines. `target` is that of lines.
    """

    title: str
    look: Look
    queries: tuple[Query, ...]
    measure: Measure = Measure.NUMBER
    width: int = 8
    height: int = 8
    description: str = ""
    steps: tuple[Step, ...] = ()
    words: tuple[Word, ...] = ()
    columns: tuple[Column, ...] = ()
    decimals: int | None = None
    lowest: float | None = 0
    highest: float | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A titled row of panels, laid out from left to right."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A whole dashboard; `uid` names it in every Grafana it is stored in.

    The reader chooses among the jobs that expose the metric `job_of`: `$job` in queries.
    """

    uid: str
    title: str
    description: str
    tags: tuple[str, ...]
    job_of: str
    rows: tuple[Row, ...]

    @property
    def panels(self) -> Iterator[Panel]:
        """Every panel, in reading order."""
        return (panel for row in self.rows for panel in row.panels)


FIRING = 'ALERTS{alertstate="firing"}'
"""What fires, as Prometheus keeps it."""
