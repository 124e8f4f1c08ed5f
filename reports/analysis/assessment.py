"""The whole judgement of one run.

Laws: INVALID is never GO; a breaker trip or a failed check is NO-GO; a mandatory check without an answer is INCOMPLETE,
and only a run in which every mandatory check has one and none failed is GO.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode, worst_exit
from reports.analysis import metrics
from reports.analysis.actions import next_actions
from reports.analysis.budget import DEFAULT_TARGET_PCT, Budget, budget_of
from reports.analysis.check import Check, Status
from reports.analysis.client import (
    ClientErrors,
    ClockLine,
    Ending,
    clock_table,
    endings,
    errors_of,
    evenness,
    judge_account,
    judge_client_percentile,
    judge_client_rates,
)
from reports.analysis.comparison import Comparison, compare
from reports.analysis.conduct import judge_breaker, judge_end, judge_record, judge_validity, tripped
from reports.analysis.coverage import Coverage, cover, judge_load
from reports.analysis.insight import Grounds, Insight, look_into
from reports.analysis.quantity import count, show
from reports.analysis.redis import RedisView, redis_view
from reports.analysis.remarks import Absence, absences, banners, irregularities
from reports.analysis.traffic import (
    FallbackSource,
    Operations,
    StatusSplit,
    Throughput,
    fallback_sources,
    operations,
    status_split,
    throughput,
)
from reports.analysis.window import window_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgen.core.slo import SloTargets
    from reports.model.previous import Previous
    from reports.model.run import Run
    from reports.model.server import ServerWindow


class Verdict(StrEnum):
    """The one word of a report."""

    GO = "GO"
    NO_GO = "NO-GO"
    INCOMPLETE = "INCOMPLETE"
    INVALID = "INVALID"


_VERDICTS = {
    ExitCode.OK: Verdict.GO,
    ExitCode.NO_GO: Verdict.NO_GO,
    ExitCode.BREAKER: Verdict.NO_GO,
    ExitCode.INCOMPLETE: Verdict.INCOMPLETE,
    ExitCode.INVALID: Verdict.INVALID,
}


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything a report shows; `slo` is in the order of the summary table, `reasons` are behind the verdict."""

    run: Run
    targets: SloTargets
    overrides: tuple[str, ...]
    verdict: Verdict
    exit_code: ExitCode
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    key_figures: tuple[str, ...]
    slo: tuple[Check, ...]
    conduct: tuple[Check, ...]
    coverage: Coverage
    window: ServerWindow | None
    clocks: tuple[ClockLine, ...]
    client_errors: ClientErrors | None
    endings: tuple[Ending, ...]
    evenness: tuple[str, float] | None
    comparison: tuple[Comparison, ...]
    throughput: Throughput
    status_split: StatusSplit
    fallback: tuple[FallbackSource, ...]
    operations: tuple[Operations, ...]
    redis: RedisView | None
    budgets: tuple[Budget, ...]
    banners: tuple[str, ...]
    judged_absences: tuple[Check, ...]
    column_absences: tuple[Absence, ...]
    irregularities: tuple[str, ...]
    actions: tuple[str, ...]
    insight: Insight


@dataclass(frozen=True, slots=True)
class Question:
    """What a run is judged against.

    `overrides` names the environment variables that changed a target; `budget_target_pct` is the success rate that
    the error budget is counted from; `previous` is the baseline whose figures stand beside the run's.
    """

    targets: SloTargets
    overrides: tuple[str, ...] = ()
    budget_target_pct: float = DEFAULT_TARGET_PCT
    previous: Previous | None = None


def assess(run: Run, asked: Question) -> Assessment:
    """Judge a run."""
    targets = asked.targets
    window = window_of(run)
    coverage = cover(run)
    slo = _slo_checks(run, window, targets)
    conduct = (
        judge_end(run),
        judge_breaker(run),
        judge_load(run),
        coverage.check,
        judge_validity(run),
        judge_account(run),
        judge_record(run),
    )
    checks = (*conduct, *slo)
    exit_code = _exit_code(run, checks)
    verdict = _VERDICTS[exit_code]
    errors = errors_of(run.client.account)
    grounds = Grounds(
        run, window, targets, exit_code, verdict.value, slo, conduct, coverage, asked.budget_target_pct, asked.previous
    )
    return Assessment(
        run=run,
        targets=asked.targets,
        overrides=asked.overrides,
        verdict=verdict,
        exit_code=exit_code,
        reasons=_reasons(verdict, checks),
        missing=tuple(check.title for check in checks if check.missing),
        key_figures=tuple(_key_figures(slo, errors)),
        slo=slo,
        conduct=conduct,
        coverage=coverage,
        window=window,
        clocks=clock_table(run.client),
        client_errors=errors,
        endings=endings(run.client.account),
        evenness=evenness(run.client),
        comparison=compare(run.client, window),
        throughput=throughput(run, window),
        status_split=status_split(window),
        fallback=fallback_sources(run, window),
        operations=operations(run, window),
        redis=redis_view(run, window),
        budgets=_budgets(errors, window, asked.budget_target_pct),
        banners=banners(run),
        judged_absences=tuple(check for check in slo if check.status is Status.NA),
        column_absences=absences(run),
        irregularities=irregularities(run, window),
        actions=next_actions(run, checks),
        insight=look_into(grounds),
    )


