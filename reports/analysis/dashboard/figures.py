"""The figure behind each threshold, as the rules see it: PromQL in the unit of the thresholds file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.rules.promql import grouped, quantile, share, summed, times, zero_for
from reports.model.metric_facts import Selector
from reports.model.thresholds import Kind, Side

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.analysis.dashboard.sketch import Sheet
    from reports.analysis.rules.terms import Terms
    from reports.model.thresholds import Threshold

MIB = 1024 * 1024
WINDOW = "5m"


def figure(sheet: Sheet, threshold: Threshold) -> str:
    """Return the figure of a threshold, the worst of all jobs where there are several; empty when there is none.

    A latency that no rule records is computed from the histogram that its entry names.
    """
    name, factor = _RECORDED.get(threshold.metric, ("", 1))
    needs, write = _COMPUTED.get(threshold.metric, ((), None))
    if sheet.full(name) in sheet.records:
        conditions = [f'{label}="{value}"' for label, value in threshold.labels]
        expr = sheet.recorded(name, *conditions)
        expr = f"{factor} * {expr}" if factor != 1 else expr
    elif write is not None and all(sheet.terms.facts.has(need) for need in needs):
        expr = write(sheet.terms)
    elif not name and threshold.kind is Kind.LATENCY:
        expr = _own_histogram(sheet.terms, threshold)
    else:
        return ""
    worst = "max" if threshold.side is Side.UPPER else "min"
    return f"{worst}{grouped(expr)}"


def requests_share(terms: Terms, classes: Sequence[str], window: str = WINDOW) -> str:
    """Return the share of requests answered with these classes of status."""
    return share(terms.answered(classes, window), terms.requests(window))


def raw_fallback_rate(terms: Terms, window: str = WINDOW) -> str:
    """Return raw fallbacks per request."""
    return share(summed(terms.series("fallback", "total"), window), terms.requests(window))


def success_share(terms: Terms, operations: Sequence[str], window: str = WINDOW) -> str:
    """Return the share of operations that succeeded, several kinds taken together."""
    good = [selector for name in operations for selector in terms.series(name, "success")]
    bad = [selector for name in operations for selector in terms.series(name, "failure")]
    succeeded, failed = summed(good, window), summed(bad, window)
    tried = grouped(f"{grouped(zero_for(succeeded, failed))}\n+\n{grouped(zero_for(failed, succeeded))}")
    return share(succeeded, tried)


def cpu_percent(terms: Terms, window: str = WINDOW) -> str:
    """Return the processor time of each job; 100 is one processor."""
    return f"100 * {summed(terms.series('cpu', 'total'), window)}"


def memory_bytes(terms: Terms) -> str:
    """Return the resident memory of the largest process of each job."""
    resident, scale = terms.series("memory", "value")[0], terms.source("memory").scale
    return f"max by (job) ({resident})" + (f" * {scale:g}" if scale != 1 else "")


def _own_histogram(terms: Terms, threshold: Threshold) -> str:
    percentile = threshold.percentile
    assert percentile is not None, threshold.metric
    conditions = [f'{label}="{value}"' for label, value in threshold.labels]
    histogram = Selector(threshold.prometheus_metrics[0]).where(*conditions, terms.job)
    return quantile(percentile / 100, histogram, WINDOW)


def _percent(write: Callable[[Terms], str]) -> Callable[[Terms], str]:
    return lambda terms: f"100 * {grouped(write(terms))}"


def _latency(percentile: int) -> Callable[[Terms], str]:
    def write(terms: Terms) -> str:
        return times(quantile(percentile / 100, terms.histogram("latency"), WINDOW), terms.source("latency").scale)

    return write


_BY_STATUS = ("requests by status",)
_SNAPSHOTS = ("snapshot_create", "snapshot_restore")
_RECORDED = {
    "http_success_rate": ("http_success_rate:5m", 100),
    "http_latency_p95": ("http_p95:5m", 1),
    "http_latency_p99": ("http_p99:5m", 1),
    "cache_hit_rate": ("cache_hit_rate:10m", 100),
    "effective_fallback_rate": ("effective_fallback_rate:5m", 100),
    "fallback_effective_ratio": ("fallback_effective_ratio:10m", 1),
    "plugin_reload_latency_p95": ("plugin_reload_p95:5m", 1),
    "plugin_reload_latency_p99": ("plugin_reload_p99:5m", 1),
    "snapshot_create_latency_p95": ("snapshot_op_p95:5m", 1),
    "snapshot_create_latency_p99": ("snapshot_op_p99:5m", 1),
    "snapshot_restore_latency_p95": ("snapshot_op_p95:5m", 1),
    "snapshot_restore_latency_p99": ("snapshot_op_p99:5m", 1),
}
"""By threshold: the recorded name, and the factor to the threshold's unit."""

_COMPUTED: dict[str, tuple[tuple[str, ...], Callable[[Terms], str]]] = {
    "http_success_rate": (_BY_STATUS, _percent(lambda terms: requests_share(terms, ("2xx", "3xx")))),
    "http_latency_p95": (("latency",), _latency(95)),
    "http_latency_p99": (("latency",), _latency(99)),
    "error_rate": (_BY_STATUS, _percent(lambda terms: requests_share(terms, ("4xx", "5xx")))),
    "raw_fallback_rate": (("fallback", "requests"), _percent(raw_fallback_rate)),
    "plugin_reload_success_rate": (
        ("plugin_reload",),
        _percent(lambda terms: success_share(terms, ("plugin_reload",))),
    ),
    "snapshot_success_rate": (_SNAPSHOTS, _percent(lambda terms: success_share(terms, _SNAPSHOTS))),
    "memory_rss": (("memory",), lambda terms: f"{memory_bytes(terms)} / {MIB}"),
    "cpu": (("cpu",), cpu_percent),
}
"""By threshold, where no rule records it: what the profile must have, and the figure in the threshold's unit."""
