"""The weekly trend in markdown and as a page of its own."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from reports.analysis.quantity import NA, plural
from reports.render.markdown import bullets, document, plain, section, table
from reports.render.nightly_quantity import change_text, figure_text
from reports.render.trend_svg import STYLE, trend_svg

if TYPE_CHECKING:
    from datetime import datetime

    from reports.analysis.trend import Course, Trend
    from reports.model.history import Nightly

_PAGE_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:1.5rem auto;max-width:72rem;padding:0 1rem;"
    "color:#1b1f24;background:#fff}"
    "table{border-collapse:collapse;display:block;overflow-x:auto;font-variant-numeric:tabular-nums}"
    "th,td{padding:.25rem .6rem;border-bottom:1px solid #d0d7de;text-align:right;white-space:nowrap}"
    "th:first-child,td:first-child{text-align:left}.fail{color:#b3261e;font-weight:600}.na{color:#8a5a00}"
    "@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#0d1117}th,td{border-color:#30363d}"
    ".fail{color:#ff8f85}.na{color:#e3b341}}"
)


def trend_markdown(trend: Trend, generated: datetime, picture: str = "") -> str:
    """Return the trend as markdown; `picture` is the address of the chart beside it, empty without one."""
    return document(
        [f"# Weekly Trend: {_span(trend)}", "", f"**Generated (UTC):** {iso_utc(generated)}  "],
        [f"**Nights:** {_count(trend)}  ", ""],
        [f"![Course of every metric]({picture})", ""] if picture else (),
        section("Nights", table(_headers(trend), _rows(trend), right=range(1, 4 + len(trend.courses) + 1))),
        section("Course", table(
            ("Metric", "Latest", "Usual", "Change", "Course", "Threshold"),
            (_course(item) for item in trend.courses), right=(1, 2, 3, 5),
        ), ["Usual is the median of the nights before the latest; steady is within 5 % of it.", ""]),
        section("Remarks", bullets(_remarks(trend))),
    )  # fmt: skip


def trend_page(trend: Trend, generated: datetime) -> str:
    """Return the trend as one self-contained HTML page."""
    title = f"Weekly trend: {_span(trend)}"
    head = "".join(f"<th>{escape(name)}</th>" for name in _headers(trend))
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in _rows(trend))
    remarks = "".join(f"<li>{escape(text)}</li>" for text in _remarks(trend))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_PAGE_STYLE}{STYLE}</style></head><body>"
        f"<h1>{escape(title)}</h1><p>{escape(_count(trend))}. Generated {iso_utc(generated)}.</p>"
        f"{trend_svg(trend)}<h2>Nights</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        f"{f'<h2>Remarks</h2><ul>{remarks}</ul>' if remarks else ''}</body></html>\n"
    )


def _cells(row: tuple[str, ...]) -> str:
    cells = []
    for text in row:
        kind = f' class="{text}"' if text in ("fail", "na") else ""
        cells.append(f"<td{kind}>{escape(text)}</td>")
    return "".join(cells)


def _span(trend: Trend) -> str:
    return f"{trend.nights[0].day} to {trend.nights[-1].day}"


def _count(trend: Trend) -> str:
    rest = len(trend.nights) - trend.passed - trend.failed
    told = f"{plural(len(trend.nights), 'night')}, {trend.passed} passed, {trend.failed} failed, {rest} na"
    return told + (f"; {plural(len(trend.missing), 'day')} without a file" if trend.missing else "")


def _headers(trend: Trend) -> tuple[str, ...]:
    return ("Date", "Passed", "Failed", "NA", "Status", *(course.column.title for course in trend.courses))


def _rows(trend: Trend) -> list[tuple[str, ...]]:
    rows = {night.day: _night(trend, at, night) for at, night in enumerate(trend.nights)}
    empty = {day: (str(day), NA, NA, NA, "missing", *[NA] * len(trend.courses)) for day in trend.missing}
    return [row for _, row in sorted((rows | empty).items())]


def _night(trend: Trend, at: int, night: Nightly) -> tuple[str, ...]:
    summary = None if night.validation is None else night.validation.summary
    counts = (NA, NA, NA) if summary is None else tuple(map(str, (summary.passed, summary.failed, summary.na)))
    return (
        str(night.day),
        *counts,
        night.status,
        *(figure_text(course.column, course.values[at]) for course in trend.courses),
    )


def _course(course: Course) -> tuple[str, ...]:
    return (
        course.column.title,
        figure_text(course.column, course.latest),
        figure_text(course.column, course.usual),
        change_text(course.change_pct),
        course.direction,
        figure_text(course.column, course.threshold),
    )


def _remarks(trend: Trend) -> list[str]:
    lines = [f"{night.name}: {plain(text)}" for night in trend.nights for text in night.complaints]
    if trend.missing:
        lines.append(f"Without a file: {', '.join(map(str, trend.missing))}")
    return lines
