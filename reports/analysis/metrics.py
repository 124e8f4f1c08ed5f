"""The judged metrics of the service: one table of what each is, where it comes from and how it is judged.

Law: ratios are taken over the window's totals; the rows' figures are shown beside them and never judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reports.analysis.check import Check, Goal, RowStats, Status, Weight, judge
from reports.analysis.figure import FEW
from reports.analysis.quantity import Unit, count, plural, show
from reports.model.server import ROW_EXTREMES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from loadgen.core.slo import SloTargets
    from reports.model.run import Run
    from reports.model.server import Row, ServerWindow

DEFAULT_MANDATORY = ("success", "p95", "p99", "effective_fallback", "error", "memory", "cache_hit")
"""What must not be missing when the record does not name a list of its own."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One judged ratio: `parts` and `whole` give its totals (None: not known), `column` its figure in each row."""

    key: str
    title: str
    parts: Callable[[ServerWindow], float | None]
    whole: Callable[[ServerWindow], float | None]
    events: str
    column: str
    upper: bool
    informative: bool = False


def _added(*figures: float | None) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return sum(known) if len(known) == len(figures) else None


def _snapshots(window: ServerWindow) -> float | None:
    return _added(window.snapshot_create_success, window.snapshot_restore_success)


def _all_snapshots(window: ServerWindow) -> float | None:
    failures = _added(window.snapshot_create_failure, window.snapshot_restore_failure)
    return _added(_snapshots(window), failures)


SUCCESS = Metric(
    "success",
    "Success rate (server)",
    lambda w: w.success,
    lambda w: w.requests,
    "requests",
    "http_success_rate",
    upper=False,
)
RAW_FALLBACK = Metric(
    "raw_fallback",
    "Raw fallback rate",
    lambda w: w.raw_fallback,
    lambda w: w.requests,
    "requests",
    "raw_fallback_ratio",
    upper=True,
    informative=True,
)
EFFECTIVE_FALLBACK = Metric(
    "effective_fallback",
    "Effective fallback rate",
    lambda w: w.effective_fallback,
    lambda w: w.requests,
    "requests",
    "effective_fallback_ratio",
    upper=True,
)
ERROR = Metric(
    "error",
    "Error rate (server)",
    lambda w: _added(w.errors_4xx, w.errors_5xx),
    lambda w: w.requests,
    "requests",
    "error_rate",
    upper=True,
)
CACHE_HIT = Metric(
    "cache_hit",
    "Cache hit rate, global",
    lambda w: w.cache_hits,
    lambda w: _added(w.cache_hits, w.cache_misses),
    "cache look-ups",
    "cache_hit_rate",
    upper=False,
)
PLUGIN_RELOAD = Metric(
    "plugin_reload",
    "Plugin reload success",
    lambda w: w.plugin_reload_success,
    lambda w: _added(w.plugin_reload_success, w.plugin_reload_failure),
    "plugin reloads",
    "plugin_reload_success_rate",
    upper=False,
)
SNAPSHOT = Metric(
    "snapshot",
    "Snapshot success",
    _snapshots,
    _all_snapshots,
    "snapshot operations",
    "snapshot_success_rate",
    upper=False,
)


def weight_of(key: str, run: Run, otherwise: Weight = Weight.BLOCKING) -> Weight:
    """Return what a metric's answer does: MANDATORY when the metric profile lists it, else `otherwise`."""
    mandatory = DEFAULT_MANDATORY if run.mandatory is None else run.mandatory
    return Weight.MANDATORY if key in mandatory else otherwise


def judge_ratio(metric: Metric, run: Run, window: ServerWindow | None, bound_pct: float) -> Check:
    """Judge one ratio, in percent, over the window."""
    weight = weight_of(metric.key, run, Weight.INFORMATIVE if metric.informative else Weight.BLOCKING)
    goal = Goal(bound_pct, metric.upper, Unit.PERCENT)
    value, absent = _ratio(metric, run, window)
    check = judge(metric.key, metric.title, weight, value, goal, absent=absent)
    return check.with_rows(percent_rows(run.rows, metric.column))


def _ratio(metric: Metric, run: Run, window: ServerWindow | None) -> tuple[float | None, str]:
    """Return the percentage, or None and why there is none."""
    if window is None:
        return None, "no server metrics were recorded"
    parts, whole = metric.parts(window), metric.whole(window)
    if whole is None or parts is None:
        if metric.key in run.not_applicable:
            return None, "the metric profile does not have it (not applicable)"
        return None, "the service's metrics do not show it"
    if whole <= 0:
        return None, f"no {metric.events} in the window (0 {metric.events})"
    if not 0 <= parts <= whole and not metric.key.endswith("fallback"):
        return None, f"the record contradicts itself: {count(parts)} of {count(whole)} {metric.events}"
    return parts / whole * 100, ""


