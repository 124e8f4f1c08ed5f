"""One picture of a run, as rich can print it: how far, how fast, how well, how near to the breaker. Pure.

Law: colour only where something wants attention; every figure keeps its place from frame to frame.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import ROUNDED
from rich.console import Group
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from loadgen.core.events import InputLine
from loadgen.view.figures import UNKNOWN, breakdown, clock, latency, limit, percent, rate, share
from loadgen.view.sentences import clean

if TYPE_CHECKING:
    from rich.console import RenderableType

    from loadgen.core.events import BreakerLine, Progress

WIDEST = 100
"""Wider terminals get no wider picture: the eye would have to travel."""

COMPACT_BELOW_LINES = 20
COMPACT_BELOW_LINES_STACKED = 26
_SIDE_BY_SIDE_FROM = 72
_NEAR = 0.5
_BREAKER_WITHOUT_BAR = 18 + 9 + 13 + 8 + 5 * 2
_SHORTEST_BAR = 8

_QUIET = "dim"
_STRONG = "bold"
_WAY = "cyan"
_GOOD = "green"
_WARNING = "yellow"
_ALARM = "bold red"
_STATE_STYLE = {InputLine.ARMED: _GOOD, InputLine.UNARMED: _WARNING, InputLine.TRIPPED: _ALARM}


def frame(progress: Progress, *, width: int, height: int, title: str = "", lost: int = 0) -> RenderableType:
    """Return the picture for a terminal of so many columns and lines; `lost` events could not be shown."""
    width = min(width, WIDEST)
    stacked = width - 4 < _SIDE_BY_SIDE_FROM
    if height < (COMPACT_BELOW_LINES_STACKED if stacked else COMPACT_BELOW_LINES):
        return _compact(progress, width, lost)
    parts: list[RenderableType] = [_way(progress, width - 4), Text(), _figures(progress, width - 4)]
    if progress.breaker:
        parts += [Text(), _breaker(progress.breaker, width - 4)]
    parts += [Text(), _foot(progress, lost)]
    name = " · ".join(part for part in ("loadgen", clean(title), clean(progress.phase)) if part)
    heading = Text(f" {name} ", style=_STRONG)
    return Panel(Group(*parts), box=ROUNDED, border_style=_QUIET, title=heading, title_align="left", width=width)


def _way(progress: Progress, width: int) -> RenderableType:
    """Show how far the phase is, and how long it still takes."""
    total = max(1, progress.total_ns)
    done = min(progress.elapsed_ns, total)
    left = f"{clock(progress.total_ns - progress.elapsed_ns)} left" if done < total else "draining"
    times = Text(f"{clock(progress.elapsed_ns)} of {clock(progress.total_ns)}", style=_QUIET)
    grid = Table.grid(expand=False, padding=(0, 2, 0, 0))
    bar = ProgressBar(
        total=total, completed=done, width=max(10, width - 38), complete_style="cyan", finished_style="cyan"
    )
    grid.add_row(bar, Text(f"{done * 100 // total:>3} %"), times, Text(left, style=_STRONG))
    return grid


def _figures(progress: Progress, width: int) -> RenderableType:
    reasons = breakdown({**progress.failed, **progress.dropped})
    below: list[RenderableType] = []
    if reasons:
        below.append(Text.assemble(("by reason      ", _QUIET), (reasons, _WARNING), no_wrap=True, overflow="ellipsis"))
    if width < _SIDE_BY_SIDE_FROM:
        return Group(_load(progress), *below, Text(), _response(progress))
    grid = Table.grid(expand=False, padding=(0, 4, 0, 0))
    grid.add_column(width=width - 32)
    grid.add_column()
    grid.add_row(_load(progress), _response(progress))
    return Group(grid, *below)


def _load(progress: Progress) -> Table:
    failures = sum(progress.failed.values()) + sum(progress.dropped.values())
    table = _pairs(10)
    table.add_row("rate", _pair(rate(progress.achieved_rate_per_s), _asked(progress)))
    table.add_row("sent", _pair(f"{progress.sent:,}", f"of {progress.scheduled:,} due"))
    table.add_row("done", _pair(f"{progress.done:,}", ""))
    style = _STRONG if failures == 0 else _WARNING
    table.add_row("failed", _pair(f"{failures:,}", share(failures, progress.scheduled), style))
    table.add_row("in flight", _pair(f"{progress.in_flight:,}", f"backlog {progress.backlog:,}"))
    return table


def _asked(progress: Progress) -> str:
    """Return what the schedule asks; when it is through, nothing is asked and nothing falls short."""
    over = 0 < progress.total_ns <= progress.elapsed_ns
    return "draining" if over else f"of {rate(progress.target_rate_per_s)}"


def _response(progress: Progress) -> Table:
    table = _pairs(13)
    for name, value_ns in (("p50", progress.p50_ns), ("p95", progress.p95_ns), ("p99", progress.p99_ns)):
        table.add_row(f"response {name}", Text(f"{latency(value_ns):>9}", style=_STRONG))
    table.add_row("         max", Text(f"{latency(progress.max_ns):>9}", style=_STRONG))
    table.add_row("own lag  p99", Text(f"{latency(progress.lag_p99_ns):>9}"))
    return table


def _pairs(name_width: int) -> Table:
    table = Table.grid(expand=False, padding=(0, 1, 0, 0))
    table.add_column(width=name_width, style=_QUIET, no_wrap=True)
    table.add_column(no_wrap=True, overflow="ellipsis")
    return table


def _pair(figure: str, beside: str, style: str = _STRONG) -> Text:
    return Text.assemble((f"{figure:>9}", style), ("  " + beside, _QUIET)) if beside else Text(f"{figure:>9}", style)


def _breaker(lines: tuple[BreakerLine, ...], width: int) -> Table:
    """Show each input's figure against its threshold; the bar goes first where there is little room."""
    room = width - _BREAKER_WITHOUT_BAR
    table = Table.grid(expand=False, padding=(0, 2, 0, 0))
    for column in (18, 9, 13, *([room] if room >= _SHORTEST_BAR else []), 8):
        table.add_column(width=column, no_wrap=True)
    for line in lines:
        figure, against = _against(line)
        near = _nearness(line)
        style = _ALARM if line.state is InputLine.TRIPPED else _WARNING if near >= _NEAR else _STRONG
        bar = ProgressBar(
            total=1.0, completed=near, width=room, complete_style=_bar_style(line, near), finished_style="red"
        )
        bars = [] if room < _SHORTEST_BAR else [Text() if line.value is None else bar]
        table.add_row(
            Text(clean(line.name).replace("_", " "), style=_QUIET),
            Text(f"{figure:>9}", style=style),
            Text(against, style=_QUIET),
            *bars,
            Text(line.state.value.lower(), style=_STATE_STYLE[line.state]),
        )
    return table


