"""Defects of the published validator that ours must not have, numbered as REQUIREMENTS §3 numbers them."""

from __future__ import annotations

import json
from math import inf
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.core.slo import SloTargets
from observer.lifetime import lifetime_window
from observer.source import Scraped
from reports.analysis.evidence import evidence_of_run
from reports.analysis.validation import validate
from reports.cli import report
from reports.loader.directory import load
from reports.loader.fields import Fields
from reports.loader.thresholds import load_thresholds
from reports.loader.window import read_window
from reports.model.server import Operation
from reports.model.validation import Configuration, Outcome
from reports.render.validation_json import validation_json
from tests.support.pages import Endpoints
from tests.support.runs import quick_run
from tests.support.validations import AT, PLUGIN, evidence, histogram, operations, validated, window

if TYPE_CHECKING:
    from pathlib import Path

    from reports.model.server import ServerWindow

FALLBACKS = """
# TYPE http_requests_total counter
http_requests_total{method="GET",status="200"} 400
# TYPE metasheet_fallback_total counter
metasheet_fallback_total{reason="http_error"} 1
metasheet_fallback_total{reason="http_timeout"} 1
metasheet_fallback_total{reason="upstream_error"} 1
metasheet_fallback_total{reason="cache_miss"} 1
"""


def scraped(text: str) -> ServerWindow | None:
    """Take a page through the observer's reading and ours, as `report validate URL` does."""
    scripted = Endpoints()
    body = lifetime_window(scripted.reading, Scraped(scripted.take(text), 0, (("", text),)), 0.0)
    return read_window(Fields({"lifetime": body}), "lifetime")


def test_defect_8_every_reason_of_a_fallback_is_counted_not_the_first_alone() -> None:
    """Four events in four series: the published validator reported 1 raw and 0 effective."""
    validation = validated(evidence(scraped(FALLBACKS)))
    assert validation.counters.raw_fallback == 4
    assert validation.counters.effective_fallback == 3
    assert validation.counters.fallback_effective_ratio == 0.75
    assertion = validation.find("fallback_effective_ratio")
    assert assertion is not None
    assert (assertion.actual, assertion.status) == (0.75, Outcome.FAIL)


def test_defect_9_a_percentile_in_the_infinite_bucket_fails_and_is_never_zero() -> None:
    """The published validator read NaN, wrote null, took 0 s and passed."""
    endless = histogram(PLUGIN, {"plugin_name": "example-plugin"}, {inf: 20})
    validation = validated(evidence(window(operations=(endless, *operations()[1:]))))
    for metric in ("plugin_reload_latency_p95", "plugin_reload_latency_p99"):
        assertion = validation.find(metric)
        assert assertion is not None
        assert (assertion.actual, assertion.status) == (10.0, Outcome.FAIL)
    written = json.loads(validation_json(validation))
    assert written["percentiles"][f'{PLUGIN}{{plugin_name="example-plugin"}}']["p95"] == 10


def test_defect_9_requests_beyond_the_last_bound_fail_too() -> None:
    endless = window(buckets=((0.1, 0.0), (5.0, 0.0), (inf, 1000.0)))
    assertion = validated(evidence(endless)).find("http_latency_p95")
    assert assertion is not None
    assert (assertion.actual, assertion.status) == (5.0, Outcome.FAIL)


def test_defect_10_a_coarse_bucket_passes_only_where_all_of_it_does() -> None:
    """In a bucket from 5 s to 10 s an interpolated 7.5 s says nothing about a threshold of 8 s."""
    slow = histogram("metasheet_snapshot_operation_duration_seconds", {"operation": "create"}, {10.0: 20})
    validation = validated(evidence(window(operations=(operations()[0], slow, operations()[2]))))
    p95, p99 = validation.find("snapshot_create_latency_p95"), validation.find("snapshot_create_latency_p99")
    assert p95 is not None
    assert p99 is not None
    assert p95.status is Outcome.FAIL  # all of the bucket is beyond 5 s
    assert (p99.status, p99.actual) == (Outcome.NA, None)


def test_defect_18_a_service_without_producers_is_incomplete_under_strict_and_told_so() -> None:
    validation = validated(evidence(window(operations=())))
    told = {item.metric: item.message for item in validation.warnings}
    assert told["plugin_reload_latency_p95"] == f'{PLUGIN}{{plugin_name="example-plugin"}} has no samples'


def test_defect_3_the_latency_of_a_run_is_of_its_window_and_of_all_routes(tmp_path: Path) -> None:
    """The published CSV held the lifetime quantile of the route that was listed last."""
    lifetime = {"value": 0.9, "lower": 0.9, "upper": 0.9, "saturated": False}
    window = {"latency_source": "summary (lifetime)", "latency_buckets": [], "percentiles": {"p95": lifetime}}
    run = load(quick_run(window=window).write(tmp_path / "r"))
    thresholds = load_thresholds()
    found = evidence_of_run(run, SloTargets(), AT)
    validation = validate(found, thresholds, Configuration(False, thresholds.source))
    assertion = validation.find("http_latency_p95")
    assert assertion is not None
    assert assertion.actual == pytest.approx(0.06, rel=0.01)  # the client's, over every request


def test_defect_20_samples_that_a_disconnected_cache_makes_up_are_named() -> None:
    """Ten microseconds look excellent; they are what the cache writes when Redis is not there."""
    buckets = ((0.0005, 50.0), (0.001, 50.0), (inf, 50.0))
    invented = Operation("redis_operation_duration_seconds", {"op": "get"}, buckets, 50.0, 50 * 0.00001)
    real = Operation("redis_operation_duration_seconds", {"op": "set"}, buckets, 50.0, 50 * 0.0003)
    validation = validated(evidence(window(operations=(*operations(), invented, real))))
    assert [item.metric for item in validation.warnings if item.issue == "synthetic_samples"] == [
        'redis_operation_duration_seconds{op="get"}'
    ]


def test_defect_5_whether_a_cache_miss_counts_is_what_the_run_was_told(tmp_path: Path) -> None:
    """The published orchestrator overwrote COUNT_CACHE_MISS_AS_FALLBACK; here the run's record decides."""
    place = quick_run(metadata={"cache_miss_counted": True}, window={"effective_fallback": 6}).write(tmp_path / "r")
    env = {"COUNT_CACHE_MISS_AS_FALLBACK": "false"}
    CliRunner().invoke(report, ["validate", str(place)], standalone_mode=False, env=env)
    body = json.loads((place / "validation.json").read_text())
    assert body["configuration"]["count_cache_miss_as_fallback"] is True
    assert (body["counters"]["raw_fallback"], body["counters"]["effective_fallback"]) == (6, 6)
    assert body["counters"]["fallback_effective_ratio"] == 1


def test_a_service_that_counts_effective_fallbacks_in_another_way_is_named() -> None:
    validation = validated(evidence(window(own_effective_fallback=10.0)))
    told = [item for item in validation.warnings if item.issue == "counters_disagree"]
    assert [item.message for item in told] == [
        "the service counts 10 where its reasons give 2: its COUNT_CACHE_MISS_AS_FALLBACK seems to differ from ours"
    ]
    assert validated(evidence(window(own_effective_fallback=2.0))).warnings == ()
