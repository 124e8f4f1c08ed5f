"""Two runs beside each other as markdown and as one self-contained page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from reports.analysis.change import Change
from reports.render.markdown import bullets, document, plain, section, table
from reports.render.overlay import Curve, nines, overlay, time_feet
from reports.render.regression import effect_text, interval_text, not_compared, value_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reports.analysis.change import Finding
    from reports.analysis.side_by_side import Side, SideBySide
    from reports.model.measurement import Measurement

_BARS = "▁▂▃▄▅▆▇█"
_PICTURE_WIDTH = 60
_FIGURES = ("Figure", "First", "Second", "Effect", "95 % interval", "Judged", "Why")
_STYLE = """
:root{--ink:#1a2530;--paper:#fff;--line:#d5dbe1;--one:#0b66c3;--two:#c2410c}
@media (prefers-color-scheme:dark){:root{--ink:#e4e9ee;--paper:#14191f;--line:#39424c;--one:#6cb2ff;--two:#ff9a62}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:2rem auto;
padding:0 1rem}
.wide{overflow-x:auto}table{border-collapse:collapse;margin:.5rem 0}
th,td{border-bottom:1px solid var(--line);padding:.25rem .6rem;text-align:left;white-space:nowrap}
tr.differs td{font-weight:600}svg{width:100%;height:auto}svg text{fill:var(--ink);font-size:12px}
svg .grid{stroke:var(--line)}svg path{fill:none;stroke-width:2}
svg .one,svg .one-soft{stroke:var(--one)}svg .two,svg .two-soft{stroke:var(--two)}
svg .one-soft,svg .two-soft{stroke-dasharray:4 4;stroke-width:1.2}
.key-one{color:var(--one)}.key-two{color:var(--two)}
""".strip()


def comparison_markdown(found: SideBySide) -> str:
    """Return the comparison as markdown; the course of both runs is drawn in letters on one scale."""
    return document(
        ["# Two runs side by side", ""],
        bullets([f"First: {plain(_told(found.first.run))}", f"Second: {plain(_told(found.second.run))}"]),
        section("Cautions", bullets(plain(text) for text in found.cautions)),
        section("Client", table(_FIGURES, _rows(found.client), right=(1, 2, 3)), not_compared(found.client)),
        section("Service", table(_FIGURES, _rows(found.server), right=(1, 2, 3)), not_compared(found.server)),
        section("Percentiles of the response time", _spectrum(found)),
        section("Course of the p95", _course(found)),
        section("Plan and generator", _plan(found)),
    )


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


def _spectrum(found: SideBySide) -> list[str]:
    return table(("Percentile", "First", "Second", "Difference"), _spectrum_rows(found), right=(1, 2, 3))


def _course(found: SideBySide) -> list[str]:
    points = [point.p95_ms for side in (found.first, found.second) for point in side.course]
    if not points:
        return []
    top = max(points)
    lines = [f"{name}  {_picture(side, top)}" for name, side in (("first ", found.first), ("second", found.second))]
    return ["```", *lines, f"        from 0 to {top:.1f} ms, over each run's own length", "```", ""]


def _picture(side: Side, top: float) -> str:
    step = max(1, -(-len(side.course) // _PICTURE_WIDTH))
    peaks = [max(point.p95_ms for point in side.course[at : at + step]) for at in range(0, len(side.course), step)]
    return "".join(_BARS[min(7, int(8 * peak / top))] for peak in peaks) or "no latencies"


def _plan(found: SideBySide) -> list[str]:
    rows = [(plain(what), plain(one), plain(other), "" if one == other else "≠") for what, one, other in found.plan]
    return table(("What", "First", "Second", ""), rows)


def comparison_html(found: SideBySide) -> str:
    """Return the comparison as one page that loads nothing and needs no script."""
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Two runs side by side</title><style>\n{_STYLE}\n</style></head><body>"
    )
    parts = [
        head,
        "<h1>Two runs side by side</h1>",
        f'<p><span class="key-one">■ first: {escape(_told(found.first.run))}</span><br>'
        f'<span class="key-two">■ second: {escape(_told(found.second.run))}</span></p>',
        _list("Cautions", found.cautions),
        _chart("Response time over the run: p95, dashed p50", _course_chart(found)),
        _chart("Percentiles of the response time", _spectrum_chart(found)),
        _table("Client", _FIGURES, _plain_rows(found.client)),
        _table("Service", _FIGURES, _plain_rows(found.server)),
        _list("Not compared", _missing(found)),
        _table("Percentiles", ("Percentile", "First", "Second", "Difference"), _spectrum_rows(found)),
        _table("Plan and generator", ("What", "First", "Second"), found.plan, marked=True),
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _plain_rows(findings: Sequence[Finding]) -> list[tuple[str, ...]]:
    return [(*row[:-1], item.doubt) for row, item in zip(_rows(findings), _compared(findings), strict=True)]


def _missing(found: SideBySide) -> list[str]:
    findings = [item for item in (*found.client, *found.server) if item.change is Change.NOT_COMPARED]
    return [f"{item.gauge.title}: {item.doubt}" for item in findings]


def _course_chart(found: SideBySide) -> str:
    curves = []
    for name, side in (("one", found.first), ("two", found.second)):
        curves.append(Curve(name, [(point.at_s, point.p95_ms) for point in side.course]))
        curves.append(Curve(f"{name}-soft", [(point.at_s, point.p50_ms) for point in side.course]))
    longest = max(found.first.run.duration_s, found.second.run.duration_s)
    return overlay("Response time over the run", curves, time_feet(longest))


def _spectrum_chart(found: SideBySide) -> str:
    curves = [
        Curve(name, [(nines(quantile), ms) for quantile, ms in side.spectrum])
        for name, side in (("one", found.first), ("two", found.second))
    ]
    return overlay(
        "Percentiles", curves, [(nines(quantile), f"p{quantile:g}") for quantile in (50, 90, 99, 99.9, 99.99)]
    )


def _chart(title: str, picture: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{picture}" if picture else ""


def _list(title: str, texts: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(text)}</li>" for text in texts)
    return f"<h2>{escape(title)}</h2><ul>{items}</ul>" if items else ""


def _table(title: str, headers: Sequence[str], rows: Sequence[Sequence[str]], *, marked: bool = False) -> str:
    if not rows:
        return ""
    head = "".join(f"<th>{escape(text)}</th>" for text in headers)
    body = "".join(
        f"<tr{_mark(row, marked)}>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<h2>{escape(title)}</h2><div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _mark(row: Sequence[str], marked: bool) -> str:
    return ' class="differs"' if marked and row[1] != row[2] else ""
