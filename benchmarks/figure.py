"""One measured figure beside its bar, its goal and the same work done by others; and the table of many."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Figure:
    """A median of `runs` values; smaller is better. `bar` and `goal` are upper bounds, None where there is none.

    `peers` are the medians of others for the same work; `ratios` are the medians of ours / theirs, each ratio taken
    within one alternation. With `against` the bar and the goal hold for the ratio to that peer, and cannot be judged
    (met is None) where it is not installed.
    """

    name: str
    value: float
    unit: str
    bar: float | None = None
    goal: float | None = None
    runs: int = 1
    spread: tuple[float, float] | None = None
    peers: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    against: str = ""

    def met(self, bound: float | None) -> bool | None:
        """Say whether the figure keeps a bound; None when that cannot be told."""
        judged = self.ratios.get(self.against) if self.against else self.value
        return None if bound is None or judged is None else judged <= bound

    def to_body(self) -> dict[str, Any]:
        """Return the figure as JSON has it."""
        return {**asdict(self), "bar_met": self.met(self.bar), "goal_met": self.met(self.goal)}


def figure_of(name: str, unit: str, values: Sequence[float], **more: Any) -> Figure:
    """Return the median of several runs as a figure."""
    ordered = sorted(values)
    return Figure(
        name,
        rounded(median(ordered)),
        unit,
        runs=len(ordered),
        spread=(rounded(ordered[0]), rounded(ordered[-1])),
        **more,
    )


def compared(name: str, unit: str, runs: Mapping[str, Sequence[float]], **more: Any) -> Figure:
    """Return our figure beside those of the peers; `runs` has one value for each alternation, ours as `loadgen`."""
    ours = runs["loadgen"]
    others = {peer: values for peer, values in runs.items() if peer != "loadgen" and values}
    return figure_of(
        name,
        unit,
        ours,
        peers={peer: rounded(median(values)) for peer, values in others.items()},
        ratios={
            peer: rounded(median(one / other for one, other in zip(ours, values, strict=False) if other))
            for peer, values in others.items()
            if any(values)
        },
        **more,
    )


def result(figures: Iterable[Figure], **raw: Any) -> dict[str, Any]:
    """Return what a benchmark's `measure` returns; `ok` is false only when a bar was judged and missed."""
    listed = list(figures)
    return {
        "ok": all(figure.met(figure.bar) is not False for figure in listed),
        "figures": [figure.to_body() for figure in listed],
        **raw,
    }


def table(bodies: Iterable[Mapping[str, Any]]) -> str:
    """Return figures in lines: name, value with spread, bar, goal, whether each was met, peers with ratios."""
    rows: list[tuple[str, ...]] = [("figure", "loadgen", "bar", "goal", "", "peers (loadgen / peer)")]
    rows += [_row(body) for body in bodies]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(body: Mapping[str, Any]) -> tuple[str, ...]:
    spread = body["spread"]
    low_high = f" ({spread[0]:g}-{spread[1]:g})" if spread and spread[0] != spread[1] else ""
    ratios = body["ratios"]
    peers = [
        f"{peer} {value:g}" + (f" ({ratios[peer]:.2f})" if peer in ratios else "")
        for peer, value in body["peers"].items()
    ]
    return (
        body["name"],
        f"{body['value']:g} {body['unit']}{low_high}",
        bound_text(body, "bar"),
        bound_text(body, "goal"),
        verdict_text(body),
        ", ".join(peers),
    )


def bound_text(body: Mapping[str, Any], name: str) -> str:
    """Return a figure's bar or goal for people; "" where it has none."""
    bound = body[name]
    if bound is None:
        return ""
    return f"<= {bound:g} x {body['against']}" if body["against"] else f"<= {bound:g}"


def verdict_text(body: Mapping[str, Any]) -> str:
    """Return whether a figure keeps its bar and its goal."""
    if body["bar"] is None:
        return ""
    if body["bar_met"] is None:
        return "cannot be told"
    if not body["bar_met"]:
        return "MISSED"
    return "goal met" if body["goal_met"] else "bar met"


def rounded(value: float) -> float:
    """Return a value with four significant digits."""
    return float(f"{value:.4g}")
