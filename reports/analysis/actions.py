"""What to do next, chosen by what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.check import Status, Weight
from reports.analysis.coverage import OBSERVATION, in_production

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.analysis.check import Check
    from reports.model.run import Run

_ON_FAIL = {
    "breaker": "Treat this as an incident: see `breaker.json` and `partial-summary.md`, and find the cause before the "
    "next run. A new production run is blocked for a while after a trip.",
    "load": "The service could not take the asked rate with these connections: read the wait clock, then lower the "
    "rate, raise the concurrency, or add capacity, and run again.",
    "success": "Find the failing routes in `raw-metrics.txt` (requests by status) and fix them before going on.",
    "success_client": "Read the endings table: it says whether requests failed by status, timeout or connection.",
    "error": "Split the errors by status: 4xx are often credentials or routes of this run, 5xx are the service's own.",
    "error_client": "Read the endings table and the endpoint table for where errors come from.",
    "p95_client": "Compare response, service and wait in the client table: wait means too few connections, service "
    "means slow handling.",
    "p99_client": "Look at `load-stats.csv` for the seconds in which p99 rose, and at the service's logs for them.",
    "p95_server": "The service's own histogram is over the target: profile its slowest routes.",
    "p99_server": "The service's own histogram is over the target in its tail: look for pauses, locks and cold caches.",
    "effective_fallback": "See the fallback sources: a dependency is degraded for real, not only the cache.",
    "cache_hit": "Check cache size, expiry and warm-up: too many look-ups miss.",
    "memory": "Compare memory's first and last rows: growth is a leak, a high start is sizing.",
    "plugin_reload": "Find out which plugin fails to reload, in the service's logs.",
    "snapshot": "Find out why snapshot operations fail, in the service's logs.",
}
_ON_NA = {
    "end": "Run again to the planned end; what is here is good for diagnosis only.",
    "coverage": "Run again with enough samples over enough time; ask for one sample more where scrapes tend to fail.",
    "load": "Run again on a host that can keep the schedule, and to the planned end.",
    "account": "The account of requests is missing or contradicts itself: keep this directory and report a defect.",
    "record": "Keep what is left of this directory and run again: needed artifacts are missing or damaged.",
    "validity": "The generator could not vouch for its figures: give it free processors, ports and descriptors, and "
    "run again.",
    "breaker": "The breaker's outcome is unknown: check `events.jsonl`.",
    "cache_hit": "Let the load touch cached routes (`--endpoint`), or use a metric profile without a cache.",
}
_METRIC_NA = "Check that METRICS_URL exposes the missing metrics and that the metric profile names them."
_METRICS = frozenset({"success", "p95_server", "p99_server", "effective_fallback", "error", "memory"})


def next_actions(run: Run, checks: Iterable[Check]) -> tuple[str, ...]:
    """Return what to do, worst findings first, each once; for a GO, how to keep the result."""
    if run.parameters.kind == OBSERVATION:
        return ("This is an observation: nothing was sent, so there is no verdict; that needs `loadgen baseline`.",)
    found: dict[str, None] = {}
    relevant = [check for check in checks if check.weight is not Weight.INFORMATIVE]
    for check in relevant:
        if check.status is Status.FAIL and check.key in _ON_FAIL:
            found[_ON_FAIL[check.key]] = None
    for check in relevant:
        if check.missing:
            found[_METRIC_NA if check.key in _METRICS else _ON_NA.get(check.key, _METRIC_NA)] = None
    if any(check.status is Status.WARN for check in relevant):
        found["Look at each WARN: it passed, but something about it needs an eye."] = None
    return tuple(found) if found else _kept(run)


def _kept(run: Run) -> tuple[str, ...]:
    if in_production(run):
        return ("Keep this directory as the baseline that later runs are compared with.",)
    return ("Take the same run against production when you need a production baseline.",)
