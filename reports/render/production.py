"""The production report in markdown: its order, top to bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.render import client, record, server, verdict
from reports.render.markdown import document

if TYPE_CHECKING:
    from datetime import datetime

    from reports.analysis.assessment import Assessment


def production_report(assessment: Assessment, generated: datetime) -> str:
    """Return the report as markdown; `generated` is when it was made (aware)."""
    return document(
        verdict.head(assessment, "Production Report", generated),
        verdict.slo_summary(assessment),
        verdict.run_checks(assessment),
        client.latency(assessment),
        client.requests(assessment),
        server.throughput(assessment),
        server.fallback_sources(assessment),
        server.operations(assessment),
        client.both_sides(assessment),
        client.error_budget(assessment),
        record.breaker(assessment.run),
        record.absences(assessment),
        record.irregularities(assessment),
        record.parameters(assessment.run),
        record.host(assessment.run),
        record.targets(assessment),
        record.next_actions(assessment),
    )
