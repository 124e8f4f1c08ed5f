"""A whole baseline of the demo service: the directory it leaves, and counts that agree three ways."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

from loadgen.core.metrics_csv import NA
from tests.support.processes import loadgen

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Baseline

HEADER = (
    "timestamp,http_success_rate,p50_latency,p90_latency,p95_latency,p99_latency,raw_fallback_ratio,"
    "effective_fallback_ratio,error_rate,error_rate_4xx,error_rate_5xx,cpu_percent,rss_mb,request_rate,"
    "raw_fallback_total,effective_fallback_total,fallback_http,fallback_message,fallback_cache,http_adapter_ops,"
    "message_bus_rpc_attempts,cache_get_attempts,fb_http_ratio,fb_message_ratio,fb_cache_ratio,plugin_reload_success,"
    "plugin_reload_failure,snapshot_create_success,snapshot_create_failure,snapshot_restore_success,"
    "snapshot_restore_failure,cache_hit_rate,plugin_reload_p95,plugin_reload_p99,plugin_reload_success_rate,"
    "snapshot_operation_p95,snapshot_operation_p99,snapshot_success_rate,cache_hits_raw,cache_misses_raw,sample_num"
)
SCHEDULED = 3 * 4 * 80


def _rows(baseline: Baseline) -> list[dict[str, str]]:
    with (baseline.path / "metrics.csv").open() as file:
        return list(csv.DictReader(file))


def test_it_ends_with_go(baseline: Baseline) -> None:
    assert baseline.result.returncode == 0, baseline.result.stdout + baseline.result.stderr
    assert "Verdict: GO" in baseline.result.stdout + baseline.result.stderr
    assert "loadgen exit 0 (ok or GO)" in baseline.result.stderr


def test_the_directory_has_every_file_of_a_finished_run(baseline: Baseline) -> None:
    assert {path.name for path in baseline.path.iterdir()} == {
        "metadata.json", "metrics.csv", "raw-metrics.txt", "probes.csv", "load-stats.csv", "latency.hlog", "load.log",
        "observe.log", "summary.json", "events.jsonl", "decisions.jsonl", "production-report.md", "report.html",
        "validation.json",
    }  # fmt: skip


def test_the_csv_has_the_41_columns_and_one_full_row_per_sample(baseline: Baseline) -> None:
    assert (baseline.path / "metrics.csv").read_text().splitlines()[0] == HEADER
    rows = _rows(baseline)
    assert [row["sample_num"] for row in rows] == ["1", "2", "3"]
    for row in rows:
        assert [name for name, value in row.items() if value == NA] == []


def test_every_scrape_of_a_row_is_kept(baseline: Baseline) -> None:
    text = (baseline.path / "raw-metrics.txt").read_text()
    assert text.count("# scrape ") == 4
    assert "# scrape 3 " in text


def test_logs_are_json_lines_and_samples_are_marked(baseline: Baseline) -> None:
    for name in ("load.log", "observe.log", "events.jsonl"):
        lines = (baseline.path / name).read_text().splitlines()
        assert lines
        assert all(isinstance(json.loads(line), dict) for line in lines)
    marked = [line for line in (baseline.path / "observe.log").read_text().splitlines() if '"msg":"📊' in line]
    assert len(marked) == 3


def test_metadata_tells_the_run(baseline: Baseline) -> None:
    metadata = baseline.json("metadata.json")
    assert metadata["status"] == "completed"
    assert metadata["exit_code"] == 0
    assert metadata["rate_per_s"] == 80.0
    assert metadata["concurrency"] == 20
    assert metadata["validity"]["state"] in ("VALID", "DEGRADED")
    assert metadata["counters_at_start"]["requests"] > 0
    assert metadata["load"]["scheduled"] == SCHEDULED


def test_generator_service_and_csv_agree_on_every_request(baseline: Baseline) -> None:
    metadata = baseline.json("metadata.json")
    load, exercised, warmed = metadata["load"], metadata["exercise"]["requests"], metadata["warmup"]["sent"]
    checked = 1 + 5  # preflight: /health and one request to each endpoint
    assert load["sent"] == SCHEDULED
    assert baseline.served == load["sent"] + exercised + warmed + checked
    at_start, at_end = metadata["counters_at_start"]["requests"], metadata["counters_at_end"]["requests"]
    assert at_end - at_start == load["sent"] + exercised
    assert metadata["server_window"]["requests"] == at_end - at_start

    # The CSV has no column of requests: each row is its rate over the real time since the scrape before.
    scraped = [metadata["scraped_at"]["start"], *(row["timestamp"] for row in _rows(baseline))]
    instants = [datetime.fromisoformat(text) for text in scraped]
    rates = [float(row["request_rate"]) for row in _rows(baseline)]
    seconds = [(later - earlier).total_seconds() for earlier, later in pairwise(instants)]
    in_rows = sum(rate * length for rate, length in zip(rates, seconds, strict=True))
    last_row = datetime.fromisoformat(scraped[-1])
    after_last_row = (datetime.fromisoformat(metadata["scraped_at"]["end"]) - last_row).total_seconds() * 90 + 20
    assert at_end - at_start - after_last_row <= in_rows <= at_end - at_start + 2


def _hdr_totals(path: Path) -> dict[str, int]:
    """Read an interval log with the library's own reader and sum the counts by tag."""
    totals: dict[str, int] = {}
    reader = HistogramLogReader(str(path), HdrHistogram(1000, 60_000_000_000, 3))
    while (histogram := reader.get_next_interval_histogram()) is not None:
        tag = str(histogram.get_tag())
        totals[tag] = totals.get(tag, 0) + int(histogram.get_total_count())
    reader.close()
    return totals


