"""What stands beside the verdict, as sections: conclusion, endpoints, errors, burn, anomalies, changes, keepsakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.bands import Level
from reports.analysis.conclusion import Outcome
from reports.analysis.health import WEIGHTS
from reports.analysis.quantity import NA, Unit, count, duration, show
from reports.render.blocks import (
    Badge,
    Ticks,
    Tone,
    Verbatim,
    bullets,
    code,
    paragraph,
    plain,
    prose,
    section,
    table,
)
from reports.render.scale import elapsed

if TYPE_CHECKING:
    from reports.analysis.anomalies import Anomaly
    from reports.analysis.assessment import Assessment
    from reports.analysis.burn import Burn
    from reports.analysis.health import Health
    from reports.model.client import Endpoint
    from reports.render.blocks import Cell, Section

_LEVELS = {
    Level.QUIET: Badge("clear"),
    Level.WARN: Badge("in the band", Tone.LOOK),
    Level.BEYOND: Badge("beyond", Tone.BAD),
}


def conclusion(assessment: Assessment) -> list[Section]:
    """Return the conclusion: its word, its sentence, its points."""
    found = assessment.insight.conclusion
    word = found.outcome.value if found.outcome is not Outcome.NONE else "none"
    told = f"Conclusion: {word}. {plain(found.sentence)}"
    return section("Conclusion", paragraph(told), bullets(plain(point) for point in found.points))


def slowest(assessment: Assessment) -> list[Section]:
    """Return the endpoints with the highest p99."""
    headers = ("Endpoint", "p99", "p95", "p50", "Max", "Sent", "Failed")
    return section("Slowest Endpoints", table(headers, map(_slow_row, assessment.insight.slowest), right=range(1, 7)))


def _slow_row(item: Endpoint) -> tuple[str, ...]:
    times = (show(item.percentiles_s.get(name), Unit.SECONDS) for name in ("p99", "p95", "p50", "max"))
    return (code(item.name), *times, count(item.sent), count(item.failed))


def error_classes(assessment: Assessment) -> list[Section]:
    """Return every class of failure that either side saw."""
    rows = [
        (code(item.label), "client", count(item.count), show(item.share_pct, Unit.PERCENT), plain(item.text))
        for item in assessment.endings
        if item.label != "ok"
    ]
    window, split = assessment.window, assessment.status_split
    if window is not None:
        for label, number, share_pct in (
            ("4xx", window.errors_4xx, split.share_4xx_pct),
            ("5xx", window.errors_5xx, split.share_5xx_pct),
        ):
            if number is None or number > 0:
                told = "answered by the service with such a status"
                rows.append((code(label), "server", count(number), show(share_pct, Unit.PERCENT), told))
    headers = ("Class", "Seen by", "Requests", "Share", "Meaning")
    none_seen = paragraph("Neither side saw a failure.") if assessment.endings or window is not None else []
    return section("Error Classes", table(headers, rows, right=(2, 3)) or none_seen)


def burn_rate(assessment: Assessment) -> list[Section]:
    """Return the burn rates over each window."""
    headers = ("Side", "Window", "At the end", "Worst", "Worst at", "Why NA")
    rows = table(headers, map(_burn_row, assessment.insight.burns), right=range(2, 5))
    legend = "1 uses up exactly the failures that the target allows; from counts of requests, weighted by them."
    return section("Burn Rate", rows, paragraph(legend) if rows else [])


def _burn_row(burn: Burn) -> tuple[str, ...]:
    rates = ("NA" if rate is None else f"{rate:.2f}" for rate in (burn.last, burn.worst))
    window = "whole run" if burn.window_s is None else duration(burn.window_s)
    whole = burn.window_s is None
    last, worst = rates
    at = NA if burn.worst_s is None else elapsed(burn.worst_s)
    return (burn.side, window, last, "-" if whole else worst, "-" if whole else at, plain(burn.reason or "-"))


def anomalies(assessment: Assessment) -> list[Section]:
    """Return the stretches that stood far above the run's own median."""
    headers = ("Figure", "From", "To", "Peak", "Median", "Times")
    rows = table(headers, map(_anomaly_row, assessment.insight.anomalies), right=range(1, 6))
    legend = "Far above: three times the median and eight robust deviations beyond it. Information, never a verdict."
    return section("Anomalies", rows or paragraph("Nothing stood far above the run's own median."), paragraph(legend))


def _anomaly_row(found: Anomaly) -> tuple[str, ...]:
    figures = (show(found.peak, found.unit), show(found.median, found.unit))
    return (found.what, elapsed(found.start_s), elapsed(found.end_s), *figures, found.times or "-")


def bands(assessment: Assessment) -> list[Section]:
    """Return the bands around the targets."""
    rows: list[tuple[Cell, ...]] = [
        (band.name, band.value, band.warn, _LEVELS[band.level]) for band in assessment.insight.bands
    ]
    figures = table(("Figure", "Value", "Band", "Where"), rows, right=(1, 2))
    return section("Warning Bands (info)", figures, paragraph(*_health(assessment.insight.health)) if rows else [])


def _health(health: Health) -> tuple[str, ...]:
    told = f"Health, weighted: {show(health.score_pct, Unit.PERCENT)}. Information, never a verdict."
    weights = ", ".join(f"{weight.title} {weight.percent:g}" for weight in WEIGHTS)
    counted = f"Weights: {weights}; met counts whole, in the band half, beyond nothing."
    missing = f"Left out, for they have no figure: {', '.join(health.missing)}." if health.missing else ""
    return tuple(line for line in (told, counted, missing) if line)


def changes(assessment: Assessment) -> list[Section]:
    """Return what changed since the last baseline; nothing where none is saved."""
    found = assessment.insight.changes
    if found is None:
        return []
    headers = ("Figure", "Baseline", "This run", "Change")
    rows = [(item.title, item.before, item.now, item.change) for item in found.figures]
    told = f"Baseline: {code(found.baseline)}. Differences only: intervals decide what a regression is."
    conditions = bullets(plain(condition) for condition in found.conditions)
    return section("Since the Last Baseline", paragraph(told), table(headers, rows, right=range(1, 4)), conditions)


def keepsake(assessment: Assessment) -> list[Section]:
    """Return the texts of a commit and a tag for a GO."""
    found = assessment.insight.keepsake
    if found is None:
        return section("Commit and Tag", paragraph("Only a GO is worth a tag."))
    message = Verbatim("\n".join(map(plain, found.lines)))
    return section("Commit and Tag", paragraph(f"Tag: {code(found.tag)}. Nothing was committed."), [message])


def checklist(assessment: Assessment) -> list[Section]:
    """Return the operator's checklist."""
    points = tuple((point.done, prose(point.text)) for point in assessment.insight.checklist)
    return section("Operator Checklist", [Ticks(points)])


def completeness(assessment: Assessment) -> list[Section]:
    """Return what this report could not tell."""
    topics = assessment.insight.topics
    lacking = [topic for topic in topics if topic.absence]
    told = f"{len(topics) - len(lacking)} of {len(topics)} topics are covered."
    return section(
        "Report Completeness",
        paragraph(told),
        bullets(f"{topic.title} is missing: {plain(topic.absence)}" for topic in lacking),
    )
