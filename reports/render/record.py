"""What the run was and what else its record says: parameters, breaker, absences, irregularities, targets, actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.clock import iso_utc
from loadgen.core.slo import OBJECTIVES
from loadgen.core.slo import Unit as TargetUnit
from reports.analysis.quantity import NA, Unit, count, duration, limit, show
from reports.render.blocks import bullets, code, numbered, plain, prose, section, table

if TYPE_CHECKING:
    from datetime import datetime

    from reports.analysis.assessment import Assessment
    from reports.model.run import Run, Warmup
    from reports.render.blocks import Section

_UNITS = {
    TargetUnit.PERCENT: Unit.PERCENT,
    TargetUnit.SECONDS: Unit.SECONDS,
    TargetUnit.MEGABYTES: Unit.MEGABYTES,
}


def parameters(run: Run) -> list[Section]:
    """Return what was asked."""
    asked = run.parameters
    rows = [
        ("Rate", plain(asked.rate or NA)),
        ("Concurrency", f"{count(asked.concurrency)} connections, {count(asked.workers)} worker(s)"),
        ("Duration", duration(asked.duration_s)),
        ("Samples", f"{count(asked.samples)}, one every {duration(asked.interval_s)}"),
        ("Metrics", ", ".join(code(url) for url in asked.metrics_urls) or NA),
        ("Metrics mode", plain(run.metrics_mode or NA)),
        ("Cache misses count as fallback", _answer(asked.cache_miss_counted)),
        ("Breaker counts cache misses", _answer(asked.breaker_counts_misses)),
        ("JWT provided", _answer(asked.jwt_provided)),
        ("Warm-up", _warmup(run.warmup)),
        ("Started, ended", f"{_moment(run.started)} – {_moment(run.ended)}"),
    ]
    return section("Run Parameters", table(("Parameter", "Value"), rows))


def host(run: Run) -> list[Section]:
    """Return the fingerprint of the host and the build that put the load."""
    rows = [(plain(name), plain(value)) for name, value in run.fingerprint.items()]
    return section("Generator Host", table(("Property", "Value"), rows))


def _warmup(warmup: Warmup | None) -> str:
    if warmup is None:
        return "none on record"
    rate = show(warmup.rate_per_s, Unit.PER_SECOND)
    asked = f"{duration(warmup.duration_s)} at {rate}, concurrency {count(warmup.concurrency)}"
    return f"{asked}: {count(warmup.sent)} sent, in none of the figures"


def _answer(flag: bool | None) -> str:
    return NA if flag is None else ("yes" if flag else "no")


def _moment(moment: datetime | None) -> str:
    return NA if moment is None else iso_utc(moment)


def breaker(run: Run) -> list[Section]:
    """Return the breaker's thresholds and inputs."""
    told = run.breaker
    rows = [
        (
            plain(item.name),
            "ARMED" if item.armed else "UNARMED",
            NA if item.value is None else f"{item.value:.6g}",
            NA if item.threshold is None else f"{item.threshold:g}",
            plain(item.reason or "-"),
        )
        for item in told.inputs
    ]
    thresholds = [f"Threshold {code(name)}: {value:g}" for name, value in told.thresholds.items()]
    state = {None: "not on record", True: "on", False: "off"}[told.enabled]
    outcome = "TRIPPED" if told.tripped else "not tripped"
    return section(
        "Circuit Breaker",
        bullets([f"State: {state}, {outcome}", *thresholds]),
        table(("Input", "State", "Last value", "Threshold", "Reason"), rows, right=(2, 3)),
    )


def absences(assessment: Assessment) -> list[Section]:
    """Return every figure that does not exist, with its reason."""
    judged = [f"{plain(check.title)}: {plain(check.reason)}" for check in assessment.judged_absences]
    columns = [
        f"{', '.join(code(name) for name in item.columns)}: {plain(item.reason)}" for item in assessment.column_absences
    ]
    return section("Why Some Figures Are NA", bullets([*judged, *columns]))


def irregularities(assessment: Assessment) -> list[Section]:
    """Return what was not as it should be, beside the checks."""
    return section("Irregularities", bullets(plain(item) for item in assessment.irregularities))


def targets(assessment: Assessment) -> list[Section]:
    """Return the eleven targets, and which of them the environment overrode."""
    values = assessment.targets.to_mapping()
    items = [
        f"{objective.title}: {objective.bound.value} {limit(values[objective.name], _UNITS[objective.unit])}"
        + (f" (from {objective.override} in the environment)" if objective.override in assessment.overrides else "")
        for objective in OBJECTIVES
    ]
    return section("Targets", bullets(items))


def next_actions(assessment: Assessment) -> list[Section]:
    """Return what to do, in order."""
    return section("Next Actions", numbered(prose(item) for item in assessment.actions))
