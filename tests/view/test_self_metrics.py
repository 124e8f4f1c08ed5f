"""Own metrics: every family, counted over phases, cumulative, and read by our own parser."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from loadgen.core.events import (
    LATENCY_BOUNDS_NS,
    BreakerLine,
    Event,
    EventName,
    Generator,
    InputLine,
    Latencies,
    Watching,
)
from loadgen.core.histogram import Histogram
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.view.self_account import SelfAccount
from loadgen.view.self_metrics import FAMILIES, exposition
from observer.exposition import SeriesCache
from tests.support.progress import progress

LABELS = {"run_id": 'a "run"\\', "command": "baseline", "profile": "dev", "trace_id": "0" * 32, "version": "1.2"}
WITHIN = tuple(range(10, 10 + len(LATENCY_BOUNDS_NS)))
FULL = {
    "latencies": Latencies(WITHIN, 30, 3 * NS_PER_S // 2),
    "generator": Generator(2, 250 * NS_PER_MS, 3, 150 * NS_PER_MS),
    "watching": Watching(5, 1, 60 * NS_PER_MS, 20 * NS_PER_MS, 2),
}


def account(*states: Any) -> SelfAccount:
    """Return an account that was told some states and events, in their order."""
    now = SelfAccount(LABELS, 1_700_000_000.5)
    for state in states:
        now = now.with_event(state, 1_700_000_060.0) if isinstance(state, Event) else now.with_progress(state)
    return now


def samples(now: SelfAccount) -> dict[str, float]:
    """Return the samples as the observer's parser reads them; no line may be bad."""
    cache = SeriesCache(lambda name: True)
    page = cache.parse(exposition(now))
    assert page.bad_lines == []
    found = {}
    for slot, value in enumerate(page.values):
        if value is not None:
            series = cache.series[slot]
            inner = ",".join(f"{name}={text}" for name, text in series.labels.items())
            found[f"{series.name}{{{inner}}}" if inner else series.name] = value
    return found


def test_before_anything_happened_there_is_only_what_is_known() -> None:
    found = samples(account())

    assert found["loadgen_run_start_time_seconds"] == 1_700_000_000.5
    assert found["loadgen_requests_total{state=sent}"] == 0
    assert found[f"loadgen_run_info{{run_id={LABELS['run_id']},command=baseline,profile=dev,trace_id={'0' * 32}}}"] == 1
    names = {name.partition("{")[0] for name in found}
    assert not names & {"loadgen_run_exit_code", "loadgen_workers", "loadgen_validity", "loadgen_phase_info"}


