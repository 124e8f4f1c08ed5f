"""The thresholds file: what the product ships, and how a user's own is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.errors import InputError
from loadgen.core.slo import SloTargets
from reports.analysis.rejudge import with_targets
from reports.loader.thresholds import bundled_text, load_thresholds, parse_thresholds
from reports.model.thresholds import Side, Unit

if TYPE_CHECKING:
    from pathlib import Path

PUBLISHED = {
    "plugin_reload_latency_p95": (2.0, "seconds", "upper_bound"),
    "plugin_reload_latency_p99": (5.0, "seconds", "upper_bound"),
    "snapshot_restore_latency_p95": (5.0, "seconds", "upper_bound"),
    "snapshot_restore_latency_p99": (8.0, "seconds", "upper_bound"),
    "snapshot_create_latency_p95": (5.0, "seconds", "upper_bound"),
    "snapshot_create_latency_p99": (8.0, "seconds", "upper_bound"),
    "cache_hit_rate": (80.0, "percent", "lower_bound"),
    "fallback_effective_ratio": (0.6, "ratio", "upper_bound"),
    "memory_rss": (500.0, "megabytes", "upper_bound"),
    "http_success_rate": (98.0, "percent", "lower_bound"),
    "error_rate": (1.0, "percent", "upper_bound"),
}


def document(**changes: Any) -> dict[str, Any]:
    return {**json.loads(bundled_text()), **changes}


def entry(**changes: Any) -> dict[str, Any]:
    usual = {
        "metric": "error_rate", "kind": "percentage", "threshold": 1, "unit": "percent", "type": "upper_bound",
        "prometheus_metric": "http_requests_total",
    }  # fmt: skip
    return {**usual, **changes}


def problems_of(given: dict[str, Any]) -> list[str]:
    with pytest.raises(InputError) as told:
        parse_thresholds(json.dumps(given), "mine.json")
    return [str(problem) for problem in told.value.problems]


def test_the_eleven_published_thresholds_come_first_and_are_as_published() -> None:
    first = load_thresholds().entries[:11]
    assert {item.metric: (item.threshold, item.unit.value, item.side.value) for item in first} == PUBLISHED
    assert first[0].labels == (("plugin_name", "example-plugin"),)


def test_the_file_has_the_keys_of_the_published_one() -> None:
    assert {
        "version",
        "phase",
        "updated",
        "description",
        "thresholds",
        "validation_rules",
        "percentile_sources",
    } <= set(document())
    assert len(load_thresholds().valid_reasons) == 8


def test_every_objective_of_the_product_is_asserted_or_shown_at_its_default() -> None:
    by_objective = {
        "http_success_rate": "success_pct", "http_latency_p95": "p95_s", "http_latency_p99": "p99_s",
        "raw_fallback_rate": "raw_fallback_pct", "effective_fallback_rate": "effective_fallback_pct",
        "error_rate": "error_pct", "cpu": "cpu_pct", "memory_rss": "rss_mb", "cache_hit_rate": "cache_hit_pct",
        "plugin_reload_success_rate": "plugin_reload_pct", "snapshot_success_rate": "snapshot_pct",
    }  # fmt: skip
    targets = SloTargets().to_mapping()
    assert set(by_objective.values()) == set(targets)
    found = load_thresholds()
    for metric, objective in by_objective.items():
        threshold = found.find(metric)
        assert threshold is not None, metric
        assert threshold.threshold == targets[objective], metric


def test_processor_and_raw_fallback_decide_nothing() -> None:
    informative = {item.metric for item in load_thresholds().entries if item.informative}
    assert informative == {"raw_fallback_rate", "cpu"}


def test_a_target_of_the_run_takes_the_place_of_the_usual_one() -> None:
    changed = with_targets(load_thresholds(), SloTargets(p95_s=0.3))
    p95, p99 = changed.find("http_latency_p95"), changed.find("http_latency_p99")
    assert p95 is not None
    assert p99 is not None
    assert (p95.threshold, p99.threshold) == (0.3, 0.25)


def test_an_environment_multiplies_latency_and_memory_and_leaves_shares() -> None:
    found = load_thresholds()
    assert found.multipliers == {"production": 1.0, "staging": 1.2, "canary": 1.5}
    canary = found.times(1.5)
    assert [getattr(canary.find(name), "threshold", None) for name in PUBLISHED][:1] == [3.0]
    assert getattr(canary.find("memory_rss"), "threshold", None) == 750.0
    assert getattr(canary.find("error_rate"), "threshold", None) == 1.0
    assert getattr(canary.find("http_success_rate"), "threshold", None) == 98.0


def test_the_threshold_itself_passes() -> None:
    threshold = load_thresholds().find("error_rate")
    assert threshold is not None
    assert threshold.met_by(1.0)
    assert not threshold.met_by(1.0000001)
    assert not threshold.met_by(float("nan"))


def test_all_problems_of_a_file_are_told_at_once() -> None:
    told = problems_of(
        document(
            thresholds=[
                entry(unit="seconds"),
                entry(metric="error_rate", threshold=-1, extra=1),
                entry(metric="unheard_of"),
                entry(metric="x_latency", kind="latency", unit="seconds"),
                entry(metric="a_p95", kind="latency", unit="seconds", prometheus_metrics=["b"]),
                entry(threshold=101, informative="yes"),
            ],
            surplus=1,
        )
    )
    assert len(told) == 8
    assert told[0].startswith("mine.json: surplus: unknown; choose from version")
    assert any("thresholds[0].unit = 'seconds': a percentage is in percent" in line for line in told)
    assert any("thresholds[1].threshold = '-1': must be a number greater than 0" in line for line in told)
    assert any("thresholds[1].extra: unknown" in line for line in told)
    assert any("'unheard_of': cannot be measured; choose from http_success_rate" in line for line in told)
    assert any("'x_latency': a latency's name ends in its percentile, such as _p95" in line for line in told)
    assert any("give one of prometheus_metric and prometheus_metrics" in line for line in told)
    assert any("thresholds[5].informative = 'yes': must be true or false" in line for line in told)


def test_a_metric_that_is_asserted_twice_is_a_problem() -> None:
    assert problems_of(document(thresholds=[entry(), entry()])) == [
        "mine.json: thresholds = 'error_rate': stands there twice: keep one"
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"thresholds": []}', '{"thresholds": {}}'])
def test_a_file_that_asserts_nothing_is_an_error(text: str) -> None:
    with pytest.raises(InputError, match=r"mine\.json"):
        parse_thresholds(text, "mine.json")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_thresholds(tmp_path / "none.json")
    (tmp_path / "bad.json").write_bytes(b"\xff")
    with pytest.raises(InputError, match="not UTF-8"):
        load_thresholds(tmp_path / "bad.json")


@pytest.mark.parametrize(
    "selector", ["operation=create", ' operation = "create" ', '{operation="create"}', {"operation": "create"}]
)
def test_a_label_selector_is_read_in_each_form(selector: object) -> None:
    own = entry(metric="a_p95", kind="latency", unit="seconds", label_selector=selector)
    found = parse_thresholds(json.dumps(document(thresholds=[own])), "mine.json")
    assert found.entries[0].labels == (("operation", "create"),)


def test_a_percentile_may_have_decimals() -> None:
    own = entry(metric="a_latency_p99_9", kind="latency", unit="seconds")
    found = parse_thresholds(json.dumps(document(thresholds=[own])), "mine.json").entries[0]
    assert (found.percentile, found.side, found.unit) == (99.9, Side.UPPER, Unit.SECONDS)
