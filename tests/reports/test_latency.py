"""Latency is judged twice: on the client's response time and on the server's histogram."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import pytest

from loadgen.core.histogram import Histogram
from reports.analysis.assessment import Verdict
from reports.analysis.check import Status
from reports.analysis.client import percentile_s
from tests.support.judging import check_of, judge
from tests.support.runs import BOUNDS, RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path


def in_bucket(bound: float | None, share: float = 0.1) -> tuple[int, ...]:
    """Return bucket counts of 300 requests: all in the first bucket but `share`, which is in the one up to `bound`."""
    at = len(BOUNDS) if bound is None else BOUNDS.index(bound)
    slow = round(300 * share)
    counts = [0] * (len(BOUNDS) + 1)
    counts[0], counts[at] = 300 - slow, slow
    return tuple(counts)


@pytest.mark.parametrize(
    ("bound", "status", "reason"),
    [
        (0.1, Status.PASS, "in the bucket 50.0 ms to 100 ms, target ≤ 150 ms"),
        (0.25, Status.WARN, "bucket too coarse (100 ms to 250 ms, target ≤ 150 ms); the client decides"),
        (0.5, Status.FAIL, "above 250 ms (bucket 250 ms to 500 ms), target ≤ 150 ms"),
        (None, Status.FAIL, "above 5,000 ms (bucket 5,000 ms to ∞), target ≤ 150 ms"),
    ],
)
def test_the_servers_p95_is_judged_by_its_bucket(
    tmp_path: Path, bound: float | None, status: Status, reason: str
) -> None:
    check = check_of(judge(tmp_path, quick_run(buckets=in_bucket(bound))), "p95_server")
    assert (check.status, check.reason) == (status, reason)


def test_a_bucket_that_ends_at_the_target_passes_and_one_that_begins_there_fails(tmp_path: Path) -> None:
    assert check_of(judge(tmp_path, quick_run(buckets=in_bucket(0.25))), "p99_server").status is Status.PASS
    assert check_of(judge(tmp_path, quick_run(buckets=in_bucket(0.5))), "p99_server").status is Status.FAIL


def test_where_the_bucket_is_too_coarse_the_client_decides(tmp_path: Path) -> None:
    coarse = in_bucket(0.25)
    assert judge(tmp_path, quick_run(buckets=coarse)).verdict is Verdict.GO
    slow = judge(tmp_path, quick_run(buckets=coarse, latencies_ms={20: 90, 200: 10}))
    assert slow.verdict is Verdict.NO_GO
    assert slow.reasons == ("P95 latency, client response: 200 ms, target ≤ 150 ms",)


def test_a_summary_over_the_process_life_leaves_it_to_the_client(tmp_path: Path) -> None:
    window = {
        "latency_buckets": [],
        "latency_source": "summary (lifetime)",
        "percentiles": {
            name: {"value": 0.9, "lower": 0.9, "upper": 0.9, "saturated": False} for name in ("p95", "p99")
        },
    }
    assessment = judge(tmp_path, quick_run(window=window))
    assert check_of(assessment, "p95_server").status is Status.WARN
    assert assessment.verdict is Verdict.GO


def test_no_histogram_at_all_is_incomplete(tmp_path: Path) -> None:
    assessment = judge(tmp_path, quick_run(window={"latency_buckets": [], "latency_source": ""}))
    assert assessment.missing == ("P95 latency, server histogram", "P99 latency, server histogram")


def test_stated_percentiles_are_not_trusted_over_the_buckets(tmp_path: Path) -> None:
    rosy = {"p95": {"value": 0.001, "lower": 0.0, "upper": 0.01, "saturated": False}}
    assessment = judge(tmp_path, quick_run(buckets=in_bucket(0.5), window={"percentiles": rosy}))
    assert check_of(assessment, "p95_server").status is Status.FAIL


def test_the_clients_percentile_counts_every_request(tmp_path: Path) -> None:
    """Of 300 requests 5 in 100 take 200 ms: rank 285 of 300 is still 20 ms, so p95 passes and p99 shows 200."""
    assessment = judge(tmp_path, quick_run(latencies_ms={20: 95, 200: 5}))
    assert check_of(assessment, "p95_client").value == pytest.approx(0.020, rel=0.001)
    assert check_of(assessment, "p99_client").value == pytest.approx(0.200, rel=0.001)


def test_values_beyond_the_histograms_range_push_the_percentile_up() -> None:
    """5 of 100 values lie above the range: p95 is still known, p96 is beyond every value that was recorded."""
    histogram = Histogram(60_000_000_000)
    histogram.record(20_000_000, 95)
    assert percentile_s(histogram, 95.0, 5) == pytest.approx(0.020, rel=0.001)
    assert percentile_s(histogram, 96.0, 5) == inf


def test_the_samples_spread_stands_beside_the_judged_value(tmp_path: Path) -> None:
    rows = check_of(judge(tmp_path, quick_run()), "p95_client").rows
    assert rows is not None
    assert rows.rows == 3
    assert rows.stddev == 0


def test_both_sides_are_compared(tmp_path: Path) -> None:
    p50 = judge(tmp_path, quick_run()).comparison[0]
    assert p50.name == "p50"
    assert p50.server is not None
    assert p50.server.value_s == pytest.approx(0.00526, abs=0.0001)
    assert p50.outside_s == pytest.approx(0.020 - 0.00526, abs=0.0001)


def test_without_any_latency_nothing_is_compared(tmp_path: Path) -> None:
    run = quick_run(window={"latency_buckets": []})
    assessment = judge(tmp_path, run)
    assert all(line.server is None for line in assessment.comparison)


def test_production_and_quick_runs_share_the_rules(tmp_path: Path) -> None:
    assert judge(tmp_path, RunOnDisk(buckets=in_bucket(0.5))).verdict is Verdict.NO_GO
