"""The skeleton of an incident in markdown: what the run knows, and lines for what only people know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from reports.render.blocks import Ticks, bullets, code, paragraph, plain, prose, section, table
from reports.render.markdown import document
from reports.render.markdown import plain as escaped
from reports.render.write_markdown import write_sections

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from reports.model.incident import Incident
    from reports.render.blocks import Block, Section

_CODE = {"Target", "Runbook"}


def incident_page(incident: Incident, generated: datetime) -> str:
    """Return the skeleton as markdown; `generated` is when it was made (aware)."""
    summary = incident.summary
    return document(
        [f"# Incident: {escaped(incident.name)}", ""],
        [f"**{escaped(incident.response)}.** {escaped(summary[:1].upper() + summary[1:])}.", ""],
        [f"Generated (UTC): {iso_utc(generated)}. Empty boxes are for people to fill in.", ""],
        write_sections(_sections(incident)),
    )


def _sections(incident: Incident) -> Iterator[Section]:
    facts = [(name, code(value) if name in _CODE else plain(value)) for name, value in incident.facts]
    yield from section("Facts", table(("What", "On record"), facts))
    for stage in incident.stages:
        boxes: list[Block] = [Ticks(tuple((False, plain(text)) for text in stage.open))] if stage.open else []
        yield from section(stage.title, bullets(prose(text) for text in stage.known), boxes)
    rows = [(at, plain(text)) for at, text in incident.timeline]
    yield from section("Timeline", table(("Time (UTC)", "What"), rows))
    kept = ", ".join(code(name) for name in incident.evidence)
    told = "Keep the run directory: `loadgen report archive` puts it into one file with its sum."
    yield from section("Evidence", paragraph(told, *([f"In it: {kept}."] if kept else [])))
