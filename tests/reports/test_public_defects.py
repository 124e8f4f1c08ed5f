"""Defects of the published scripts that a report must not have, numbered as REQUIREMENTS §3 numbers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from reports.analysis.assessment import Verdict
from reports.analysis.check import Status
from reports.cli import report
from reports.loader.directory import load
from tests.support.judging import check_of, judge
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path


def without_end(run: RunOnDisk) -> RunOnDisk:
    """Take away the closing account, so that the totals must come from the rows."""
    run.metadata = {**run.metadata, "server_window": None, "counters_at_start": {
        "cache_hits": 0.0, "cache_misses": 0.0, "plugin_reload_success": 0.0, "plugin_reload_failure": 0.0,
    }}  # fmt: skip
    return run


def test_defect_6_every_row_counts_not_only_the_last(tmp_path: Path) -> None:
    """10 hits of 100, then 95 of 100: the true rate is 52.5 %; plugins 0 of 1, then 1 of 1: 50 %."""
    rows = {
        1: {"cache_hits_raw": "10", "cache_misses_raw": "90", "cache_hit_rate": "0.10",
            "plugin_reload_success": "0", "plugin_reload_failure": "1"},
        2: {"cache_hits_raw": "105", "cache_misses_raw": "95", "cache_hit_rate": "0.95",
            "plugin_reload_success": "1", "plugin_reload_failure": "1"},
    }  # fmt: skip
    assessment = judge(tmp_path, without_end(quick_run(samples=2, rows=rows)))
    assert check_of(assessment, "cache_hit").value == pytest.approx(52.5)
    assert check_of(assessment, "plugin_reload").value == pytest.approx(50)
    assert assessment.verdict is Verdict.NO_GO


def test_defect_6_na_is_not_zero(tmp_path: Path) -> None:
    """NA latency must not pass and NA success must not fail: both are NA, so the run is INCOMPLETE."""
    gone = {"http_success_rate": "NA", "p95_latency": "NA", "p99_latency": "NA"}
    run = without_end(quick_run(samples=2, rows={1: gone, 2: gone}))
    assessment = judge(tmp_path, run)
    for key in ("success", "p95_server", "p99_server"):
        assert check_of(assessment, key).status is Status.NA
    assert assessment.verdict is Verdict.INCOMPLETE


def test_defect_7_columns_are_found_by_name(tmp_path: Path) -> None:
    """An older file with fewer columns in another order reads right: fallback is not taken from p99."""
    lines = [
        "timestamp,p99_latency,effective_fallback_ratio,cpu_percent,sample_num",
        "2026-03-01T12:10:00Z,0.2,0.01,7,1",
    ]
    old = tmp_path / "old.csv"
    old.write_text("\n".join(lines) + "\n")
    (row,) = load(old).rows
    assert (row.get("p99_latency"), row.get("effective_fallback_ratio"), row.get("cpu_percent")) == (0.2, 0.01, 7.0)
    assert row.get("rss_mb") is None


def test_defect_7_a_partial_summary_works_from_one_sample(tmp_path: Path) -> None:
    place = quick_run(samples=3, written=1, status="running").write(tmp_path / "run")
    result = CliRunner().invoke(report, ["partial", str(place)], standalone_mode=False)
    assert result.return_value == 0
    assert "Samples: 1 of 3" in result.output


def test_defect_9_a_percentile_in_the_last_bucket_never_passes(tmp_path: Path) -> None:
    """It must not turn into null, then 0 s, then a pass."""
    all_in_inf = (0,) * 9
    window = {"latency_buckets": [[0.01, 0], [5.0, 0], ["+Inf", 300]]}
    assessment = judge(tmp_path, quick_run(buckets=all_in_inf, window=window))
    assert check_of(assessment, "p95_server").status is Status.FAIL


def test_defect_10_a_coarse_bucket_is_said_and_not_measured(tmp_path: Path) -> None:
    """One wide bucket interpolates to 950 ms although nothing is known but that it is at most 1 s."""
    window = {"latency_buckets": [[1.0, 300], ["+Inf", 300]]}
    check = check_of(judge(tmp_path, quick_run(window=window)), "p95_server")
    assert check.value == pytest.approx(0.95)
    assert check.status is Status.WARN
    assert check.reason == "bucket too coarse (0 ms to 1,000 ms, target ≤ 150 ms); the client decides"


def test_defect_17_no_password_reaches_a_report(tmp_path: Path) -> None:
    metadata = {
        "base_url": "https://admin:hunter2secret@service.example",
        "metrics_url": ["https://x:prompass99@prom.example"],
        "notes": ["Authorization: Bearer abcdef0123456789abcdef", "https://h/?token=tok123456"],
    }
    place = quick_run(metadata=metadata).write(tmp_path / "run")
    for verb in ("production", "partial"):
        output = CliRunner().invoke(report, [verb, str(place)], standalone_mode=False).output
        for secret in ("hunter2secret", "prompass99", "abcdef0123456789abcdef", "tok123456"):
            assert secret not in output
