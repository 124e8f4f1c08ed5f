"""The production report for machines: the same figures as JSON, unrounded, in the units their keys name."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import iso_utc
from reports.analysis.client import PERCENTILES
from reports.analysis.quantity import Unit
from reports.render.redis import redis_body

if TYPE_CHECKING:
    from datetime import datetime

    from reports.analysis.assessment import Assessment
    from reports.analysis.check import Check
    from reports.analysis.client import ClockLine

SCHEMA_VERSION = 1
_UNITS = {Unit.PERCENT: "%", Unit.SECONDS: "s", Unit.MEGABYTES: "MB", Unit.PER_SECOND: "/s", Unit.COUNT: ""}


def production_json(assessment: Assessment, generated: datetime) -> str:
    """Return the report as one JSON object; a figure that does not exist is null."""
    run, found = assessment.run, assessment.insight
    body = {
        "schema_version": SCHEMA_VERSION,
        "run_id": run.name,
        "generated": iso_utc(generated),
        "verdict": assessment.verdict.value,
        "exit_code": int(assessment.exit_code),
        "reasons": list(assessment.reasons),
        "conclusion": {"outcome": found.conclusion.outcome.value, "points": list(found.conclusion.points)},
        "checks": [_check(check) for check in (*assessment.conduct, *assessment.slo)],
        "client_latency": [_clock(line) for line in assessment.clocks],
        "endings": {ending.label: ending.count for ending in assessment.endings},
        "endpoints": [
            {
                "name": item.name, "sent": item.sent, "done": item.done, "failed": item.failed,
                **{f"{name}_s": value for name, value in item.percentiles_s.items()},
            }
            for item in run.client.endpoints
        ],
        "fallback_sources": [asdict(source) for source in assessment.fallback],
        "redis": None if assessment.redis is None else redis_body(assessment.redis),
        "error_budget": [asdict(budget) for budget in assessment.budgets],
        "burn_rate": [asdict(burn) for burn in found.burns],
        "anomalies": [
            {"figure": one.what, "start_s": one.start_s, "end_s": one.end_s, "peak": one.peak, "median": one.median,
             "unit": _UNITS[one.unit]}
            for one in found.anomalies
        ],
        "warning_bands": [
            {"figure": band.name, "value": band.value, "band": band.warn, "level": band.level.value}
            for band in found.bands
        ],
        "health": {
            "score_pct": found.health.score_pct, "known_weight_pct": found.health.known_pct,
            "missing": list(found.health.missing),
        },
    }  # fmt: skip
    return orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _check(check: Check) -> dict[str, Any]:
    rows, goal = check.rows, check.goal
    return {
        "key": check.key,
        "title": check.title,
        "status": check.status.value,
        "weight": check.weight.value,
        "value": check.value,
        "unit": _UNITS[goal.unit] if goal else None,
        "target": goal.bound if goal else None,
        "at_most": goal.upper if goal else None,
        "samples": None if rows is None else asdict(rows),
        "reason": check.reason,
    }


def _clock(line: ClockLine) -> dict[str, Any]:
    percentiles = {f"p{q:g}_s": value for q, value in zip(PERCENTILES, line.percentiles_s, strict=True)}
    return {"clock": line.clock, "count": line.count, **percentiles, "max_s": line.maximum_s}