def _against(line: BreakerLine) -> tuple[str, str]:
    """Return a figure and its threshold; an input that counts shows numbers, one that divides shows percent."""
    if line.threshold is not None and line.threshold >= 1:
        return UNKNOWN if line.value is None else f"{line.value:g}", f"of {line.threshold:g} in a row"
    return percent(line.value), f"limit {limit(line.threshold)}"


def _nearness(line: BreakerLine) -> float:
    if line.value is None or not line.threshold:
        return 0.0
    return min(1.0, max(0.0, line.value / line.threshold))


def _bar_style(line: BreakerLine, near: float) -> str:
    if line.state is InputLine.TRIPPED or near >= 1:
        return "red"
    return _WARNING if near >= _NEAR else _GOOD


def _foot(progress: Progress, lost: int) -> Text:
    parts: list[Text] = []
    if progress.samples:
        sample = Text.assemble(("sample ", _QUIET), (f"{progress.sample} of {progress.samples}", _STRONG))
        if progress.next_sample_ns is not None:
            sample.append(f", next in {clock(progress.next_sample_ns)}", style=_QUIET)
        parts.append(sample)
    validity = clean(progress.validity)
    parts.append(Text.assemble(("measurement ", _QUIET), (validity, _validity_style(validity))))
    if lost:
        parts.append(Text(f"{lost:,} events not shown", style=_WARNING))
    return Text("   ").join(parts)


def _validity_style(validity: str) -> str:
    if validity.startswith("VALID"):
        return _GOOD
    return _WARNING if validity.startswith("DEGRADED") else _ALARM


def _compact(progress: Progress, width: int, lost: int) -> RenderableType:
    """Return four lines, for a terminal with little room."""
    failures = sum(progress.failed.values()) + sum(progress.dropped.values())
    first = (
        f"{rate(progress.achieved_rate_per_s)} {_asked(progress)}  sent {progress.sent:,}  "
        f"failed {failures:,} ({share(failures, progress.scheduled)})  in flight {progress.in_flight:,}"
    )
    second = (
        f"p50 {latency(progress.p50_ns)}  p95 {latency(progress.p95_ns)}  p99 {latency(progress.p99_ns)}  "
        f"max {latency(progress.max_ns)}  lag {latency(progress.lag_p99_ns)}"
    )
    lines: list[RenderableType] = [_way(progress, width)]
    lines += [Text(line, no_wrap=True, overflow="ellipsis") for line in (first, second)]
    lines.append(_foot(progress, lost))
    return Group(*lines)