def _slo_checks(run: Run, window: ServerWindow | None, targets: SloTargets) -> tuple[Check, ...]:
    success_client, error_client = judge_client_rates(run, targets)
    return (
        metrics.judge_ratio(metrics.SUCCESS, run, window, targets.success_pct),
        success_client,
        judge_client_percentile("p95", run, targets.p95_s),
        metrics.judge_server_percentile("p95", run, window, targets.p95_s),
        judge_client_percentile("p99", run, targets.p99_s),
        metrics.judge_server_percentile("p99", run, window, targets.p99_s),
        metrics.judge_ratio(metrics.RAW_FALLBACK, run, window, targets.raw_fallback_pct),
        metrics.judge_ratio(metrics.EFFECTIVE_FALLBACK, run, window, targets.effective_fallback_pct),
        metrics.judge_ratio(metrics.ERROR, run, window, targets.error_pct),
        error_client,
        metrics.judge_cpu(run, window, targets),
        metrics.judge_memory(run, targets),
        metrics.judge_ratio(metrics.CACHE_HIT, run, window, targets.cache_hit_pct),
        metrics.show_cache_average(run, targets),
        metrics.judge_ratio(metrics.PLUGIN_RELOAD, run, window, targets.plugin_reload_pct),
        metrics.judge_ratio(metrics.SNAPSHOT, run, window, targets.snapshot_pct),
    )


def _exit_code(run: Run, checks: tuple[Check, ...]) -> ExitCode:
    codes = [ExitCode.OK]
    if tripped(run):
        codes.append(ExitCode.BREAKER)
    if run.validity.state == "INVALID":
        codes.append(ExitCode.INVALID)
    if any(check.stops for check in checks):
        codes.append(ExitCode.NO_GO)
    if any(check.missing for check in checks):
        codes.append(ExitCode.INCOMPLETE)
    return worst_exit(codes)


def _reasons(verdict: Verdict, checks: tuple[Check, ...]) -> tuple[str, ...]:
    """Return the sentences behind a verdict: what failed, then what is missing; for GO what stands behind it."""
    if verdict is Verdict.GO:
        return ("every mandatory check passed",)
    invalid = [check for check in checks if check.key == "validity" and verdict is Verdict.INVALID]
    failed = [check for check in checks if check.stops]
    trip_tells_the_end = any(check.key == "breaker" for check in failed)
    missing = [
        check
        for check in checks
        if check.missing and check not in invalid and not (check.key == "end" and trip_tells_the_end)
    ]
    return (*(check.sentence for check in (*invalid, *failed)), *_by_reason(missing))


def _by_reason(checks: list[Check]) -> Iterator[str]:
    """Yield one sentence for all checks that share a reason: without any server metrics there would be seven."""
    titles: dict[str, list[str]] = {}
    for check in checks:
        titles.setdefault(check.reason, []).append(check.title)
    for reason, names in titles.items():
        yield f"{'; '.join(names)}: {reason}"


def _key_figures(slo: tuple[Check, ...], errors: ClientErrors | None) -> Iterator[str]:
    """Yield the few figures that a reader looks for first."""
    if errors is not None:
        yield f"{count(errors.judged)} requests"
    by_key = {check.key: check for check in slo}
    for key, name in (("success_client", "success"), ("p95_client", "p95"), ("p99_client", "p99"), ("error", "errors")):
        check = by_key[key]
        if check.value is not None and check.goal is not None:
            yield f"{name} {show(check.value, check.goal.unit, beside=check.goal.bound)}"


def _budgets(errors: ClientErrors | None, window: ServerWindow | None, target_pct: float) -> tuple[Budget, ...]:
    client = budget_of("client", errors.successes, errors.judged, target_pct) if errors else None
    server = budget_of("server", window.success, window.requests, target_pct) if window else None
    return tuple(budget for budget in (client, server) if budget is not None)
