"""The production report: its sections in order, and the same as markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.render import client, insight, record, redis, server, verdict
from reports.render.markdown import document
from reports.render.write_markdown import write_head, write_sections

if TYPE_CHECKING:
    from datetime import datetime

    from reports.analysis.assessment import Assessment
    from reports.render.blocks import Section

TITLE = "Production Report"


def production_report(assessment: Assessment, generated: datetime) -> str:
    """Return the report as markdown; `generated` is when it was made (aware)."""
    return document(
        write_head(verdict.head(assessment, TITLE, generated)), write_sections(production_sections(assessment))
    )


def conclusion_text(assessment: Assessment) -> str:
    """Return the conclusion alone as markdown."""
    return document(write_sections(insight.conclusion(assessment)))


def production_sections(assessment: Assessment) -> list[Section]:
    """Return what markdown and HTML both show, top to bottom."""
    return [
        *insight.conclusion(assessment),
        *verdict.slo_summary(assessment),
        *verdict.run_checks(assessment),
        *insight.changes(assessment),
        *client.latency(assessment),
        *client.both_sides(assessment),
        *client.requests(assessment),
        *insight.slowest(assessment),
        *insight.error_classes(assessment),
        *server.throughput(assessment),
        *server.fallback_sources(assessment),
        *server.operations(assessment),
        *redis.redis(assessment),
        *client.error_budget(assessment),
        *insight.burn_rate(assessment),
        *insight.anomalies(assessment),
        *insight.bands(assessment),
        *record.breaker(assessment.run),
        *record.absences(assessment),
        *record.irregularities(assessment),
        *record.parameters(assessment.run),
        *record.host(assessment.run),
        *record.targets(assessment),
        *insight.keepsake(assessment),
        *insight.checklist(assessment),
        *insight.completeness(assessment),
        *record.next_actions(assessment),
    ]
