"""The production report as one HTML file: the same sections as the markdown, with charts before them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from reports.analysis.quantity import NA, show
from reports.render import verdict
from reports.render.blocks import Tone
from reports.render.page import drawn, page
from reports.render.production import TITLE, production_sections
from reports.render.scale import elapsed

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from reports.analysis.assessment import Assessment
    from reports.analysis.check import Check

_TILES = (
    ("success_client", "Success"),
    ("p95_client", "p95 response"),
    ("p99_client", "p99 response"),
    ("error", "Errors (server)"),
    ("effective_fallback", "Effective fallback"),
    ("memory", "Memory"),
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One of the few figures that stand below the verdict."""

    name: str
    value: str
    target: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Marked:
    """A mark in words."""

    when: str
    kind: str
    text: str


def production_page(assessment: Assessment, generated: datetime, mask: Callable[[str], str]) -> str:
    """Return the report as HTML; `generated` is when it was made (aware), `mask` takes secrets out of a text."""
    course, spectrum = assessment.insight.course, assessment.insight.spectrum
    charts = [*course, *([] if spectrum.empty else [spectrum])]
    began, head = assessment.run.t0, verdict.head(assessment, TITLE, generated)
    context = {
        "head": head,
        "tiles": _tiles(assessment),
        "course": [drawn(chart) for chart in course],
        "course_note": f"Time since the load began (t = 0 is {iso_utc(began)})." if began else "",
        "marks": [Marked(elapsed(mark.at), mark.kind, mark.text) for mark in course[0].marks] if course else [],
        "spectrum": None if spectrum.empty else drawn(spectrum),
        "facts": [fact for fact in head.facts if fact[0] != "Key figures"],  # the tiles show them
        "sections": production_sections(assessment),
        "foot": f"Made by loadgen from {assessment.run.name} at {iso_utc(generated)}. All times are UTC.",
    }
    return page("production.html.j2", charts, context, mask)


def _tiles(assessment: Assessment) -> list[Tile]:
    checks = {check.key: check for check in assessment.slo}
    return [_tile(checks[key], name) for key, name in _TILES if key in checks]


def _tile(check: Check, name: str) -> Tile:
    if check.goal is None:
        return Tile(name, NA, "", Tone.NONE)
    value = show(check.value, check.goal.unit, beside=check.goal.bound)
    return Tile(name, value, f"target {check.goal}", verdict.badge(check.status).tone)
