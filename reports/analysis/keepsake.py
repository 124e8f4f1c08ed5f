"""What to keep of a run: the text of a commit and a tag, the operator's checklist, and whether the report is complete.

Law: nothing here runs git or claims what only a person can know; such points stay open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.check import Status
from reports.analysis.quantity import NA, count, duration, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reports.analysis.check import Check
    from reports.analysis.coverage import Coverage
    from reports.model.run import Run

EIGHT_METRICS = (
    ("success",), ("p95_server", "p99_server"), ("raw_fallback",), ("effective_fallback",), ("error",), ("memory",),
    ("cache_hit",), ("plugin_reload", "snapshot"),
)  # fmt: skip
"""The core metrics, each with the checks that must have a figure."""


@dataclass(frozen=True, slots=True)
class Keepsake:
    """The name of a tag and the lines of its commit's message."""

    tag: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the checklist: done as the record shows, or open."""

    done: bool
    text: str


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic that a report must cover; `absence` says why it is not, empty where it is."""

    title: str
    absence: str


def keepsake(run: Run, verdict: str, slo: Sequence[Check]) -> Keepsake:
    """Return the texts under which a baseline may be committed and tagged."""
    checks = {check.key: check for check in slo}
    asked, account = run.parameters, run.client.account
    lines = [
        f"Baseline {run.name}: {verdict}",
        "",
        f"P95 {_figure(checks, 'p95_client')} client, {_figure(checks, 'p95_server')} server",
        f"P99 {_figure(checks, 'p99_client')} client, {_figure(checks, 'p99_server')} server",
        f"Memory {_figure(checks, 'memory')}",
        f"Effective fallback {_figure(checks, 'effective_fallback')}",
        f"Cache hit rate {_figure(checks, 'cache_hit')}",
        f"Error rate {_figure(checks, 'error')} server, {_figure(checks, 'error_client')} client",
        "",
        f"{count(account.sent if account else None)} requests at {asked.rate or NA} over {duration(asked.duration_s)}, "
        f"environment {asked.environment or NA}",
    ]
    stem = f"baseline-{run.started:%Y%m%d-%H%M}" if run.started is not None else f"baseline-{run.name}"
    return Keepsake("".join(char if char.isalnum() or char in "-._" else "-" for char in stem), tuple(lines))


def _figure(checks: Mapping[str, Check], key: str) -> str:
    check = checks.get(key)
    if check is None or check.goal is None:
        return NA
    return show(check.value, check.goal.unit, beside=check.goal.bound)


def checklist(run: Run, slo: Sequence[Check], conduct: Sequence[Check], coverage: Coverage) -> tuple[Point, ...]:
    """Return the operator's checklist with what the record can answer ticked."""
    return tuple(_points(run, {check.key: check for check in (*slo, *conduct)}, coverage))


def _points(run: Run, checks: Mapping[str, Check], coverage: Coverage) -> Iterator[Point]:
    def passed(key: str) -> bool:
        return key in checks and checks[key].status in (Status.PASS, Status.WARN)

    def present(key: str) -> bool:
        return key in checks and checks[key].status is not Status.NA

    metrics = [keys for keys in EIGHT_METRICS if all(map(present, keys))]
    asked = NA if coverage.asked is None else str(coverage.asked)
    yield Point(bool(run.started) and not any("FAIL" in line for line in run.preflight), "Preflight passed")
    yield Point(run.warmup is not None, "The service was warmed up before the load")
    yield Point(passed("end"), "The run reached its planned end")
    yield Point(passed("coverage"), f"Enough was observed: {coverage.samples} of {asked} samples")
    yield Point(passed("load"), "The planned load was sent")
    yield Point(len(metrics) == len(EIGHT_METRICS), f"{len(metrics)} of {len(EIGHT_METRICS)} core metrics have figures")
    yield Point(passed("p95_client") and passed("p99_client"), "P95 and P99 are within their targets")
    yield Point(passed("error") and passed("error_client"), "Error rates are within their target")
    yield Point(passed("effective_fallback"), "The effective fallback rate is within its target")
    yield Point(passed("memory"), "Memory is within its target")
    yield Point(passed("breaker"), "The circuit breaker was armed and never tripped")
    yield Point(passed("validity"), "The generator vouches for its measurement")
    yield Point(passed("account") and passed("record"), "Every request is accounted for and the record is whole")
    yield Point(False, "By hand: archive this directory")
    if run.parameters.jwt_provided is False:
        yield Point(True, "No token was used that would have to be deleted")
    else:
        yield Point(False, "By hand: delete or rotate the token that was used (`loadgen creds scrub`)")
    yield Point(False, "By hand: tell those who wait for the result")


def completeness(topics: Mapping[str, tuple[bool, str]]) -> tuple[Topic, ...]:
    """Return each topic with why it is absent; `topics` maps a title to whether it is there and what to say if not."""
    return tuple(Topic(title, "" if there else absence) for title, (there, absence) in topics.items())