def test_the_histogram_log_opens_in_an_hdr_reader_and_its_total_is_the_summarys(baseline: Baseline) -> None:
    totals = _hdr_totals(baseline.path / "latency.hlog")
    summary = baseline.json("summary.json")
    assert totals["response"] == summary["metrics"]["http_reqs"]["values"]["count"] == SCHEDULED
    assert totals["response_ok"] == summary["totals"]["done"]
    assert sum(count for tag, count in totals.items() if tag.startswith("endpoint:")) == SCHEDULED


def test_the_account_adds_up(baseline: Baseline) -> None:
    totals = baseline.json("summary.json")["totals"]
    assert totals["scheduled"] == totals["sent"] + totals["unsent"] + totals["dropped"]
    assert totals["sent"] == totals["done"] + totals["failed"] + totals["in_flight"]


def test_seconds_add_up_to_the_totals(baseline: Baseline) -> None:
    with (baseline.path / "load-stats.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert sum(int(row["due"]) for row in rows) == SCHEDULED
    assert sum(int(row["sent"]) for row in rows) == SCHEDULED
    assert [int(row["due"]) for row in rows[:12]] == [80] * 12


def test_the_report_can_be_rebuilt_and_says_the_same(baseline: Baseline) -> None:
    again = loadgen("report", "production", str(baseline.path), cwd=baseline.path.parent)
    assert again.returncode == 0, again.stderr
    assert "Overall Verdict: GO" in (again.stdout or (baseline.path / "production-report.md").read_text())


def test_no_pid_file_and_no_lock_holder_is_left(baseline: Baseline) -> None:
    cwd = baseline.path.parent.parent
    assert not list(cwd.glob("phase5-*.pid"))


def test_its_validation_asserts_every_threshold_on_what_the_run_measured(baseline: Baseline) -> None:
    validation = baseline.json("validation.json")
    assert validation["configuration"]["source"] == baseline.path.name
    assert validation["summary"]["total_checks"] == 16
    assert validation["summary"]["failed"] == 0, validation["assertions"]
    assert "validation " in baseline.result.stderr
    told = {item["metric"]: item["actual"] for item in validation["assertions"]}
    assert told["http_success_rate"] == 100
    window = baseline.json("metadata.json")["server_window"]
    assert validation["counters"]["cache_hits"] == window["cache_hits"]
