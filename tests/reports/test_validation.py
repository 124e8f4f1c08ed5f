"""The judgement of a validation: hand-computed cases, and the rules of what is never a pass."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.errors import ExitCode
from reports.analysis.evidence import Obstacle
from reports.analysis.validation import exit_code, rounded
from reports.loader.thresholds import load_thresholds
from reports.model.thresholds import Side, Threshold
from reports.model.validation import NaPolicy, Outcome, Validation
from tests.support.validations import (
    AT,
    PLUGIN,
    SNAPSHOT,
    evidence,
    histogram,
    operations,
    validated,
    window,
)


def status_of(validation: Validation, metric: str) -> tuple[float | None, str]:
    assertion = validation.find(metric)
    assert assertion is not None, metric
    return assertion.actual, assertion.status.value


def issues_of(validation: Validation, metric: str) -> list[str]:
    return [item.issue for item in validation.warnings if item.metric == metric]


def test_a_service_that_meets_every_threshold_passes() -> None:
    validation = validated()
    summary = validation.summary
    assert (summary.total_checks, summary.passed, summary.failed, summary.na) == (16, 16, 0, 0)
    assert validation.passed
    assert validation.warnings == ()
    assert exit_code(validation) is ExitCode.OK


def test_every_figure_is_what_the_arithmetic_says() -> None:
    """999 of 1000, 1 of 1000, 90 of 100 look-ups, 2 of 10 fallbacks, 10 s of 100 s."""
    validation = validated()
    assert status_of(validation, "http_success_rate") == (99.9, "pass")
    assert status_of(validation, "error_rate") == (0.1, "pass")
    assert status_of(validation, "cache_hit_rate") == (90.0, "pass")
    assert status_of(validation, "fallback_effective_ratio") == (0.2, "pass")
    assert status_of(validation, "effective_fallback_rate") == (0.2, "pass")
    assert status_of(validation, "memory_rss") == (123.46, "pass")
    # rank 950 of 1000 lies 50 of 99 into the bucket from 10 ms to 50 ms
    assert status_of(validation, "http_latency_p95") == (0.030203, "pass")


def test_success_is_cut_off_at_two_decimals() -> None:
    counters = validated(evidence(window(requests=3000.0, success=2999.0, errors_4xx=1.0))).counters
    assert counters.http_success_rate == 99.96
    assert counters.error_rate == 0.04


def test_a_failed_assertion_fails_the_validation_with_exit_1() -> None:
    validation = validated(evidence(window(success=970.0, errors_5xx=29.0)))
    assert status_of(validation, "http_success_rate") == (97.0, "fail")
    assert status_of(validation, "error_rate") == (3.0, "fail")
    assert validation.summary.overall_status is Outcome.FAIL
    assert exit_code(validation) is ExitCode.NO_GO


def test_six_assertions_without_samples_do_not_pass_under_the_strict_policy() -> None:
    """The contract of the published validator, whose answer to six missing latencies is fail."""
    validation = validated(evidence(window(operations=())))
    assert (validation.summary.na, validation.summary.failed) == (6, 0)
    assert validation.summary.overall_status is Outcome.FAIL
    assert exit_code(validation) is ExitCode.INCOMPLETE
    assert {item.issue for item in validation.warnings} == {"no_samples"}


def test_the_neutral_policy_passes_over_missing_figures() -> None:
    validation = validated(evidence(window(operations=())), NaPolicy.NEUTRAL)
    assert (validation.summary.passed, validation.summary.na) == (10, 6)
    assert validation.passed


def test_nothing_measured_is_no_pass_under_any_policy() -> None:
    for policy in NaPolicy:
        validation = validated(evidence(window=None, rss_mb=None), policy)
        assert validation.summary.passed == 0
        assert not validation.passed
        assert exit_code(validation) is ExitCode.INCOMPLETE


def test_a_failure_outweighs_missing_figures() -> None:
    validation = validated(evidence(window(operations=(), success=900.0)))
    assert exit_code(validation) is ExitCode.NO_GO


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (ExitCode.INCOMPLETE, ExitCode.INCOMPLETE),
        (ExitCode.INVALID, ExitCode.INVALID),
        (ExitCode.BREAKER, ExitCode.BREAKER),
    ],
)
def test_a_source_that_is_not_whole_never_passes(code: ExitCode, expected: ExitCode) -> None:
    obstacle = Obstacle("run_end", "Run: interrupted before its end", code)
    validation = validated(evidence(obstacles=(obstacle,)), NaPolicy.NEUTRAL)
    assert validation.summary.passed == 16
    assert not validation.passed
    assert exit_code(validation, (obstacle,)) is expected
    assert issues_of(validation, "run_end") == ["source_incomplete"]


def test_what_a_run_was_not_asked_to_do_is_neutral() -> None:
    idle = window(operations=(), plugin_reload_success=0.0, snapshot_create_success=0.0, snapshot_restore_success=0.0)
    validation = validated(evidence(idle, idle=frozenset({"plugin", "snapshot"})))
    assert validation.summary.na == 8
    assert validation.passed
    assert not validated(evidence(idle)).passed


def test_what_the_metric_profile_lacks_is_not_asserted() -> None:
    bare = window(operations=(), cache_hits=None, cache_misses=None)
    validation = validated(evidence(bare, not_applicable=("cache_hit", "plugin_reload", "snapshot")))
    assert validation.find("cache_hit_rate") is None
    assert validation.find("plugin_reload_latency_p95") is None
    assert issues_of(validation, "cache_hit_rate") == ["not_applicable"]
    assert validation.passed


@pytest.mark.parametrize(("count", "status"), [(1, "na"), (4, "na"), (5, "pass")])
def test_a_percentile_of_fewer_than_five_observations_never_passes(count: int, status: str) -> None:
    validation = validated(evidence(window(operations=operations(count))))
    assert status_of(validation, "plugin_reload_latency_p95")[1] == status
    assert issues_of(validation, "plugin_reload_latency_p95") == ["low_sample_count"] * (count < 5)
    assert exit_code(validation) is (ExitCode.INCOMPLETE if count < 5 else ExitCode.OK)


def test_few_observations_that_are_all_too_slow_fail() -> None:
    slow = histogram(PLUGIN, {"plugin_name": "example-plugin"}, {10.0: 1})
    validation = validated(evidence(window(operations=(slow, *operations()[1:]))))
    assert status_of(validation, "plugin_reload_latency_p95") == (9.75, "fail")


def test_a_single_request_in_the_histogram_of_the_service_is_no_pass_by_the_client() -> None:
    one = window(buckets=((0.01, 1.0), (0.1, 1.0), (inf, 1.0)), latency_count=1.0)
    validation = validated(evidence(one, client=lambda _: 0.02))
    assert status_of(validation, "http_latency_p99") == (None, "na")


def test_no_fallback_at_all_is_a_ratio_of_zero_and_a_warning() -> None:
    validation = validated(evidence(window(raw_fallback=0.0, effective_fallback=0.0, fallback_by_reason={})))
    assert status_of(validation, "fallback_effective_ratio") == (0, "pass")
    assert issues_of(validation, "fallback_effective_ratio") == ["no_fallback_events"]
    assert len(validation.counters.fallback_by_reason) == 8


def test_a_service_that_counts_no_fallbacks_has_no_ratio() -> None:
    validation = validated(evidence(window(raw_fallback=None, effective_fallback=None, fallback_by_reason={})))
    assert status_of(validation, "fallback_effective_ratio") == (None, "na")
    assert validation.taxonomy_valid is None
    assert validation.counters.fallback_by_reason == {}


def test_a_reason_outside_the_taxonomy_is_a_warning_and_no_failure() -> None:
    validation = validated(evidence(window(fallback_by_reason={"cache_miss": 8.0, "gremlins": 2.0})))
    assert validation.taxonomy_valid is False
    assert issues_of(validation, "fallback_taxonomy") == ["unknown_reason"]
    assert validation.passed


def test_informative_thresholds_are_told_when_missed_and_decide_nothing() -> None:
    validation = validated(evidence(window(cpu_s=95.0, raw_fallback=200.0)))
    assert validation.find("cpu") is None
    assert issues_of(validation, "cpu") == ["informative_threshold_missed"]
    assert issues_of(validation, "raw_fallback_rate") == ["informative_threshold_missed"]
    assert validation.passed


@pytest.mark.parametrize(("ago_s", "recent"), [(899, 1), (900, 1), (901, 0)])
def test_a_redis_failure_is_recent_for_fifteen_minutes(ago_s: int, recent: int) -> None:
    failed = window(redis_last_failure_s=AT.timestamp() - ago_s)
    assert validated(evidence(failed)).counters.redis_recent_failures == recent


def test_redis_that_never_failed_and_redis_that_is_not_shown_differ() -> None:
    assert validated().counters.redis_recent_failures == 0
    assert validated(evidence(window(redis_last_failure_s=None))).counters.redis_recent_failures is None


def test_reloads_of_other_plugins_are_not_judged() -> None:
    other = histogram(PLUGIN, {"plugin_name": "slow-plugin"}, {inf: 50})
    assert validated(evidence(window(operations=(*operations(), other)))).passed


def test_series_of_one_selector_are_summed_before_the_percentile_is_taken() -> None:
    """90 quick and 10 slow restores on two hosts: the average of their percentiles would pass."""
    restores = (
        histogram(SNAPSHOT, {"operation": "restore", "host": "a"}, {0.1: 90}),
        histogram(SNAPSHOT, {"operation": "restore", "host": "b"}, {30.0: 10}),
    )
    validation = validated(evidence(window(operations=(*operations()[:2], *restores))))
    assert status_of(validation, "snapshot_restore_latency_p95") == (20.0, "fail")


def test_a_bucket_that_straddles_the_threshold_is_decided_by_the_client() -> None:
    coarse = window(buckets=((0.01, 900.0), (0.1, 940.0), (0.25, 1000.0), (inf, 1000.0)))
    without = validated(evidence(coarse))
    assert status_of(without, "http_latency_p95") == (None, "na")
    assert issues_of(without, "http_latency_p95") == ["bucket_too_coarse"]
    for seconds, status in ((0.149, "pass"), (0.151, "fail")):
        client = validated(evidence(coarse, client={95.0: seconds}.get))
        assert status_of(client, "http_latency_p95") == (seconds, status)
        assert issues_of(client, "http_latency_p95") == ["bucket_too_coarse"]


def test_the_worse_of_the_service_and_the_client_is_judged() -> None:
    """The service's p99 is the 90th of 99 values in 0.01 to 0.05 s: 0.04636 s; its success rate is 99.9 %."""
    slow = validated(evidence(client={95.0: 0.04, 99.0: 0.3}.get, client_rates={"http_success_rate": 97.5}))
    assert status_of(slow, "http_latency_p99") == (0.3, "fail")
    assert status_of(slow, "http_success_rate") == (97.5, "fail")
    told = next(item for item in slow.warnings if item.metric == "http_latency_p99")
    assert told.message == "0.04636 seconds by the service would pass; the client's figure is judged"
    quick = validated(evidence(client={95.0: 0.04, 99.0: 0.09}.get, client_rates={"http_success_rate": 100.0}))
    assert status_of(quick, "http_latency_p99") == (0.09, "pass")
    assert status_of(quick, "http_success_rate") == (99.9, "pass")


