"""Two runs beside each other: the same sections as markdown and in a page, where charts stand before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.change import Change
from reports.render.blocks import Verbatim, bullets, plain, section, table
from reports.render.markdown import document
from reports.render.page import drawn, page
from reports.render.regression import effect_text, interval_text, reasons_not_compared, value_text
from reports.render.write_markdown import write_sections

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.analysis.change import Finding
    from reports.analysis.side_by_side import Side, SideBySide
    from reports.model.chart import Chart
    from reports.model.measurement import Measurement
    from reports.render.blocks import Block, Section

_BARS = "▁▂▃▄▅▆▇█"
_PICTURE_WIDTH = 60
TITLE = "Two runs side by side"
_FIGURES = ("Figure", "First", "Second", "Effect", "95 % interval", "Judged", "Why")


def comparison_markdown(found: SideBySide) -> str:
    """Return the comparison as markdown; the course of both runs is drawn in letters on one scale."""
    heads, tails = _sections(found)
    return document(
        [f"# {TITLE}", "", *(f"- {text}" for text in _heading(found)), ""],
        write_sections([*heads, *section("Course of the p95", _course(found)), *tails]),
    )


def comparison_page(found: SideBySide, charts: Sequence[Chart], mask: Callable[[str], str]) -> str:
    """Return the comparison as one page; `mask` takes secrets out of a text."""
    heads, tails = _sections(found)
    context = {
        "title": TITLE,
        "lines": _heading(found),
        "charts": [drawn(chart) for chart in charts],
        "sections": [*heads, *tails],
        "foot": "Effects are those of the second run against the first.",
    }
    return page("plain.html.j2", charts, context, mask)


def _heading(found: SideBySide) -> tuple[str, str]:
    return f"First: {plain(_told(found.first.run))}", f"Second: {plain(_told(found.second.run))}"


def _sections(found: SideBySide) -> tuple[list[Section], list[Section]]:
    """Return the sections before and after the course."""
    before = [
        *section("Cautions", bullets(plain(text) for text in found.cautions)),
        *section(
            "Client",
            table(_FIGURES, _rows(found.client), right=(1, 2, 3)),
            bullets(map(plain, reasons_not_compared(found.client))),
        ),
        *section(
            "Service",
            table(_FIGURES, _rows(found.server), right=(1, 2, 3)),
            bullets(map(plain, reasons_not_compared(found.server))),
        ),
        *section("Percentiles of the response time", _spectrum(found)),
    ]
    return before, section("Plan and generator", _plan(found))


def _effects(findings: Sequence[Finding]) -> tuple[list[Block], list[Block]]:
    """Return the table of what was compared, and why the rest was not."""
    return table(_FIGURES, _rows(findings), right=(1, 2, 3)), bullets(map(plain, reasons_not_compared(findings)))


def _told(run: Measurement) -> str:
    taken = "" if run.at is None else f" of {run.at:%Y-%m-%d %H:%M} UTC"
    return f"{run.name}{taken}, {run.requests:,} requests in {run.duration_s:,.0f} s"


def _rows(findings: Sequence[Finding]) -> list[tuple[str, ...]]:
    return [
        (
            item.gauge.title,
            value_text(item, item.reference),
            value_text(item, item.current),
            effect_text(item),
            interval_text(item),
            str(item.change),
            plain(item.doubt),
        )
        for item in _compared(findings)
    ]


def _compared(findings: Sequence[Finding]) -> list[Finding]:
    return [item for item in findings if item.change is not Change.NOT_COMPARED]


def _spectrum_rows(found: SideBySide) -> list[tuple[str, str, str, str]]:
    second = dict(found.second.spectrum)
    return [
        (f"p{quantile:g}", f"{ms:.3f} ms", f"{second[quantile]:.3f} ms", f"{second[quantile] - ms:+.3f} ms")
        for quantile, ms in found.first.spectrum
        if quantile in second
    ]


def _spectrum(found: SideBySide) -> list[Block]:
    return table(("Percentile", "First", "Second", "Difference"), _spectrum_rows(found), right=(1, 2, 3))


def _course(found: SideBySide) -> list[Block]:
    points = [point.p95_ms for side in (found.first, found.second) for point in side.course]
    if not points:
        return []
    top = max(points)
    lines = [f"{name}  {_picture(side, top)}" for name, side in (("first ", found.first), ("second", found.second))]
    return [Verbatim("\n".join([*lines, f"        from 0 to {top:.1f} ms, over each run's own length"]))]


def _picture(side: Side, top: float) -> str:
    step = max(1, -(-len(side.course) // _PICTURE_WIDTH))
    peaks = [max(point.p95_ms for point in side.course[at : at + step]) for at in range(0, len(side.course), step)]
    return "".join(_BARS[min(7, int(8 * peak / top))] for peak in peaks) or "no latencies"


def _plan(found: SideBySide) -> list[Block]:
    rows = [(plain(what), plain(one), plain(other), "" if one == other else "≠") for what, one, other in found.plan]
    return table(("What", "First", "Second", ""), rows)
