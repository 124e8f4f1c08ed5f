"""What a rate must hold: `p99<250ms`, `error_rate<1%`, `cpu_percent<80`, read from text.

    conditions = condition *( "," condition )
    condition  = metric operator number [ unit ]
    metric     = "p" number | "p(" number ")" | "med" | "avg" | "error_rate"      judged on the client
               | [ "server." ] column                                             judged on the service's own metrics
    operator   = "<" | "<=" | ">" | ">="
    unit       = "ns" | "us" | "ms" | "s" | "m" | "%"

`pN`, `med` and `avg` are response times, from the due time, over all requests, and need a duration; `error_rate` is
the share of requests that failed or were dropped. A column is one of metrics.csv (`SERVER_COLUMNS`); where a name is
both, as `error_rate` is, `server.error_rate` means the column. Columns of times take a duration, those of shares a
number from 0 to 1 or a percentage, `cpu_percent` and `rss_mb` a number. Client figures can only be bounded from above.

Law: every problem of a text is found, and raised in one InputError.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from loadgen.core.errors import InputError, Problem
from loadgen.core.histogram import least_values
from loadgen.core.units import NS_PER_S, parse_duration_ns

_EXPECTED_ERRORS = 5


class Side(Enum):
    """Who saw it."""

    CLIENT = "client"
    SERVER = "server"


class Figure(Enum):
    """What is compared with the limit; the unit of `Condition.limit` is ns, ns, a share, the column's."""

    PERCENTILE = "percentile"
    MEAN = "mean"
    ERROR_RATE = "error rate"
    COLUMN = "column"


class Unit(Enum):
    """What the values of a column are."""

    SECONDS = "s"
    SHARE = "share"
    PERCENT = "%"
    NUMBER = ""


SERVER_COLUMNS = {
    **dict.fromkeys(("p50_latency", "p90_latency", "p95_latency", "p99_latency"), Unit.SECONDS),
    **dict.fromkeys(
        (
            "http_success_rate", "raw_fallback_ratio", "effective_fallback_ratio", "error_rate", "error_rate_4xx",
            "error_rate_5xx", "fb_http_ratio", "fb_message_ratio", "fb_cache_ratio", "cache_hit_rate",
        ),
        Unit.SHARE,
    ),
    "cpu_percent": Unit.PERCENT,
    "rss_mb": Unit.NUMBER,
    "request_rate": Unit.NUMBER,
}  # fmt: skip
"""Columns of metrics.csv that have a value of their own for every interval; cumulative ones have none."""

_FORM = re.compile(r"\s*([a-z][a-z0-9_.]*(?:\([\d.]+\))?)\s*(<=|>=|<|>)\s*(\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s|m|%)?\s*")
_PERCENTILE = re.compile(r"p\(?(\d+(?:\.\d+)?)\)?")
_HOW = "write it as p99<250ms, error_rate<1% or cpu_percent<80"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: the figure must be `below` the limit (or above it); `name` is the metric, `q` the percentile."""

    text: str
    figure: Figure
    name: str
    limit: float
    below: bool = True
    q: float = 0.0

    @property
    def side(self) -> Side:
        return Side.SERVER if self.figure is Figure.COLUMN else Side.CLIENT

    @property
    def least_requests(self) -> int:
        """How many requests it needs to be judged: 10 / (1 - q) for a percentile, five expected errors at the limit."""
        if self.figure is Figure.PERCENTILE:
            return least_values(self.q)
        if self.figure is Figure.ERROR_RATE:
            return round(_EXPECTED_ERRORS / max(self.limit, 0.001))
        return 1

    @property
    def share_above(self) -> float:
        """The share of requests that may lie beyond the limit: 1 - q, or the error rate itself."""
        return (100 - self.q) / 100 if self.figure is Figure.PERCENTILE else self.limit


def parse_conditions(texts: tuple[str, ...] | list[str], key: str = "--slo") -> tuple[Condition, ...]:
    """Read conditions, several to a text where commas separate them; raise InputError with every problem."""
    found: list[Condition] = []
    problems: list[Problem] = []
    for part in (part.strip() for text in texts for part in text.split(",")):
        try:
            found.append(_condition(part))
        except ValueError as error:
            problems.append(Problem(key, part, str(error)))
    if not found and not problems:
        problems.append(Problem(key, None, f"no condition: {_HOW}"))
    named = [(condition.name, condition.below) for condition in found]
    twice = sorted({name for name, below in named if named.count((name, below)) > 1})
    problems += [Problem(key, name, "is bounded twice on the same side: keep one") for name in twice]
    if problems:
        raise InputError(problems)
    return tuple(found)


def _condition(text: str) -> Condition:
    match = _FORM.fullmatch(text.lower())
    if match is None:
        raise ValueError(f"not a condition: {_HOW}")
    metric, operator, number, unit = match[1], match[2], match[3], match[4] or ""
    shown = f"{metric}{operator}{number}{unit}"
    below = operator.startswith("<")
    percentile = _PERCENTILE.fullmatch("p50" if metric == "med" else metric)
    if percentile is not None or metric in ("avg", "error_rate"):
        if not below:
            raise ValueError("a client figure can only be bounded from above: use <")
        return _client(shown, metric, None if percentile is None else float(percentile[1]), number + unit)
    column = metric.removeprefix("server.")
    if column not in SERVER_COLUMNS:
        known = ", ".join(("pN", "med", "avg", "error_rate", *SERVER_COLUMNS))
        raise ValueError(f"{metric} is no figure that a step has: one of {known}")
    return Condition(shown, Figure.COLUMN, column, _in_unit(SERVER_COLUMNS[column], number, unit), below)


def _client(shown: str, metric: str, q: float | None, value: str) -> Condition:
    if metric == "error_rate":
        return Condition(shown, Figure.ERROR_RATE, metric, _share(value))
    if value[-1:] in "0123456789%":
        raise ValueError("a response time needs a unit, such as 250ms")
    limit_ns = float(parse_duration_ns(value))
    if limit_ns <= 0:
        raise ValueError("a response time must be greater than 0")
    if q is None:
        return Condition(shown, Figure.MEAN, metric, limit_ns)
    if not 0 < q < 100:
        raise ValueError("a percentile lies between 0 and 100, both excluded")
    return Condition(shown, Figure.PERCENTILE, f"p{q:g}", limit_ns, q=q)


def _in_unit(unit: Unit, number: str, suffix: str) -> float:
    if unit is Unit.SECONDS:
        if suffix in ("", "%"):
            raise ValueError("this column holds times: give a unit, such as 250ms")
        return parse_duration_ns(number + suffix) / NS_PER_S
    if unit is Unit.SHARE:
        return _share(number + suffix)
    if suffix not in ("", "%") or (suffix == "%" and unit is not Unit.PERCENT):
        raise ValueError("this column holds plain numbers: leave the unit away")
    return float(number)


def _share(text: str) -> float:
    if text[-1] not in "0123456789%":
        raise ValueError("a share is written as 1% or 0.01")
    value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= value <= 1:
        raise ValueError("a share lies between 0 and 1, or 0% and 100%")
    return value
