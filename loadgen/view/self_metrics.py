"""loadgen's own metrics: every family with its type, its meaning and where its samples come from. Pure.

Laws: base units; histogram buckets are cumulative; counters count over all phases of a run, percentiles are of the
phase under way; a name that files of `--prom` have means the same here. docs/SELF_METRICS.md lists the same families.
"""

from __future__ import annotations

from platform import python_version
from typing import TYPE_CHECKING

from loadgen.core.events import LATENCY_BOUNDS_NS, InputLine
from loadgen.core.units import NS_PER_S
from loadgen.view.metric_family import Family, number, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loadgen.core.events import BreakerLine, Progress
    from loadgen.view.metric_family import Sample
    from loadgen.view.self_account import SelfAccount

    Samples = Callable[[SelfAccount], Iterator[Sample]]

_STATES = ("VALID", "DEGRADED", "INVALID")


def exposition(account: SelfAccount) -> str:
    """Return the page of a run's own metrics."""
    return page_of(FAMILIES, account)


def _gauge(name: str, meaning: str, samples: Samples) -> Family:
    return Family(name, "gauge", meaning, samples)


def _counter(name: str, meaning: str, samples: Samples) -> Family:
    return Family(name, "counter", meaning, samples)


def _histogram(name: str, meaning: str, samples: Samples) -> Family:
    return Family(name, "histogram", meaning, samples)


def _one(value: Callable[[SelfAccount], float | int | None]) -> Samples:
    """Return the samples of a family without labels."""

    def samples(account: SelfAccount) -> Iterator[Sample]:
        yield "", {}, value(account)

    return samples


def _now(value: Callable[[Progress], float | int | None]) -> Samples:
    """Return the samples of a family without labels that is about the phase under way."""
    return _one(lambda account: None if account.progress is None else value(account.progress))


