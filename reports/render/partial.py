"""The partial summary in markdown: what a person who was called to an aborted run needs, in one page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from reports.analysis.partial import planned_text
from reports.render import client, record, verdict
from reports.render.blocks import bullets, numbered, paragraph, plain, prose, section
from reports.render.markdown import document
from reports.render.markdown import plain as escaped
from reports.render.write_markdown import write_sections

if TYPE_CHECKING:
    from datetime import datetime

    from reports.analysis.partial import Partial
    from reports.render.blocks import Block, Section


def partial_summary(partial: Partial, generated: datetime) -> str:
    """Return the summary as markdown; `generated` is when it was made (aware)."""
    run = partial.assessment.run
    return document(
        [f"# Partial Summary: {escaped(run.name)}", ""],
        [f"**{escaped(_sentence(partial.trip or partial.end))}** This is no verdict and no baseline.", ""],
        [f"Generated (UTC): {iso_utc(generated)}", ""],
        write_sections(_sections(partial)),
    )


def _sections(partial: Partial) -> list[Section]:
    assessment = partial.assessment
    run = assessment.run
    return [
        *section("Impact", bullets(plain(sentence) for sentence in partial.impact)),
        *record.parameters(run),
        *section("Duration", bullets(_duration(partial))),
        *verdict.slo_summary(assessment, "Partial Results"),
        *section("Circuit Breaker Trip", _trip(partial)),
        *section("What To Do", numbered(prose(item) for item in partial.actions)),
        *client.latency(assessment),
        *client.requests(assessment),
        *verdict.run_checks(assessment),
        *record.irregularities(assessment),
        *record.host(run),
    ]


def _trip(partial: Partial) -> list[Block]:
    if not partial.trip:
        return []
    trip = partial.assessment.run.breaker.trip
    detail = trip.detail if trip else ""
    return paragraph(*(plain(_sentence(text)) for text in (partial.trip, detail) if text))


def _duration(partial: Partial) -> list[str]:
    coverage = partial.assessment.coverage
    asked = "NA" if coverage.asked is None else str(coverage.asked)
    return [f"Load: {planned_text(partial)}", f"Samples: {coverage.samples} of {asked}"]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")
