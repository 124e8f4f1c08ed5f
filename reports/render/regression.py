"""A comparison with the baseline as markdown and as JSON."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import orjson

from reports.analysis.change import Change, Scale
from reports.analysis.tolerances import Outcome
from reports.render.markdown import bullets, document, plain, section, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.analysis.change import Finding
    from reports.analysis.regression import Regression
    from reports.model.measurement import Measurement

NA = "NA"
_ANSWERS = {
    Change.REGRESSED: "REGRESSED: worse by more than the smallest effect that matters",
    Change.IMPROVED: "IMPROVED: better by more than the smallest effect that matters",
    Change.EQUIVALENT: "EQUIVALENT: any change is smaller than the smallest effect that matters",
    Change.UNDERPOWERED: "UNDERPOWERED: these runs cannot tell; give another run of the same build with --again",
    Change.TOLERATED: "WITHIN TOLERANCES: a validation JSON holds no latencies to compare; no tolerance is broken",
    Change.NOT_COMPARED: "NOT COMPARED: the runs do not allow a comparison",
}


def regression_markdown(found: Regression) -> str:
    """Return the answer first, then every figure with its effect, interval and history."""
    return document(
        [f"# Comparison with the baseline: {found.change}", "", f"{_ANSWERS[found.change]}.", ""],
        bullets([*_subjects(found), *_reasons(found)]),
        section("Client", _figures(found.client)),
        section("Service", _figures(found.server)),
        section("Tolerances", _tolerances(found)),
        section("History", _history((*found.client, *found.server)), bullets(_left_out(found))),
        section("Differences to know", bullets(plain(flag) for flag in found.flags)),
    )


def _subjects(found: Regression) -> list[str]:
    tested = "; ".join(_subject(run) for run in found.current)
    return [
        f"Under test: {tested}",
        f"Baseline: {_subject(found.baseline)}, {len(found.history)} earlier runs like it",
    ]


def _subject(run: Measurement) -> str:
    taken = "" if run.at is None else f" of {run.at:%Y-%m-%d %H:%M} UTC"
    return f"{plain(run.name)}{taken}, {run.requests:,} requests in {run.duration_s:,.0f} s, cache {plain(run.impl)}"


def _reasons(found: Regression) -> list[str]:
    worse = [f.gauge.title for f in (*found.client, *found.server) if f.change is Change.REGRESSED]
    lines = [f"Regressed: {', '.join(worse)}"] if worse else []
    lines += [f"Tolerance broken: {plain(item.name)}, {plain(item.text)}" for item in found.broken]
    lines += [
        f"Not whole: {plain(reason)}. What is left may show a regression, never that there is none"
        for reason in found.cut
    ]
    return [*lines, *(f"Not comparable: {plain(reason)}" for reason in found.refused)]


def _figures(findings: Sequence[Finding]) -> list[str]:
    rows = [
        (
            finding.gauge.title,
            value_text(finding, finding.reference),
            value_text(finding, finding.current),
            effect_text(finding),
            interval_text(finding),
            _smallest(finding),
            str(finding.change),
            plain(finding.doubt),
        )
        for finding in findings
        if finding.change is not Change.NOT_COMPARED
    ]
    headers = ("Figure", "Baseline", "Now", "Effect", "95 % interval", "Smallest that matters", "Verdict", "Why")
    return [*table(headers, rows, right=(1, 2, 3)), *not_compared(findings)]


def not_compared(findings: Sequence[Finding]) -> list[str]:
    """Return a list, in markdown, of the figures that were not compared, by reason."""
    return bullets(plain(text) for text in reasons_not_compared(findings))


def reasons_not_compared(findings: Sequence[Finding]) -> list[str]:
    """Return the figures that were not compared, a sentence for each reason."""
    reasons: dict[str, list[str]] = {}
    for finding in findings:
        if finding.change is Change.NOT_COMPARED:
            reasons.setdefault(finding.doubt, []).append(finding.gauge.title)
    return [f"Not compared, {reason}: {', '.join(titles)}" for reason, titles in reasons.items()]


def value_text(finding: Finding, value: float | None) -> str:
    """Return a value with its unit."""
    return NA if value is None else f"{value:,.4g} {finding.gauge.unit}"


def effect_text(finding: Finding) -> str:
    """Return the effect with its sign."""
    return NA if finding.interval is None else _signed(finding, finding.interval.effect)


def interval_text(finding: Finding) -> str:
    """Return the interval, and how far the run's own noise and the difference between runs reach."""
    inside = finding.interval
    if inside is None:
        return NA
    own, between = (_unsigned(finding, value) for value in (inside.own, inside.between))
    return f"{_signed(finding, inside.low)} to {_signed(finding, inside.high)} (noise ±{own}, runs ±{between})"


