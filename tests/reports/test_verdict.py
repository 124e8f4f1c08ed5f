"""The verdict: GO only when nothing failed and nothing that matters is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.errors import ExitCode
from reports.analysis.assessment import Verdict
from reports.analysis.check import Status
from tests.support.judging import check_of, judge
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path


TRIP = {
    "input": "error_rate", "metric": "errors / requests", "value": 0.062, "threshold": 0.02, "window_s": 30.0,
    "rule": "wilson", "at": "2026-03-01T12:05:00.000Z", "phase": "main", "detail": "",
}  # fmt: skip
INVALID = {"state": "INVALID", "reasons": ["own lag p99 180 ms"], "target_limited": False}


def test_a_whole_run_within_its_targets_is_a_go(tmp_path: Path) -> None:
    assessment = judge(tmp_path, RunOnDisk())
    assert (assessment.verdict, assessment.exit_code) == (Verdict.GO, ExitCode.OK)
    assert assessment.reasons == ("every mandatory check passed",)
    assert assessment.key_figures == (
        "72,000 requests", "success 100.00 %", "p95 60.0 ms", "p99 60.0 ms", "errors 0.00 %",
    )  # fmt: skip


def test_one_failed_check_is_a_no_go_with_its_numbers(tmp_path: Path) -> None:
    assessment = judge(tmp_path, RunOnDisk(errors_5xx=1_000))
    assert (assessment.verdict, assessment.exit_code) == (Verdict.NO_GO, ExitCode.NO_GO)
    assert assessment.reasons == ("Error rate (server): 1.39 %, target ≤ 1 %",)


def test_a_missing_mandatory_metric_is_incomplete_and_named(tmp_path: Path) -> None:
    assessment = judge(tmp_path, RunOnDisk(cache_hits=0, cache_misses=0))
    assert (assessment.verdict, assessment.exit_code) == (Verdict.INCOMPLETE, ExitCode.INCOMPLETE)
    assert assessment.missing == ("Cache hit rate, global",)
    assert assessment.reasons == ("Cache hit rate, global: no cache look-ups in the window (0 cache look-ups)",)


def test_a_failure_weighs_more_than_a_gap(tmp_path: Path) -> None:
    assessment = judge(tmp_path, RunOnDisk(cache_hits=0, cache_misses=0, errors_5xx=1_000))
    assert assessment.verdict is Verdict.NO_GO
    assert [reason.split(":")[0] for reason in assessment.reasons] == ["Error rate (server)", "Cache hit rate, global"]


def test_what_the_metric_profile_lacks_is_not_mandatory(tmp_path: Path) -> None:
    lists = {"mandatory_metrics": ["success", "p95", "p99", "error", "memory"], "not_applicable": ["cache_hit"]}
    window = {"cache_hits": None, "cache_misses": None}
    assessment = judge(tmp_path, RunOnDisk(metadata=lists, window=window))
    assert assessment.verdict is Verdict.GO
    cache = next(check for check in assessment.slo if check.key == "cache_hit")
    assert cache.reason == "the metric profile does not have it (not applicable)"


def test_no_list_of_mandatory_metrics_means_the_full_one(tmp_path: Path) -> None:
    metadata: dict[str, Any] = {"mandatory_metrics": []}
    assert judge(tmp_path, RunOnDisk(metadata=metadata, window={"cache_hits": None})).verdict is Verdict.INCOMPLETE


@pytest.mark.parametrize("operations", [{"plugin": (9, 1)}, {"snapshot": (98, 2)}])
def test_plugin_and_snapshot_failures_block(tmp_path: Path, operations: dict[str, Any]) -> None:
    assert judge(tmp_path, RunOnDisk(**operations)).verdict is Verdict.NO_GO


def test_no_plugin_and_no_snapshot_operation_is_neutral(tmp_path: Path) -> None:
    assert judge(tmp_path, RunOnDisk(plugin=(0, 0), snapshot=(0, 0))).verdict is Verdict.GO


def test_raw_fallback_and_cpu_are_information(tmp_path: Path) -> None:
    run = RunOnDisk(raw_fallback=20_000, cache_miss=20_000, window={"cpu_s": 7_200.0})
    assessment = judge(tmp_path, run)
    assert assessment.verdict is Verdict.GO
    values = {check.key: check.value for check in assessment.slo}
    assert values["raw_fallback"] == pytest.approx(27.78, abs=0.01)
    assert values["cpu"] == pytest.approx(100)


def test_an_invalid_measurement_is_never_a_go(tmp_path: Path) -> None:
    assessment = judge(tmp_path, RunOnDisk(metadata={"validity": INVALID}))
    assert (assessment.verdict, assessment.exit_code) == (Verdict.INVALID, ExitCode.INVALID)
    assert assessment.reasons == ("Measurement validity: INVALID: own lag p99 180 ms",)


def test_invalid_comes_before_no_go(tmp_path: Path) -> None:
    assessment = judge(tmp_path, RunOnDisk(metadata={"validity": INVALID}, errors_5xx=1_000))
    assert assessment.exit_code is ExitCode.INVALID


def test_a_degraded_measurement_may_be_a_go_with_a_warning(tmp_path: Path) -> None:
    degraded = {"state": "DEGRADED", "reasons": ["a wake-up was 1.2 s late"], "target_limited": False}
    assessment = judge(tmp_path, RunOnDisk(metadata={"validity": degraded}))
    assert assessment.verdict is Verdict.GO
    assert any("WARN" in action for action in assessment.actions)


def test_a_target_limited_run_is_a_no_go_and_not_invalid(tmp_path: Path) -> None:
    """A 400 ms service with 20 connections serves 50/s of the 80/s asked: the rest stays unsent."""
    limited = {"state": "VALID", "reasons": [], "target_limited": True}
    assessment = judge(tmp_path, quick_run(rate_per_s=80, unsent=900, metadata={"validity": limited}))
    assert (assessment.verdict, assessment.exit_code) == (Verdict.NO_GO, ExitCode.NO_GO)
    assert assessment.reasons[0] == (
        "Load: TARGET-LIMITED: every connection was busy, so the service set the pace; "
        "1,500 of 2,400 scheduled requests sent (62.50 %)"
    )


def test_a_trip_is_a_no_go_with_exit_code_4_before_everything_else(tmp_path: Path) -> None:
    breaker = {"enabled": True, "thresholds": {}, "inputs": [], "trip": TRIP}
    metadata = {"breaker": breaker, "status": "aborted_circuit_breaker", "validity": INVALID}
    assessment = judge(tmp_path, RunOnDisk(metadata=metadata))
    assert (assessment.verdict, assessment.exit_code) == (Verdict.NO_GO, ExitCode.BREAKER)
    assert assessment.reasons[0] == (
        "Circuit breaker: tripped on the service's error rate, errors / requests 6.20 % against 2 %, over 30 s, "
        "rule: wilson, at 2026-03-01T12:05:00.000Z"
    )


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("running", "Run: the run has not ended, or it was killed before it could say so"),
        ("stopped", "Run: stopped on request before its end"),
        ("interrupted", "Run: interrupted (Ctrl-C) before its end"),
        ("hangup", "Run: stopped when its terminal went away"),
        ("failed", "Run: ended by a failure of the tool or one of its processes"),
        ("finished?", "Run: the record does not say how the run ended"),
    ],
)
def test_a_run_that_did_not_complete_is_incomplete(tmp_path: Path, status: str, reason: str) -> None:
    assessment = judge(tmp_path, RunOnDisk(status=status))
    assert assessment.verdict is Verdict.INCOMPLETE
    assert assessment.reasons == (reason,)


def test_a_metric_profile_may_make_more_mandatory(tmp_path: Path) -> None:
    """With CPU on the list of a user's own profile its target counts: 7,200 s of 7,200 s are 100 %, not 30 %."""
    metadata = {"mandatory_metrics": ["success", "cpu"]}
    assert judge(tmp_path, RunOnDisk(metadata=metadata, window={"cpu_s": 7_200.0})).verdict is Verdict.NO_GO


def test_a_breaker_of_which_no_input_is_on_record_is_not_called_armed(tmp_path: Path) -> None:
    breaker = {"enabled": True, "thresholds": {}, "inputs": [], "trip": None}
    check = check_of(judge(tmp_path, quick_run(metadata={"breaker": breaker})), "breaker")
    assert check.status is Status.WARN
    assert check.reason == "quiet, but the record does not say on which inputs it was armed"


@pytest.mark.parametrize("plan", [{"samples": 0}, {"interval_seconds": 0}])
def test_a_plan_of_nothing_is_no_coverage(tmp_path: Path, plan: dict[str, int]) -> None:
    assessment = judge(tmp_path, quick_run(metadata=plan))
    assert assessment.verdict is Verdict.INCOMPLETE
    assert assessment.coverage.check.reason == "the record does not say how many samples were planned"