def _seconds(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / NS_PER_S


def _build(account: SelfAccount) -> Iterator[Sample]:
    yield "", {"version": account.labels.get("version", ""), "python": python_version()}, 1


def _run(account: SelfAccount) -> Iterator[Sample]:
    yield "", {name: text for name, text in account.labels.items() if name != "version"}, 1


def _phase(account: SelfAccount) -> Iterator[Sample]:
    if account.phase:
        yield "", {"phase": account.phase}, 1


def _requests(account: SelfAccount) -> Iterator[Sample]:
    sums = account.sums
    yield "", {"state": "scheduled"}, sums.scheduled
    yield "", {"state": "sent"}, sums.sent
    yield "", {"state": "done"}, sums.done
    yield "", {"state": "failed"}, sum(sums.failed.values())
    yield "", {"state": "dropped"}, sum(sums.dropped.values())


def _outcomes(account: SelfAccount) -> Iterator[Sample]:
    sums = account.sums
    yield "", {"outcome": "ok"}, sums.done
    for label, count in sorted({**sums.failed, **sums.dropped}.items()):
        yield "", {"outcome": label}, count


def _rates(account: SelfAccount) -> Iterator[Sample]:
    if account.progress is not None:
        yield "", {"kind": "target"}, account.progress.target_rate_per_s
        yield "", {"kind": "achieved"}, account.progress.achieved_rate_per_s


def _responses(account: SelfAccount) -> Iterator[Sample]:
    sums = account.sums
    for bound_ns, count in zip(LATENCY_BOUNDS_NS, sums.within, strict=True):
        yield "_bucket", {"le": number(bound_ns / NS_PER_S)}, count
    yield "_bucket", {"le": "+Inf"}, sums.responses
    yield "_sum", {}, sums.responses_ns / NS_PER_S
    yield "_count", {}, sums.responses


def _percentiles(account: SelfAccount) -> Iterator[Sample]:
    now = account.progress
    if now is None:
        return
    for percentile, value_ns in (("50", now.p50_ns), ("95", now.p95_ns), ("99", now.p99_ns), ("100", now.max_ns)):
        yield "", {"clock": "response", "percentile": percentile}, _seconds(value_ns)
    yield "", {"clock": "lag", "percentile": "99"}, _seconds(now.lag_p99_ns)


def _of_inputs(value: Callable[[BreakerLine], float | int | None]) -> Samples:
    def samples(account: SelfAccount) -> Iterator[Sample]:
        for line in () if account.progress is None else account.progress.breaker:
            yield "", {"input": line.name}, value(line)

    return samples


def _validity(account: SelfAccount) -> Iterator[Sample]:
    if account.progress is not None:
        state = account.progress.validity.partition(" ")[0].rstrip(":,")
        for name in _STATES:
            yield "", {"state": name}, int(name == state)


def _probes(account: SelfAccount) -> Iterator[Sample]:
    if account.progress is not None:
        watching = account.progress.watching
        yield "", {"result": "ok"}, watching.probes - watching.failed_probes
        yield "", {"result": "failed"}, watching.failed_probes


def _events(account: SelfAccount) -> Iterator[Sample]:
    for name, count in sorted(account.events.items()):
        yield "", {"event": name}, count


FAMILIES = (
    _gauge("loadgen_build_info", "1, with the version of loadgen and of Python.", _build),
    _gauge("loadgen_run_info", "1, with the run, its command, its profile and its trace.", _run),
    _gauge("loadgen_run_start_time_seconds", "When the run began, since the epoch.", _one(lambda a: a.began_s)),
    _gauge("loadgen_run_end_time_seconds", "When the run ended, since the epoch.", _one(lambda a: a.ended_s)),
    _gauge("loadgen_run_exit_code", "How the run ended; reports may still change it.", _one(lambda a: a.exit_code)),
    _gauge("loadgen_phase_info", "1 for the phase under way.", _phase),
    _gauge("loadgen_phase_elapsed_seconds", "Time since the phase began.", _now(lambda p: _seconds(p.elapsed_ns))),
    _gauge("loadgen_phase_planned_seconds", "How long the phase lasts.", _now(lambda p: _seconds(p.total_ns))),
    _counter("loadgen_requests_total", "Requests by what became of them.", _requests),
    _counter("loadgen_outcomes_total", "Requests by how they ended.", _outcomes),
    _gauge("loadgen_requests_in_flight", "Requests sent and not yet answered.", _now(lambda p: p.in_flight)),
    _gauge("loadgen_requests_waiting", "Requests that are due and wait for a connection.", _now(lambda p: p.backlog)),
    _gauge("loadgen_rate_per_second", "The rate that is asked for now and the one of the last second.", _rates),
    _histogram(
        "loadgen_response_seconds", "Response times, from when a request was due, of all that ended.", _responses
    ),
    _gauge("loadgen_percentile_seconds", "Percentiles of the phase so far, by clock.", _percentiles),
    _gauge("loadgen_validity", "1 for the state of the measurement.", _validity),
    _gauge("loadgen_workers", "Worker processes of the phase.", _now(lambda p: p.generator.workers)),
    _counter(
        "loadgen_worker_cpu_seconds_total", "Processor time of the workers.", _one(lambda a: a.sums.cpu_ns / NS_PER_S)
    ),
    _counter(
        "loadgen_worker_stalls_total",
        "Wake-ups of a worker that came 10 ms late or more.",
        _one(lambda a: a.sums.stalls),
    ),
    _gauge(
        "loadgen_supervisor_late_seconds",
        "How late the supervisor woke the last time.",
        _now(lambda p: _seconds(p.generator.loop_late_ns)),
    ),
    _counter(
        "loadgen_supervisor_late_wakeups_total",
        "Wake-ups of the supervisor that came 100 ms late or more.",
        _one(lambda a: a.late_wakeups),
    ),
    _gauge(
        "loadgen_breaker_armed",
        "1 for a breaker input that is armed or has tripped, 0 for one that is not.",
        _of_inputs(lambda line: int(line.state is not InputLine.UNARMED)),
    ),
    _gauge(
        "loadgen_breaker_tripped",
        "1 for the breaker input that tripped.",
        _of_inputs(lambda line: int(line.state is InputLine.TRIPPED)),
    ),
    _gauge(
        "loadgen_breaker_value",
        "What a breaker input sees: a ratio, or failed probes in a row.",
        _of_inputs(lambda line: line.value),
    ),
    _gauge(
        "loadgen_breaker_threshold",
        "What trips a breaker input when it is exceeded.",
        _of_inputs(lambda line: line.threshold),
    ),
    _counter("loadgen_probes_total", "Fast scrapes of the service's metrics.", _probes),
    _counter(
        "loadgen_probe_seconds_total", "Time that fast scrapes took.", _now(lambda p: _seconds(p.watching.probes_ns))
    ),
    _gauge(
        "loadgen_probe_last_seconds",
        "How long the last fast scrape took.",
        _now(lambda p: _seconds(p.watching.last_probe_ns)),
    ),
    _gauge("loadgen_samples_written", "Rows of metrics.csv so far.", _now(lambda p: p.sample)),
    _gauge("loadgen_samples_planned", "Rows of metrics.csv at the end.", _now(lambda p: p.samples)),
    _counter(
        "loadgen_sample_failures_total",
        "Scrapes for a row, or at the begin or end, that failed.",
        _now(lambda p: p.watching.failed_samples),
    ),
    _gauge(
        "loadgen_next_sample_seconds", "Time until the next row is due.", _now(lambda p: _seconds(p.next_sample_ns))
    ),
    _counter("loadgen_events_total", "Lines of events.jsonl by kind.", _events),
)
