"""The standing of service levels in markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from reports.analysis.quantity import NA, Unit, count, duration, limit, show
from reports.analysis.slo_tracking import Standing
from reports.model.service_level import MONTH_H
from reports.render.markdown import bullets, code, document, plain, section, table

if TYPE_CHECKING:
    from datetime import datetime

    from reports.analysis.slo_tracking import Indicator, LevelStanding, Period, Tracking
    from reports.model.service_level import ServiceLevel

_SIGNS = {Standing.MET: "✅ MET", Standing.MISSED: "❌ **MISSED**", Standing.NA: "⚠️ NA"}


def slo_tracking(tracking: Tracking, generated: datetime) -> str:
    """Return the tracking as markdown; `generated` is when it was made (aware)."""
    judged = tracking.judged
    title = f"# Service Levels: {judged.name}" if judged else "# Service Levels"
    return document(
        [title, "", f"**Generated (UTC):** {iso_utc(generated)}  "],
        _verdict(tracking),
        *((_level(level, judged) for level in judged.levels) if judged else ()),
        _compliance(judged) if judged else (),
        section("Months", _months(tracking)),
        section("Runs", bullets(_runs(tracking))),
        section("How It Is Counted", bullets(_method(tracking))),
    )


def _verdict(tracking: Tracking) -> list[str]:
    judged = tracking.judged
    if judged is None:
        return ["", "No run to judge: nothing is known about these service levels.", ""]
    told = [f"{level.level.title} {level.standing}" for level in judged.levels]
    return [f"**Standing:** {', '.join(told)}; compliance {judged.compliance.standing}  ", ""]


def _level(standing: LevelStanding, period: Period) -> list[str]:
    level = standing.level
    headers = ("Indicator", "Promise", "Measured", "Bad of all", "Burn", "Budget left", "Standing")
    rows = [_indicator(indicator, level) for indicator in standing.indicators]
    lines = [f"{name}: {text}" for name, text in _facts(standing, period)]
    return section(f"{level.title}: {standing.standing}", table(headers, rows, right=(2, 3, 4, 5)), bullets(lines))


def _indicator(indicator: Indicator, level: ServiceLevel) -> tuple[str, ...]:
    promise = f"≥ {limit(indicator.target_pct, Unit.PERCENT)}"
    if indicator.key == "latency":
        promise += f" within {limit(level.latency_s, Unit.SECONDS)}"
    return (indicator.title, promise, *_figures(indicator))


def _figures(indicator: Indicator) -> tuple[str, ...]:
    share = indicator.share
    timed = indicator.key == "availability"
    bad, total = share.total - share.good, share.total
    told = f"{duration(bad)} of {duration(total)}" if timed else f"{count(bad)} of {count(total)}"
    sign = _SIGNS[indicator.standing]
    if share.lacking and share.total:
        sign += f" ({share.lacking} runs lack it)" if share.lacking > 1 else " (1 run lacks it)"
    return (
        show(share.pct, Unit.PERCENT, beside=indicator.target_pct),
        told if total else NA,
        NA if indicator.burn is None else f"{indicator.burn:.2f} ×",
        show(indicator.budget_left_pct, Unit.PERCENT),
        sign,
    )


def _facts(standing: LevelStanding, period: Period) -> list[tuple[str, str]]:
    level = standing.level
    allowed = MONTH_H * 3600 * (100 - level.availability_pct) / 100
    facts = [
        ("Down", f"{duration(period.down_s)} of {duration(period.watched_s)} watched; a month of 730 h allows "
                 f"{duration(allowed)}"),
    ]  # fmt: skip
    if level.credits:
        due = standing.credit_pct
        text = NA if due is None else ("none due" if not due else f"{limit(due, Unit.PERCENT)} due")
        tiers = ", ".join(f"{limit(t.credit_pct, Unit.PERCENT)} from {limit(t.from_pct, Unit.PERCENT)}"
                          for t in level.credits)  # fmt: skip
        facts.append(("Service credit", f"{text} (availability; tiers below the promise: {tiers})"))
    return facts


def _compliance(period: Period) -> list[str]:
    indicator = period.compliance
    row = (f"≥ {limit(indicator.target_pct, Unit.PERCENT)}", *_figures(indicator))
    headers = ("Promise", "Measured", "Bad of all", "Burn", "Budget left", "Standing")
    return section("Compliance", ["Requests that succeeded and were within the SLO's latency, of all requests:", ""],
                   table(headers, [row], right=(1, 2, 3, 4)))  # fmt: skip


def _months(tracking: Tracking) -> list[str]:
    headers = ("Month", "Runs", "Availability", "Success", "P95", "SLO", "SLA", "Credit", "Compliance")
    return table(headers, map(_month, tracking.months), right=(1, 2, 3, 4, 7))


def _month(period: Period) -> tuple[str, ...]:
    slo, sla = period.levels
    availability, _, success = slo.indicators
    return (
        period.name,
        str(len(period.runs)),
        show(availability.share.pct, Unit.PERCENT, beside=slo.level.availability_pct),
        show(success.share.pct, Unit.PERCENT, beside=slo.level.success_pct),
        show(period.p95_s, Unit.SECONDS),
        slo.standing,
        sla.standing,
        show(sla.credit_pct, Unit.PERCENT),
        show(period.compliance.share.pct, Unit.PERCENT, beside=period.compliance.target_pct),
    )


def _runs(tracking: Tracking) -> list[str]:
    counted = [name for period in tracking.months for name in period.runs]
    lines = [f"Counted: {', '.join(code(name) for name in counted) or 'none'}"]
    lines += [f"{code(name)}: {plain(remark)}" for name, remark in tracking.remarks]
    lines += [f"Left out: {code(item.name)}, {plain(item.reason)}" for item in tracking.left_out]
    return lines


def _method(tracking: Tracking) -> list[str]:
    return [
        "Requests weigh, runs do not: every figure is one division of counts.",
        "Availability: the time whose probes were answered, of the time that was probed.",
        "Latency: response times at or below the threshold in the merged histograms, to their three digits; timeouts "
        "and drops are in them.",
        "Success: requests that succeeded, of those that ended; endings by our own host's fault are left out.",
        f"Burn is bad / allowed: above 1 × the budget is overspent. Compliance counts from "
        f"{limit(tracking.levels.compliance_pct, Unit.PERCENT)}.",
    ]