def percent_rows(rows: Sequence[Row], column: str) -> RowStats | None:
    """Return a ratio column's figures in percent."""
    values = (row.get(column) for row in rows)
    return RowStats.of(None if value is None else value * 100 for value in values)


def judge_memory(run: Run, targets: SloTargets) -> Check:
    """Judge the average resident memory of the rows: a gauge has no total, and the objective is an average."""
    rows = RowStats.of(row.get("rss_mb") for row in run.rows)
    goal = Goal(targets.rss_mb, True, Unit.MEGABYTES)
    weight = weight_of("memory", run)
    absent = _gauge_absent("memory", run)
    check = judge("memory", "Memory (RSS), average", weight, rows.average if rows else None, goal, absent=absent)
    return check.with_rows(rows)


def judge_cpu(run: Run, window: ServerWindow | None, targets: SloTargets) -> Check:
    """Compare CPU (100 % is one processor) with its target; it counts only when the metric profile says so."""
    rows = RowStats.of(row.get("cpu_percent") for row in run.rows)
    goal = Goal(targets.cpu_pct, True, Unit.PERCENT)
    weight = weight_of("cpu", run, Weight.INFORMATIVE)
    value = rows.average if rows else None
    if window is not None and window.cpu_s is not None and window.elapsed_s:
        value = window.cpu_s / window.elapsed_s * 100
    check = judge("cpu", "CPU", weight, value, goal, absent=_gauge_absent("cpu", run))
    return check.with_rows(rows)


def _gauge_absent(key: str, run: Run) -> str:
    if not run.rows:
        return "no server metrics were recorded"
    if key in run.not_applicable:
        return "the metric profile does not have it (not applicable)"
    return "the service's metrics do not show it"


def show_cache_average(run: Run, targets: SloTargets) -> Check:
    """Show the average of the rows' cache hit rates; it is never judged, since rows weigh differently."""
    rows = percent_rows(run.rows, "cache_hit_rate")
    goal = Goal(targets.cache_hit_pct, False, Unit.PERCENT)
    title = "Cache hit rate, sample average"
    value = rows.average if rows else None
    check = judge("cache_hit_average", title, Weight.INFORMATIVE, value, goal, absent="no row has a cache hit rate")
    return check.with_rows(rows)


def judge_server_percentile(name: str, run: Run, window: ServerWindow | None, bound_s: float) -> Check:
    """Judge P95 or P99 of the service's own histogram by the bucket it lies in.

    PASS when the bucket's upper bound is within the target, FAIL when its lower bound already reaches it (every value
    in a bucket is above its lower bound), else WARN: the bucket is too coarse and the client decides. A percentile
    over the process's whole life, or from rows alone, never passes by itself; one of too few observations is NA.
    """
    key, title = f"{name}_server", f"{name.upper()} latency, server histogram"
    weight, goal = weight_of(name, run), Goal(bound_s, True, Unit.SECONDS)
    rows = RowStats.of(row.get(f"{name}_latency") for row in run.rows)
    bounds = window.percentiles.get(name) if window else None
    if window is None or bounds is None:
        absent = "no server metrics were recorded" if window is None else "the service exposes no latency histogram"
        return Check(key, title, Status.NA, weight, absent, None, goal, rows)
    status, reason = _place(window, bounds.lower_s, bounds.upper_s, goal)
    if status is not Status.FAIL and window.buckets and (seen := window.buckets[-1][1]) < FEW:
        few = (
            f"{plural(round(seen), 'observation')} in the service's histogram, fewer than {FEW} are too few to judge by"
        )
        return Check(key, title, Status.NA, weight, few, None, goal, rows)
    return Check(key, title, status, weight, reason, bounds.value_s, goal, rows)


def _place(window: ServerWindow, lower_s: float, upper_s: float, goal: Goal) -> tuple[Status, str]:
    lower, upper = _ms(lower_s, goal), _ms(upper_s, goal)
    if window.lifetime_latency:
        return Status.WARN, "only a summary over the process's life, which is not this window; the client decides"
    if window.latency_source == ROW_EXTREMES:
        status = Status.FAIL if lower_s > goal.bound else Status.WARN
        return status, f"between {lower} and {upper} by the rows alone, target {goal}; the client decides"
    if upper_s <= goal.bound:
        return Status.PASS, f"in the bucket {lower} to {upper}, target {goal}"
    if lower_s >= goal.bound:
        return Status.FAIL, f"above {lower} (bucket {lower} to {upper}), target {goal}"
    return Status.WARN, f"bucket too coarse ({lower} to {upper}, target {goal}); the client decides"


def _ms(seconds: float, goal: Goal) -> str:
    return show(seconds, Unit.SECONDS, beside=goal.bound)