def test_a_run_under_way_has_more_than_twenty_series_with_the_right_values() -> None:
    found = samples(account(progress(**FULL)))

    assert len(found) > 60
    expected = {
        "loadgen_phase_info{phase=main}": 1,
        "loadgen_phase_elapsed_seconds": 46,
        "loadgen_phase_planned_seconds": 120,
        "loadgen_requests_total{state=scheduled}": 3_680,
        "loadgen_requests_total{state=done}": 3_669,
        "loadgen_requests_total{state=failed}": 9,
        "loadgen_requests_total{state=dropped}": 0,
        "loadgen_outcomes_total{outcome=http_5xx}": 7,
        "loadgen_requests_in_flight": 2,
        "loadgen_rate_per_second{kind=target}": 80,
        "loadgen_rate_per_second{kind=achieved}": 79,
        "loadgen_percentile_seconds{clock=response,percentile=99}": 0.031,
        "loadgen_percentile_seconds{clock=lag,percentile=99}": 0.0000423,
        "loadgen_validity{state=VALID}": 1,
        "loadgen_validity{state=INVALID}": 0,
        "loadgen_workers": 2,
        "loadgen_worker_cpu_seconds_total": 0.25,
        "loadgen_worker_stalls_total": 3,
        "loadgen_supervisor_late_seconds": 0.15,
        "loadgen_supervisor_late_wakeups_total": 1,
        "loadgen_breaker_armed{input=effective_fallback}": 0,
        "loadgen_breaker_armed{input=client}": 1,
        "loadgen_breaker_value{input=error_rate}": 0.011,
        "loadgen_breaker_threshold{input=error_rate}": 0.02,
        "loadgen_probes_total{result=ok}": 4,
        "loadgen_probes_total{result=failed}": 1,
        "loadgen_probe_seconds_total": 0.06,
        "loadgen_probe_last_seconds": 0.02,
        "loadgen_samples_written": 3,
        "loadgen_samples_planned": 12,
        "loadgen_sample_failures_total": 2,
        "loadgen_next_sample_seconds": 14,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert "loadgen_breaker_value{input=effective_fallback}" not in found, "an unarmed input has no value, not 0"


def test_buckets_are_cumulative_and_end_with_all() -> None:
    found = samples(account(progress(**FULL)))
    buckets = [value for name, value in found.items() if name.startswith("loadgen_response_seconds_bucket")]

    assert buckets == [*WITHIN, 30]
    assert found["loadgen_response_seconds_bucket{le=0.25}"] == WITHIN[9]
    assert found["loadgen_response_seconds_bucket{le=+Inf}"] == found["loadgen_response_seconds_count"] == 30
    assert found["loadgen_response_seconds_sum"] == 1.5


def test_counts_go_on_over_phases_and_never_down() -> None:
    warmup = progress(phase="warmup", failed={"timeout": 1}, **FULL)
    begun = progress(phase="main", scheduled=5, sent=4, done=3, failed={"http_5xx": 1}, dropped={"dropped_late": 1})
    before, after = samples(account(warmup)), samples(account(warmup, begun))

    assert after["loadgen_requests_total{state=sent}"] == 3_680 + 4
    assert after["loadgen_outcomes_total{outcome=timeout}"] == 1
    assert after["loadgen_outcomes_total{outcome=http_5xx}"] == 1
    assert after["loadgen_outcomes_total{outcome=dropped_late}"] == 1
    assert after["loadgen_response_seconds_count"] == 30
    assert after["loadgen_phase_info{phase=main}"] == 1
    counters = [name for name in before if re.search(r"_total|_bucket|_count|_sum", name)]
    falling = [name for name in counters if after[name] < before[name] and "probe" not in name and "sample" not in name]
    assert falling == []


def test_events_name_the_phase_the_trip_and_the_end() -> None:
    tripped = (BreakerLine("client", InputLine.TRIPPED, 0.06, 0.02),)
    found = samples(
        account(
            Event(EventName.PHASE, None, {"phase": "start"}),
            Event(EventName.PHASE, None, {"phase": "main"}),
            progress(breaker=tripped, validity="DEGRADED: own lag"),
            Event(EventName.PHASE, None, {"phase": "end"}),
            progress(breaker=tripped, validity="DEGRADED: own lag"),
            Event(EventName.END, None, {"status": "aborted_circuit_breaker", "exit_code": 4}),
        )
    )

    assert found["loadgen_phase_info{phase=end}"] == 1
    assert found["loadgen_breaker_tripped{input=client}"] == 1
    assert found["loadgen_run_exit_code"] == 4
    assert found["loadgen_run_end_time_seconds"] == 1_700_000_060
    assert found["loadgen_events_total{event=phase}"] == 3
    assert found["loadgen_validity{state=DEGRADED}"] == 1


def test_a_histogram_tells_how_many_lie_within_each_bound() -> None:
    histogram = Histogram(60 * NS_PER_S)
    for milliseconds, count in ((1, 2), (20, 5), (140, 3), (9_000, 1), (30_000, 1)):
        histogram.record(milliseconds * NS_PER_MS, count)
    within = dict(zip(LATENCY_BOUNDS_NS, histogram.counts_within(LATENCY_BOUNDS_NS), strict=True))

    assert [within[ms * NS_PER_MS] for ms in (1, 10, 25, 100, 150, 5_000, 10_000)] == [2, 2, 7, 7, 10, 10, 11]
    assert histogram.sum_ns == pytest.approx((2 + 100 + 420 + 39_000) * NS_PER_MS, rel=0.001)
    assert Histogram(NS_PER_S).counts_within((1, 2 * NS_PER_S)) == (0, 0)


def test_the_page_of_the_docs_has_every_family_with_its_type_and_meaning() -> None:
    page = (Path(__file__).parents[2] / "docs" / "SELF_METRICS.md").read_text()
    listed = re.findall(r"^\| `(loadgen_\w+)`(?:\{[\w, ]+\})? \| (\w+) \| (.+) \|$", page, re.MULTILINE)

    assert listed == [(family.name, family.kind, family.meaning) for family in FAMILIES]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed (Debian package prometheus)")
def test_promtool_has_nothing_to_say_against_the_page() -> None:
    end = Event(EventName.END, None, {"status": "completed", "exit_code": 0})
    page = exposition(account(progress(phase="warmup", **FULL), progress(**FULL), end))
    checked = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, text=True, check=False)

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