def _smallest(finding: Finding) -> str:
    return NA if finding.smallest is None else _unsigned(finding, finding.smallest)


def _signed(finding: Finding, value: float) -> str:
    if not math.isfinite(value):
        return "unbounded"
    scaled = value if finding.gauge.scale is Scale.POINTS else 100 * value
    return f"{scaled:+.2f} {finding.gauge.scale}"


def _unsigned(finding: Finding, value: float) -> str:
    return _signed(finding, value).removeprefix("+")


def _tolerances(found: Regression) -> list[str]:
    checked = [item for item in found.tolerances if item.outcome is not Outcome.SKIPPED]
    rows = [(plain(item.name), str(item.outcome), plain(item.text)) for item in checked]
    skipped: dict[str, list[str]] = {}
    for item in found.tolerances:
        if item.outcome is Outcome.SKIPPED:
            skipped.setdefault(item.text, []).append(item.name)
    told = [f"Skipped, {plain(text)}: {plain(', '.join(names))}" for text, names in skipped.items()]
    return [*table(("Check", "Outcome", "Figures"), rows), *bullets(told)]


def _history(findings: Sequence[Finding]) -> list[str]:
    shown = [finding for finding in findings if len(finding.history) > 1]
    rows = [
        (finding.gauge.title, ", ".join(f"{value:.4g}" for _, value in finding.history), finding.gauge.unit)
        for finding in shown
    ]
    return table(("Figure", "Baseline, then earlier runs", "Unit"), rows)


def _left_out(found: Regression) -> list[str]:
    return [f"Left out: {plain(text)}" for text in found.left_out]


def regression_json(found: Regression) -> str:
    """Return the same as JSON; an unbounded or missing figure is null."""
    body = {
        "verdict": str(found.change),
        "exit_code": int(found.exit_code),
        "current": [run.name for run in found.current],
        "baseline": {"run": found.baseline.name, "impl": found.baseline.impl, "source": found.baseline.source},
        "history": [run.name for run in found.history],
        "left_out": list(found.left_out),
        "refused": list(found.refused),
        "flags": list(found.flags),
        "figures": [_finding(finding, side) for side, part in _sides(found) for finding in part],
        "tolerances": [
            {"check": item.name, "outcome": str(item.outcome).lower(), "text": item.text} for item in found.tolerances
        ],
    }
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode() + "\n"


def _sides(found: Regression) -> tuple[tuple[str, tuple[Finding, ...]], ...]:
    return (("client", found.client), ("server", found.server))


def _finding(finding: Finding, side: str) -> dict[str, Any]:
    inside = finding.interval
    return {
        "figure": finding.gauge.key,
        "side": side,
        "unit": finding.gauge.unit,
        "effect_unit": "percentage points" if finding.gauge.scale is Scale.POINTS else "ratio",
        "verdict": str(finding.change),
        "baseline": finding.reference,
        "current": finding.current,
        "effect": None if inside is None else inside.effect,
        "interval": None if inside is None else [_finite(inside.low), _finite(inside.high)],
        "noise": None if inside is None else _finite(inside.own),
        "between_runs": None if inside is None else _finite(inside.between),
        "smallest_effect": finding.smallest,
        "history": [{"run": name, "value": value} for name, value in finding.history],
        "why": finding.doubt or None,
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