def test_a_failure_that_only_the_client_of_a_run_saw_needs_no_figure_of_the_service() -> None:
    bare = evidence(window(success=None, errors_4xx=None), client_rates={"http_success_rate": 97.5, "error_rate": 0.5})
    validation = validated(bare)
    assert status_of(validation, "http_success_rate") == (97.5, "fail")
    assert status_of(validation, "error_rate") == (None, "na")


def test_the_times_of_a_warm_up_are_not_held_against_a_service_whose_buckets_decide() -> None:
    assert status_of(validated(evidence(lifetime=True, client=lambda _: 9.0)), "http_latency_p99")[1] == "pass"


def test_what_the_profile_lacks_of_the_service_is_judged_by_the_client_alone() -> None:
    bare = evidence(window(buckets=(), latency_count=None), not_applicable=("p95", "p99"))
    assert validated(bare).find("http_latency_p99") is None
    assert status_of(validated(replace(bare, client=lambda _: 0.1)), "http_latency_p99") == (0.1, "pass")
    assert status_of(validated(replace(bare, client=lambda _: 0.3)), "http_latency_p99") == (0.3, "fail")


def test_a_lifetime_summary_is_no_histogram() -> None:
    summary = window(buckets=(), latency_count=None, latency_source="summary (lifetime)")
    assert issues_of(validated(evidence(summary)), "http_latency_p99") == ["lifetime_summary"]
    assert status_of(validated(evidence(summary, client=lambda _: 0.1)), "http_latency_p99") == (0.1, "pass")


@given(st.floats(0, 200, allow_nan=False), st.sampled_from(load_thresholds().entries))
def test_a_rounded_figure_is_on_the_same_side_as_the_true_one_and_never_better(
    value: float, threshold: Threshold
) -> None:
    shown = rounded(value, threshold)
    assert threshold.met_by(shown) == threshold.met_by(value)
    worse = shown >= value - 1e-9 if threshold.side is Side.UPPER else shown <= value + 1e-9
    assert worse
    assert shown == pytest.approx(value, abs=0.011)
