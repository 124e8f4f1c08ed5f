"""The observation report in markdown: eleven numbered sections from several runs and a checklist."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from loadgen.core.drill_record import CRITERIA
from reports.analysis.conduct import explain, tripped
from reports.analysis.quantity import NA, Unit, count, duration, plural, show
from reports.analysis.readiness import MOST, Decision, merged_clock
from reports.render.markdown import bullets, code, document, plain, prose, section, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from reports.analysis.assessment import Assessment
    from reports.analysis.drills import Held
    from reports.analysis.point import Point
    from reports.analysis.readiness import Readiness
    from reports.model.checklist import Checklist
    from reports.model.client import Endpoint

_SIGNS = {Decision.GO: "✅", Decision.CONDITIONAL: "⚠️", Decision.NO_GO: "❌"}
_MOST_ENDPOINTS = 10
Lines = list[str]


def observation_report(
    assessments: Sequence[Assessment],
    checklist: Checklist,
    readiness: Readiness,
    generated: datetime,
    held: Sequence[Held] = (),
) -> str:
    """Return the report as markdown; `generated` is when it was made (aware)."""
    parts = (
        ("Executive Summary", _summary(assessments, readiness)),
        ("Run Behaviour", _behaviour(assessments)),
        ("SLOs", _slos(assessments)),
        ("Error Classes", _errors(assessments)),
        ("Slowest Endpoints and the Generator's Own Lag", _endpoints(assessments)),
        ("Alerts Fired", _alerts(assessments)),
        ("Metrics Collection Health", _collection(assessments)),
        ("Drill Results", _drills(checklist, held)),
        ("Readiness", _readiness(readiness)),
        ("Recommendations", _recommendations(assessments, readiness)),
        ("Go / No-Go", _decision(readiness)),
    )
    return document(
        [f"# Observation Report: {plural(len(assessments), 'run')}", "", f"Generated (UTC): {iso_utc(generated)}", ""],
        *(section(f"{at}. {title}", lines) for at, (title, lines) in enumerate(parts, 1)),
    )


def _summary(assessments: Sequence[Assessment], readiness: Readiness) -> Lines:
    requests = sum(item.client_errors.judged for item in assessments if item.client_errors)
    seconds = sum(item.coverage.seconds or 0.0 for item in assessments)
    return [
        f"**{_SIGNS[readiness.decision]} {readiness.decision}**: {readiness.score} of {MOST} points, grade "
        f"{readiness.grade} (go {readiness.when}).",
        "",
        *bullets(
            [
                f"{plural(len(assessments), 'run')}, {count(requests)} requests, {duration(seconds)} observed",
                *(f"{plain(item.run.name)}: {item.verdict}" for item in assessments),
            ]
        ),
        *[f"> **{plain(item.run.name)}: {plain(banner)}**\n" for item in assessments for banner in item.banners],
    ]


def _behaviour(assessments: Sequence[Assessment]) -> Lines:
    rows = [
        (
            code(item.run.name),
            str(item.verdict),
            plain(item.run.status or NA),
            plain(item.run.parameters.rate or NA),
            count(item.client_errors.judged if item.client_errors else None),
            show(item.client_errors.success_pct if item.client_errors else None, Unit.PERCENT),
            f"{item.coverage.samples} of {NA if item.coverage.asked is None else item.coverage.asked}",
            plain(item.run.validity.state or NA),
        )
        for item in assessments
    ]
    headers = ("Run", "Verdict", "Ended", "Rate", "Requests", "Success", "Samples", "Validity")
    return table(headers, rows, right=(4, 5))


def _slos(assessments: Sequence[Assessment]) -> Lines:
    titles = [(check.key, check.title, check.goal) for check in assessments[0].slo]
    rows = []
    for key, title, goal in titles:
        cells = []
        for item in assessments:
            check = next(check for check in item.slo if check.key == key)
            unit = check.goal.unit if check.goal else Unit.COUNT
            cells.append(f"{show(check.value, unit)} {check.status}")
        rows.append((title, *cells, str(goal) if goal else NA))
    return table(("Objective", *(code(item.run.name) for item in assessments), "Target"), rows)


def _errors(assessments: Sequence[Assessment]) -> Lines:
    rows = [
        (
            code(item.run.name),
            code(ending.label),
            count(ending.count),
            show(ending.share_pct, Unit.PERCENT),
            ending.text,
        )
        for item in assessments
        for ending in item.endings
        if ending.label != "ok"
    ]
    found = table(("Run", "Ending", "Requests", "Share", "Meaning"), rows, right=(2, 3))
    return found or ["No request failed.", ""]


def _endpoints(assessments: Sequence[Assessment]) -> Lines:
    every = [(item.run.name, endpoint) for item in assessments for endpoint in item.run.client.endpoints]
    slowest = sorted(every, key=lambda pair: -(pair[1].percentiles_s.get("p95") or 0.0))[:_MOST_ENDPOINTS]
    rows = [(code(name), code(endpoint.name), *_times(endpoint)) for name, endpoint in slowest]
    merged = merged_clock(assessments, "lag")
    lag = NA if merged is None or not merged.total else show(merged.percentile(99.0) / 1e9, Unit.SECONDS)
    found = table(("Run", "Endpoint", "Sent", "p50", "p95", "p99", "Max"), rows, right=range(2, 7))
    return [*(found or ["No endpoint is on record.", ""]), f"Own lag of the generator, p99 over all runs: {lag}.", ""]


def _times(endpoint: Endpoint) -> tuple[str, ...]:
    times = (show(endpoint.percentiles_s.get(name), Unit.SECONDS) for name in ("p50", "p95", "p99", "max"))
    return (count(endpoint.sent), *times)


def _alerts(assessments: Sequence[Assessment]) -> Lines:
    return bullets(_alerts_of(assessments)) or ["Nothing fired: no breaker tripped and no probe failed.", ""]


def _alerts_of(assessments: Sequence[Assessment]) -> Iterator[str]:
    for item in assessments:
        run = item.run
        if tripped(run):
            why = explain(run.breaker.trip) if run.breaker.trip else "the record does not say why"
            yield f"{plain(run.name)}: circuit breaker {plain(why)}"
        if run.probes.failed:
            yield f"{plain(run.name)}: {count(run.probes.failed)} of {plural(run.probes.count, 'probe')} failed"


def _collection(assessments: Sequence[Assessment]) -> Lines:
    rows = []
    for item in assessments:
        window = item.window
        missing = [check.title for check in item.slo if check.missing]
        rows.append(
            (
                code(item.run.name),
                plain(item.run.metrics_mode or NA),
                count(window.scrapes if window else None),
                count(window.failed_scrapes if window else None),
                count(window.resets if window else None),
                plain(", ".join(missing) or "none"),
                plain("; ".join(str(damage) for damage in item.run.damages) or "none"),
            )
        )
    headers = ("Run", "Mode", "Scrapes", "Failed", "Resets", "Missing mandatory metrics", "Damaged files")
    return table(headers, rows, right=(2, 3, 4))


def _drills(checklist: Checklist, held: Sequence[Held]) -> Lines:
    told = [
        (plain(drill.name), "passed" if drill.passed else "**failed**", plain(drill.evidence or "none"))
        for drill in checklist.drills
    ]
    lines = [*_records(held), *table(("Drill", "Result", "Evidence"), told)]
    return lines or ["No drill is on record.", ""]


def _records(held: Sequence[Held]) -> Lines:
    rows = [
        (
            plain(f"{item.record.drill}: {item.record.title}"),
            f"{item.record.score} of {len(CRITERIA)}",
            item.record.grade,
            plain(item.why_not or "yes"),
            plural(max(0, item.age.days), "day"),
            plain(", ".join(_failed(item)) or "none"),
        )
        for item in held
    ]
    return table(("Tabletop drill", "Score", "Grade", "Counts", "Age", "Failed"), rows, right=(1,))


def _failed(item: Held) -> Iterator[str]:
    for criterion in CRITERIA:
        finding = item.record.findings.get(criterion.key)
        if finding is not None and not finding.counts:
            yield criterion.title


def _readiness(readiness: Readiness) -> Lines:
    def rows(points: tuple[Point, ...]) -> list[tuple[str, str, str]]:
        return [(plain(point.title), str(point.value), plain(_said(point))) for point in points]

    technical, operational = readiness.technical, readiness.operational
    return [
        f"Technical: {sum(point.value for point in technical)} of {len(technical)}.",
        "",
        *table(("Technical point", "Point", "Evidence"), rows(technical), right=(1,)),
        f"Operational: {sum(point.value for point in operational)} of {len(operational)}.",
        "",
        *table(("Operational point", "Point", "Evidence"), rows(operational), right=(1,)),
        "Grades: 9 or 10 points A+ (go now), 7 or 8 A (within 24 h), 5 or 6 B (later), fewer F. A point without "
        "evidence is 0.",
        "",
    ]


def _said(point: Point) -> str:
    return f"0 points, {point.reason}" if point.earned is None else point.reason


def _recommendations(assessments: Sequence[Assessment], readiness: Readiness) -> Lines:
    actions = dict.fromkeys(prose(action) for item in assessments for action in item.actions)
    return bullets([*(plain(f"Open: {text}") for text in readiness.conditions), *actions])


def _decision(readiness: Readiness) -> Lines:
    lines = [
        f"**{readiness.decision}**, score {readiness.score} of {MOST} (7 are needed), exit code "
        f"{int(readiness.decision.exit_code)}.",
        "",
    ]
    if readiness.stops:
        lines += ["It is stopped by:", "", *bullets(plain(text) for text in readiness.stops)]
    if readiness.conditions:
        before = "Before going" if readiness.decision is not Decision.GO else "Open"
        lines += [f"{before}:", "", *bullets(plain(text) for text in readiness.conditions)]
    return lines
