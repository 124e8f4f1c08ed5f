"""The head of a report: the verdict and why, the objectives, the checks of the run itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from reports.analysis.assessment import Verdict
from reports.analysis.check import Status, Weight
from reports.analysis.quantity import NA, duration, show
from reports.render.blocks import Badge, Head, Tone, bullets, code, paragraph, plain, section, table

if TYPE_CHECKING:
    from datetime import datetime

    from reports.analysis.assessment import Assessment
    from reports.analysis.check import Check
    from reports.render.blocks import Cell, Section

_SIGNS = {Verdict.GO: "✅", Verdict.NO_GO: "❌", Verdict.INCOMPLETE: "⚠️", Verdict.INVALID: "🚫"}
_TONES = {Status.PASS: Tone.GOOD, Status.WARN: Tone.LOOK, Status.FAIL: Tone.BAD, Status.NA: Tone.NONE}
_SHOUT = {Status.WARN: "⚠️ WARN", Status.NA: "NA"}
_VERDICT_TONES = {
    Verdict.GO: Tone.GOOD,
    Verdict.NO_GO: Tone.BAD,
    Verdict.INCOMPLETE: Tone.LOOK,
    Verdict.INVALID: Tone.BAD,
}


def head(assessment: Assessment, title: str, generated: datetime) -> Head:
    """Return the title, the verdict with its reasons, and what the run was."""
    return Head(
        title=f"{title}: {plain(assessment.run.name)}",
        verdict=Badge(verdict_text(assessment), _VERDICT_TONES[assessment.verdict]),
        sign=_SIGNS[assessment.verdict],
        reasons=tuple(plain(reason) for reason in assessment.reasons),
        banners=tuple(plain(banner) for banner in assessment.banners),
        facts=tuple(_facts(assessment, generated)),
    )


def badge(status: Status) -> Badge:
    """Return a check's answer as a badge."""
    return Badge(status.value, _TONES[status])


def _facts(assessment: Assessment, generated: datetime) -> list[tuple[str, str]]:
    asked, figures = assessment.run.parameters, assessment.key_figures
    lacking = ", ".join(plain(name.replace("_", " ")) for name in assessment.run.not_applicable)
    return [
        *([("Not applicable", f"{lacking} (the metric profile has no such metric)")] if lacking else []),
        ("Key figures", "; ".join(plain(figure) for figure in figures) or NA),
        ("Generated (UTC)", iso_utc(generated)),
        ("Samples", _samples(assessment)),
        ("Environment", f"{plain(asked.environment or NA)} (profile {plain(asked.profile or NA)})"),
        ("Kind", plain(asked.kind or NA)),
        ("Target", code(asked.base_url)),
        ("Exit code", f"{assessment.exit_code:d} ({assessment.exit_code.meaning})"),
    ]


def verdict_text(assessment: Assessment) -> str:
    """Return the verdict; an INCOMPLETE names what is missing, since it is no GO."""
    if assessment.verdict is not Verdict.INCOMPLETE:
        return assessment.verdict.value
    return f"INCOMPLETE (NO-GO: missing {', '.join(plain(name) for name in assessment.missing)})"


def _samples(assessment: Assessment) -> str:
    coverage = assessment.coverage
    asked = NA if coverage.asked is None else str(coverage.asked)
    return f"{coverage.samples} of {asked} asked, over {duration(coverage.seconds)}"


def slo_summary(assessment: Assessment, title: str = "SLO Summary") -> list[Section]:
    """Return the summary table, and why a line is WARN or NA."""
    headers = ("Metric", "Judged", "Min", "Max", "Avg", "StdDev", "Target", "Verdict")
    lines = table(headers, (_slo_row(check) for check in assessment.slo), right=range(1, 7))
    notes = [
        f"{check.title} {_SHOUT[check.status]}: {plain(check.reason)}"
        for check in assessment.slo
        if check.status in (Status.WARN, Status.NA)
    ]
    legend = (
        "Judged is the whole window: sums, merged buckets, the merged client histogram; memory is the rows' average. "
        "Min, Max, Avg and StdDev (population) are of the samples and are never judged."
    )
    return section(title, lines, paragraph(legend), bullets(notes))


def _slo_row(check: Check) -> tuple[Cell, ...]:
    goal, rows = check.goal, check.rows
    if goal is None:
        return (check.title, *[NA] * 6, badge(check.status))
    spread = (rows.minimum, rows.maximum, rows.average, rows.stddev) if rows else (None,) * 4
    verdict = badge(check.status)
    if check.weight is Weight.INFORMATIVE and check.status is not Status.NA:
        verdict = Badge("within (info)" if check.status is Status.PASS else "beyond (info)")
    return (
        check.title,
        show(check.value, goal.unit, beside=goal.bound),
        *(show(figure, goal.unit) for figure in spread),
        str(goal),
        verdict,
    )


def run_checks(assessment: Assessment) -> list[Section]:
    """Return the checks of the run itself."""
    rows = [(check.title, badge(check.status), plain(check.reason)) for check in assessment.conduct]
    return section("Run Checks", table(("Check", "Result", "What stands behind it"), rows))
