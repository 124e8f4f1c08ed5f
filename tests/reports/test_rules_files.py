"""The rule files in the repository are what the generator writes, and promtool and amtool find no fault with them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from loadgen.demo.metrics import Metrics
from reports.analysis.rules.book import rule_book
from reports.analysis.rules.cases import cases
from reports.analysis.rules.names import ALWAYS, metric_names
from reports.cli import report
from tests.support.debian import program
from tests.support.rule_terms import OPS, PROFILES, terms

if TYPE_CHECKING:
    from pathlib import Path

RULES = ("recording-rules.yml", "alerts.yml")
TESTS = ("alerts_test.yml", "alerts_hours_test.yml")
RECORDED = {
    "metasheet:http_success_rate:5m", "metasheet:cache_hit_rate:10m", "metasheet:fallback_effective_ratio:10m",
    "metasheet:fallback_reason_rate:5m", "metasheet:redis_fail_rate:5m", "metasheet:plugin_reload_p95:5m",
    "metasheet:plugin_reload_p99:5m", "metasheet:snapshot_op_p95:5m", "metasheet:snapshot_op_p99:5m",
    *(f"metasheet:redis_{op}_p{p}:{window}" for op in ("get", "set") for p in (95, 99) for window in ("5m", "30m")),
}  # fmt: skip
ALERTS = {
    "HttpSuccessRateLow", "CacheHitRateLow", "FallbackEffectiveHigh", "PluginReloadLatencyP95High",
    "PluginReloadLatencyP99High", "SnapshotCreateLatencyP95High", "SnapshotRestoreLatencyP95High", "MemoryRssHigh",
    "RedisGetLatencyP95High", "RedisSetLatencyP95High", "RedisGetLatencyP95HighLong", "RedisSetLatencyP95HighLong",
    "RedisFailuresRecent",
}  # fmt: skip


def rules(name: str) -> list[dict[str, Any]]:
    document = yaml.safe_load((OPS / "prometheus" / name).read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_files_of_the_repository_are_what_the_generator_writes(tmp_path: Path) -> None:
    alertmanager = tmp_path / "alertmanager.yml"
    result = CliRunner().invoke(report, ["rules", "--out", str(tmp_path), "--alertmanager", str(alertmanager)])
    assert result.exit_code == 0, result.output
    again = "run: loadgen report rules --alertmanager ops/alertmanager/alertmanager.yml"
    for name in (*RULES, *TESTS):
        assert (tmp_path / name).read_text() == (OPS / "prometheus" / name).read_text(), again
    assert alertmanager.read_text() == (OPS / "alertmanager" / "alertmanager.yml").read_text(), again


def test_promtool_finds_no_fault_and_no_lint() -> None:
    files = [str(OPS / "prometheus" / name) for name in RULES]
    result = run(program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", *files)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.stack  # hours of every alert
@pytest.mark.timeout(180)
def test_promtool_sees_every_alert_fire_and_stay_silent_as_its_cases_say() -> None:
    result = run(program("promtool"), "test", "rules", *(str(OPS / "prometheus" / name) for name in TESTS))
    assert result.returncode == 0, result.stdout + result.stderr


def test_amtool_accepts_the_configuration_of_alertmanager() -> None:
    result = run(program("amtool"), "check-config", str(OPS / "alertmanager" / "alertmanager.yml"))
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("job", [None, "api"])
def test_every_alert_of_every_profile_has_a_firing_and_a_silent_case(profile: str, job: str | None) -> None:
    known = terms(profile, job=job)
    book = rule_book(known)
    played = list(cases(known, book.alerts))
    for fires in (True, False):
        assert {case.alert for case in played if case.fires is fires} == {alert.name for alert in book.alerts}
    assert len({case.name for case in played}) == len(played)


def test_the_known_names_are_recorded_and_alerted_on() -> None:
    recorded = [rule["record"] for rule in rules(RULES[0])]
    assert len(RECORDED) == 17
    assert len(ALERTS) == 13
    assert set(recorded) >= RECORDED
    found = {rule["alert"]: rule["labels"]["severity"] for rule in rules(RULES[1])}
    assert {found[name] for name in ALERTS} == {"warning"}


def test_the_relay_alerts_have_the_severities_of_the_scenarios() -> None:
    found = {rule["alert"]: rule["labels"]["severity"] for rule in rules(RULES[1])}
    assert {name: found[name] for name in found if name.startswith("Relay") and "Budget" not in name} == {
        "RelayErrorRateWarn": "warning", "RelayErrorRateCrit": "critical", "RelayLatencyP95Warn": "warning",
        "RelayLatencyP95Crit": "critical", "RelayControllerStalled": "warning", "RelayValidationSpike": "info",
        "RelayMimeSlow": "warning", "RelaySanitizationSpike": "info",
    }  # fmt: skip


def test_every_alert_says_how_bad_it_is_what_it_is_about_and_where_to_read_on() -> None:
    for rule in rules(RULES[1]):
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert rule["labels"]["family"]
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith(".")
        page = rule["annotations"]["runbook_url"]
        assert page.startswith("docs/runbooks/")
        assert (OPS.parent / page).is_file(), rule["alert"]


def test_no_rule_reads_a_metric_that_the_service_does_not_expose() -> None:
    """HttpSuccessRateLow and MemoryRssHigh were published over names that no code exposes."""
    declared = {line.split()[2] for line in Metrics().exposition().decode().splitlines() if line.startswith("# TYPE ")}
    exposed = {name + suffix for name in declared for suffix in ("", "_bucket", "_count", "_sum")}
    recorded = {rule["record"] for rule in rules(RULES[0])}
    for name in RULES:
        for rule in rules(name):
            title = rule.get("alert") or rule["record"]
            if not title.startswith(("Relay", "job:gmail")):
                assert metric_names(rule["expr"]) <= exposed | recorded | ALWAYS, title


def test_no_expression_clamps_a_denominator() -> None:
    """A ratio over at least one request a second understates what a slow service does."""
    assert [rule for name in RULES for rule in rules(name) if "clamp" in rule["expr"]] == []


def test_a_bucket_is_named_so_that_prometheus_2_and_3_both_find_it() -> None:
    """Version 3 writes the bound 2 as 2.0."""
    for name in RULES:
        for rule in rules(name):
            assert 'le="2"' not in rule["expr"], rule
            assert 'le="1"' not in rule["expr"], rule
