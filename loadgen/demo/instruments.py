"""Counters, gauges, histograms and summaries of one event loop, and their text exposition.

Laws: one thread writes and reads, so no cell needs a lock; the name and labels of a line are put together when its
cell is born, so that a scrape only appends numbers; a labelled family without cells still shows HELP and TYPE.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from itertools import accumulate, pairwise
from math import ceil, inf, isnan, nan
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Labels = dict[str, str]
Line = tuple[str, float]


class Number:
    """The cell of a counter or a gauge."""

    __slots__ = ("_prefix", "value")

    def __init__(self, name: str, labels: Labels) -> None:
        self._prefix = _series(name, labels)
        self.value = 0.0

    def inc(self, amount: float = 1.0) -> None:
        self.value += amount

    def lines(self) -> Iterator[Line]:
        yield self._prefix, self.value


class Buckets:
    """The cell of a histogram: `bounds` are its finite upper bounds, rising."""

    __slots__ = ("_bounds", "_count", "_counts", "_prefixes", "_sum", "_total")

    def __init__(self, name: str, labels: Labels, bounds: Sequence[float]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0
        self._prefixes = [_series(f"{name}_bucket", {**labels, "le": _number(bound)}) for bound in (*bounds, inf)]
        self._sum = _series(f"{name}_sum", labels)
        self._count = _series(f"{name}_count", labels)

    def observe(self, value: float) -> None:
        """Count a value; one that equals a bound belongs to that bound's bucket."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._total += value

    def lines(self) -> Iterator[Line]:
        yield from zip(self._prefixes, accumulate(self._counts), strict=True)
        yield self._sum, self._total
        yield self._count, sum(self._counts)


class Window:
    """The cell of a summary: quantiles of the last `MAX_VALUES` values that are at most `MAX_AGE_NS` old.

    A quantile is the smallest value with at least that share at or below it; NaN when the window is empty. Sum and
    count cover the lifetime, as the format asks.
    """

    MAX_VALUES = 512
    MAX_AGE_NS = 60 * NS_PER_S
    QUANTILES = (0.5, 0.9, 0.95, 0.99)

    __slots__ = ("_count", "_count_prefix", "_quantiles", "_recent", "_sum_prefix", "_total")

    def __init__(self, name: str, labels: Labels) -> None:
        self._recent: deque[tuple[int, float]] = deque(maxlen=self.MAX_VALUES)
        self._count = 0
        self._total = 0.0
        self._quantiles = [(q, _series(name, {**labels, "quantile": _number(q)})) for q in self.QUANTILES]
        self._sum_prefix = _series(f"{name}_sum", labels)
        self._count_prefix = _series(f"{name}_count", labels)

    def observe(self, value: float, at_ns: int) -> None:
        self._recent.append((at_ns, value))
        self._count += 1
        self._total += value

    def lines(self) -> Iterator[Line]:
        oldest_ns = monotonic_ns() - self.MAX_AGE_NS
        while self._recent and self._recent[0][0] < oldest_ns:
            self._recent.popleft()
        ranked = sorted(value for _, value in self._recent)
        for quantile, prefix in self._quantiles:
            yield prefix, ranked[ceil(quantile * len(ranked)) - 1] if ranked else nan
        yield self._sum_prefix, self._total
        yield self._count_prefix, self._count


Cell = TypeVar("Cell", Number, Buckets, Window)


class Family(Generic[Cell]):
    """A named metric and its cells, one per combination of label values."""

    def __init__(self, name: str, text: str, kind: str, label_names: Sequence[str], make: Callable[..., Cell]) -> None:
        self.name = name
        self.text = text
        self.kind = kind
        self._label_names = tuple(label_names)
        self._make: Callable[..., Cell] = make
        self._cells: dict[tuple[str, ...], Cell] = {}
        self._head = f"# HELP {name} {text}\n# TYPE {name} {kind}\n"
        self.reset()

    def labels(self, *values: str) -> Cell:
        """Return the cell of these label values, in the order of the family's label names."""
        cell = self._cells.get(values)
        if cell is None:
            cell = self._make(self.name, dict(zip(self._label_names, values, strict=True)))
            self._cells[values] = cell
        return cell

    def reset(self) -> None:
        """Forget every cell; a family without labels starts again at zero."""
        self._cells.clear()
        if not self._label_names:
            self.labels()

    def lines(self) -> Iterator[Line]:
        for cell in self._cells.values():
            yield from cell.lines()

    def exposition(self) -> str:
        """Return the family in the Prometheus text format 0.0.4."""
        return self._head + "".join([f"{prefix} {_number(value)}\n" for prefix, value in self.lines()])


class Registry:
    """All families of one service, in the order of their declaration."""

    def __init__(self) -> None:
        self._families: list[Family[Any]] = []

    def counter(self, name: str, text: str, *labels: str) -> Family[Number]:
        return self._add(Family(name, text, "counter", labels, Number))

    def gauge(self, name: str, text: str, *labels: str) -> Family[Number]:
        return self._add(Family(name, text, "gauge", labels, Number))

    def histogram(self, name: str, text: str, bounds: Sequence[float], *labels: str) -> Family[Buckets]:
        if any(high <= low for low, high in pairwise(bounds)):
            raise ValueError(f"the buckets of {name} must rise")
        return self._add(Family(name, text, "histogram", labels, lambda name, cell: Buckets(name, cell, bounds)))

    def summary(self, name: str, text: str, *labels: str) -> Family[Window]:
        return self._add(Family(name, text, "summary", labels, Window))

    def _add(self, family: Family[Cell]) -> Family[Cell]:
        if any(known.name == family.name for known in self._families):
            raise ValueError(f"{family.name} is declared twice")
        self._families.append(family)
        return family

    def names(self) -> frozenset[str]:
        return frozenset(family.name for family in self._families)

    def reset(self) -> None:
        for family in self._families:
            family.reset()

    def exposition(self) -> bytes:
        """Return the whole page in the Prometheus text format 0.0.4."""
        return "".join([family.exposition() for family in self._families]).encode()

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return every family as {name: {type, help, samples: {series: value}}}; NaN becomes null."""
        return {
            family.name: {
                "type": family.kind,
                "help": family.text,
                "samples": {series: None if isnan(value) else value for series, value in family.lines()},
            }
            for family in self._families
        }


def _number(value: float) -> str:
    if value == inf:
        return "+Inf"
    if isnan(value):
        return "NaN"
    return str(int(value)) if value == int(value) else repr(value)


def _series(name: str, labels: Labels) -> str:
    if not labels:
        return name
    inner = ",".join(f'{label}="{_escaped(value)}"' for label, value in labels.items())
    return f"{name}{{{inner}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
