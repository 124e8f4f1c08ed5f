"""`report rules` as a user calls it: what it leaves out, what it refuses, and what its check finds."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from loadgen.core.errors import InputError
from reports.cli import report
from reports.loader.metric_facts import read_facts
from reports.loader.rule_files import read_rule_file
from reports.loader.thresholds import bundled_text
from reports.verbs import rule_writing
from tests.support.prom_server import Answers, prom_server
from tests.support.rule_terms import facts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RELAY = ("--profile", "relay")
FILES = ("recording-rules.yml", "alerts.yml", "alerts_test.yml", "alerts_hours_test.yml")


def rules(*arguments: str) -> Result:
    return CliRunner().invoke(report, ["rules", *arguments], standalone_mode=False)


def refusal(*arguments: str) -> str:
    """Return the message of a call that is refused."""
    result = rules(*arguments)
    assert isinstance(result.exception, InputError), result.output
    return str(result.exception)


def thresholds(place: Path, **limits: float | None) -> Path:
    """Write the shipped thresholds with some changed, or left out where None."""
    document = json.loads(bundled_text())
    kept = [item for item in document["thresholds"] if limits.get(item["metric"], 1) is not None]
    document["thresholds"] = [item | {"threshold": limits.get(item["metric"], item["threshold"])} for item in kept]
    path = place / "thresholds.json"
    path.write_text(json.dumps(document))
    return path


@pytest.fixture(autouse=True, scope="module")
def _facts() -> Iterator[None]:
    """Know the profiles without asking the observer's process each time; tests of the files ask it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rule_writing, "metric_facts", lambda profile, _: facts(profile))
        yield


@pytest.fixture
def promtool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a promtool first on PATH that is content with everything; return its file."""
    place = tmp_path / "bin"
    place.mkdir()
    program = place / "promtool"
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(place))
    return program


@pytest.fixture(scope="module")
def written(_facts: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the rules of the relay, which are few."""
    place = tmp_path_factory.mktemp("rules")
    assert rules(*RELAY, "--out", str(place)).return_value == 0
    return place


def test_thresholds_of_ones_own_stand_in_the_alerts(tmp_path: Path) -> None:
    own = thresholds(tmp_path, http_success_rate=99.5, memory_rss=1024)
    result = rules("--profile", "metasheet", "--thresholds", str(own), "--out", str(tmp_path / "made" / "here"))
    assert result.return_value == 0, result.output
    text = (tmp_path / "made" / "here" / "alerts.yml").read_text()
    assert "metasheet:http_success_rate:5m < 0.995" in text
    assert f"process_resident_memory_bytes > {1024**3}" in text


def test_a_rule_whose_metric_or_threshold_is_lacking_is_named_and_left_out(tmp_path: Path) -> None:
    own = thresholds(tmp_path, memory_rss=None)
    result = rules("--profile", "prometheus-http", "--thresholds", str(own), "--out", str(tmp_path))
    assert result.return_value == 0
    assert re.search(r"left out .*FallbackEffectiveHigh.*: the profile prometheus-http has no fallback", result.stderr)
    assert f"left out MemoryRssHigh: {own} has no memory_rss" in result.stderr
    text = (tmp_path / "alerts.yml").read_text()
    assert "FallbackEffectiveHigh" not in text
    assert "MemoryRssHigh" not in text
    assert "HttpErrorRatePage" in text


def test_a_usual_burn_tier_that_cannot_fire_is_left_out_with_its_arithmetic(tmp_path: Path) -> None:
    own = thresholds(tmp_path, error_rate=8)
    result = rules("--profile", "metasheet", "--thresholds", str(own), "--out", str(tmp_path))
    assert result.return_value == 0
    why = "factor 14.4 x budget 0.08 = 1.152, and no share of errors is above 1: it could never fire"
    assert f"left out ErrorBudgetBurnPageFast: {why}" in result.stderr
    text = (tmp_path / "alerts.yml").read_text()
    assert "ErrorBudgetBurnPageFast" not in text
    assert "ErrorBudgetBurnPageSlow" in text


def test_a_ratio_that_nothing_can_exceed_is_left_out_with_its_arithmetic(tmp_path: Path) -> None:
    own = thresholds(tmp_path, fallback_effective_ratio=1)
    result = rules("--profile", "metasheet", "--thresholds", str(own), "--out", str(tmp_path))
    assert (
        "left out FallbackEffectiveHigh: the limit is 1, and no ratio is above 1: it could never fire" in result.stderr
    )


PAGE = """
# TYPE http_requests_total counter
http_requests_total{code="200"} 5
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.1"} 4
http_request_duration_seconds_bucket{le="1"} 5
http_request_duration_seconds_bucket{le="+Inf"} 5
http_request_duration_seconds_count 5
http_request_duration_seconds_sum 1
"""


def test_a_service_decides_which_of_the_names_are_used_and_what_is_lacking(tmp_path: Path) -> None:
    """The profile's first name of the latency is another one; no bucket of this service ends at 0.25 s."""
    with prom_server(Answers(body=PAGE, headers={"Content-Type": "text/plain; version=0.0.4"})) as server:
        result = rules("--metrics-url", server.url, "--out", str(tmp_path))
    assert result.return_value == 0, result.output
    text = (tmp_path / "alerts.yml").read_text()
    assert "http_request_duration_seconds_bucket" in text
    assert "http_server_requests_seconds" not in text
    assert "LatencyBudgetBurn" not in text
    told = "http_request_duration_seconds has no bucket that ends at 0.25, the limit of http_latency_p99"
    assert f"{told} (its bounds are 0.1, 1, +Inf)" in result.stderr
    assert re.search(
        rf"left out .*CacheHitRateLow.*: {server.url}, read by the profile metasheet, has no", result.stderr
    )


def test_a_profile_without_a_label_of_the_status_has_no_rule_on_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = read_facts({"name": "own", "metrics": {"requests": [{"name": "r", "parts": {"total": ["r_total"]}}]}})
    monkeypatch.setattr(rule_writing, "metric_facts", lambda *_: bare)
    result = rules("--profile", "own.toml", "--out", str(tmp_path))
    assert result.return_value == 0, result.output
    assert re.search(r"left out .*HttpErrorRatePage.*: the profile own has no requests by status", result.stderr)
    assert "HttpErrorRate" not in (tmp_path / "alerts.yml").read_text()


def test_a_service_that_nothing_tells_from_others_has_no_rule_on_its_instances_but_by_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of every process that is scraped, Prometheus itself among them, there are memory, start time and `up`."""
    memory = {"name": "resident", "parts": {"value": ["process_resident_memory_bytes"]}}
    bare = read_facts({"name": "own", "metrics": {"memory": [memory]}})
    monkeypatch.setattr(rule_writing, "metric_facts", lambda *_: bare)
    told = rules("--profile", "own.toml", "--out", str(tmp_path)).stderr
    assert re.search(r"left out .*MemoryRssHigh.*ServiceDown.*: the profile own has none of requests, .*--job", told)
    result = rules("--profile", "own.toml", "--job", "api", "--out", str(tmp_path))
    assert result.return_value == 0, result.output
    text = (tmp_path / "alerts.yml").read_text()
    assert 'expr: up{job="api"} == 0' in text
    assert 'expr: process_resident_memory_bytes{job="api"} > ' in text


@pytest.mark.parametrize("only", ["requests", "cache_get_attempts"])
def test_one_counter_tells_the_instances_of_a_service(
    only: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = {"name": "r", "parts": {"total": ["r_total"]}}
    memory = {"name": "resident", "parts": {"value": ["process_resident_memory_bytes"]}}
    bare = read_facts({"name": "own", "metrics": {only: [counter], "memory": [memory]}})
    monkeypatch.setattr(rule_writing, "metric_facts", lambda *_: bare)
    assert rules("--profile", "own.toml", "--out", str(tmp_path)).return_value == 0
    (recorded,) = [rule.expr for rule in read_rule_file(tmp_path / "recording-rules.yml") if "instances" in rule.name]
    assert recorded == (
        "group by (job, instance) (present_over_time(r_total[30m]))\nor\n"
        "(job:service_instances:30m and on (job, instance) up == 0)"
    )
    alerts = {rule.name: rule.expr for rule in read_rule_file(tmp_path / "alerts.yml")}
    assert alerts["ServiceDown"] == "up == 0\nand on (job, instance)\njob:service_instances:30m"
    assert alerts["MemoryRssHigh"].endswith("\nand on (job, instance)\njob:service_instances:30m")


def test_cases_that_cannot_be_played_are_told(tmp_path: Path) -> None:
    result = rules("--profile", "metasheet", "--job", r"a\d", "--out", str(tmp_path))
    assert result.return_value == 0
    assert r"left out the cases of its alerts: no job that 'a\\d' matches can be told from it" in result.stderr
    assert "tests: []" in (tmp_path / "alerts_test.yml").read_text()


def test_a_burn_tier_that_was_asked_for_and_cannot_fire_is_refused(tmp_path: Path) -> None:
    told = refusal("--burn-tier", "Sudden:critical:100:1h:5m:2m", "--out", str(tmp_path))
    assert "ErrorBudgetBurnSudden: factor 100 x budget 0.01 = 1, and no share of errors is above 1" in told
    assert "LatencyBudgetBurnSudden" in told
    assert "lower the factor, or tighten the objective" in told
    assert list(tmp_path.iterdir()) == []


def test_a_burn_tier_of_ones_own_replaces_the_usual_ones(tmp_path: Path) -> None:
    result = rules("--profile", "metasheet", "--burn-tier", "Day:warning:2.5:1d:90m:10m", "--out", str(tmp_path))
    assert result.return_value == 0, result.output
    text = (tmp_path / "alerts.yml").read_text()
    assert 'ratio_rate90m{sloth_id="metasheet-availability"}) > 2.5 * 0.01' in text
    assert "BurnPageFast" not in text
    assert "ErrorBudgetBurnDay is silent" in (tmp_path / "alerts_test.yml").read_text()


def test_every_bad_tier_is_told_at_once(tmp_path: Path) -> None:
    bad = (
        "x",
        "A:page:1:1h:5m:1m",
        "B:info:-1:1h:5m:1m",
        "C:info:1:1s:5m:1m",
        "D:info:1:5m:1h:1m",
        "E:info:y:1h:5m:1m",
    )
    told = refusal(*(word for text in bad for word in ("--burn-tier", text)), "--out", str(tmp_path))
    for text in bad:
        assert f"--burn-tier = '{text}'" in told
    assert "the long window comes first and must be longer than the short one" in told
    assert "the factor must be above 0" in told
    assert "windows are whole minutes, hours or days" in told


def test_a_job_that_is_no_regular_expression_is_refused(tmp_path: Path) -> None:
    told = refusal("--job", "api(?=-v1)", "--relay-job", "[", "--out", str(tmp_path))
    assert "--job = 'api(?=-v1)': is not one for Prometheus, whose RE2 does not know (?=" in told
    assert "--relay-job = '[': is no regular expression" in told


def test_two_profiles_of_a_service_are_refused_as_one_directory(tmp_path: Path) -> None:
    told = refusal("--profile", "metasheet", "--profile", "prometheus-http", "--out", str(tmp_path))
    assert "write each into a directory of its own" in told


def test_two_texts_do_not_go_into_one_file(tmp_path: Path) -> None:
    """The first was replaced by the second, and both were said to be written."""
    both = str(tmp_path / "both.yml")
    told = refusal("--sloth", both, "--alertmanager", both, "--out", str(tmp_path))
    assert f"--alertmanager = '{both}': is written with something else: name another file" in told
    told = refusal("--sloth", str(tmp_path / "x" / ".." / "alerts.yml"), "--out", str(tmp_path))
    assert "--sloth = " in told
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_cannot_be_read_is_told_before_anything_is_checked(tmp_path: Path) -> None:
    result = rules("check", "--prom-url", "127.0.0.1:9", "--out", str(tmp_path))
    assert "--prom-url = '127.0.0.1:9': not a URL" in str(result.exception)
    assert "rules file" not in str(result.exception)
    assert result.output == ""


def test_a_job_stands_in_every_selector(tmp_path: Path) -> None:
    assert rules("--profile", "metasheet", "--job", "api|web", "--out", str(tmp_path)).return_value == 0
    text = (tmp_path / "alerts.yml").read_text()
    assert 'up{job=~"api|web"} == 0' in text
    assert "service_instances" not in text
    assert 'increase(http_requests_total{job=~"api|web"}[5m])' in text


def test_a_relay_that_is_scraped_is_missed_and_has_runbooks_of_its_own(tmp_path: Path) -> None:
    assert rules("--profile", "relay", "--relay-job", "relay", "--out", str(tmp_path)).return_value == 0
    text = (tmp_path / "alerts.yml").read_text()
    assert "RelayMetricsMissing" in text
    assert "docs/runbooks/ERROR_RATE.md" in text
    assert "SYNTHETIC" not in text


def test_runbooks_may_stand_elsewhere(tmp_path: Path) -> None:
    assert rules("--profile", "relay", "--runbook-base", "https://wiki/run/", "--out", str(tmp_path)).return_value == 0
    assert "runbook_url: https://wiki/run/SYNTHETIC.md" in (tmp_path / "alerts.yml").read_text()


def test_a_check_finds_what_was_edited(written: Path, promtool: Path, tmp_path: Path) -> None:
    assert promtool.exists()
    assert rules("check", *RELAY, "--out", str(written)).return_value == 0
    for name in FILES:
        (tmp_path / name).write_text((written / name).read_text())
    edited = tmp_path / "alerts.yml"
    edited.write_text(edited.read_text().replace("> 0.01", "> 0.02"))
    result = rules("--check", *RELAY, "--out", str(tmp_path))
    assert result.return_value == 1
    assert f"FAIL  {edited} is not what these settings give" in result.output


def test_a_check_shows_what_promtool_says(written: Path, promtool: Path) -> None:
    promtool.write_text("#!/bin/sh\necho parse error at line 3\nexit 1\n")
    result = rules("check", *RELAY, "--out", str(written))
    assert result.return_value == 1
    assert "FAIL  promtool check rules\nparse error at line 3" in result.output


def test_without_promtool_the_names_are_checked(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = rules("check", *RELAY, "--out", str(written))
    assert result.return_value == 0
    assert "promtool is not installed (Debian package prometheus): only metric names are checked" in result.output
    for name in FILES:
        (tmp_path / name).write_text((written / name).read_text())
    edited = tmp_path / "alerts.yml"
    edited.write_text(edited.read_text().replace("sanitization_changes_total", "changes_total"))
    result = rules("check", *RELAY, "--out", str(tmp_path))
    assert result.return_value == 1
    assert (
        "FAIL  RelaySanitizationSpike reads what no profile exposes and no rule records: changes_total" in result.output
    )


def test_a_server_is_asked_for_the_data_of_each_recording_rule(written: Path, promtool: Path) -> None:
    assert promtool.exists()
    exec_rate, errors_rate, p95 = recorded(written)
    loaded = [
        {"type": "recording", "name": exec_rate, "lastError": ""},
        {"type": "recording", "name": errors_rate, "lastError": "many-to-many matching"},
    ]
    with prom_server(Answers(lambda _: [], loaded)) as server:
        result = rules("check", *RELAY, "--out", str(written), "--prom-url", server.url)
    assert result.return_value == 1
    assert f"NA    {exec_rate} returns no data" in result.output
    assert f"FAIL  {errors_rate}: many-to-many matching" in result.output
    assert f"FAIL  {p95}: the server has no such rule" in result.output
    assert "NA    0 of 3 recording rules return data" in result.output


def test_rules_that_return_no_data_are_no_failure_but_not_all_well(written: Path, promtool: Path) -> None:
    assert promtool.exists()
    with prom_server(Answers(rules=[{"type": "recording", "name": name} for name in recorded(written)])) as server:
        assert rules("check", *RELAY, "--out", str(written), "--prom-url", server.url).return_value == 3
        server.vector = lambda _: [{}]
        assert rules("check", *RELAY, "--out", str(written), "--prom-url", server.url).return_value == 0


def recorded(place: Path) -> list[str]:
    lines = (place / "recording-rules.yml").read_text().splitlines()
    return [line.partition("record: ")[2] for line in lines if "record: " in line]


def test_a_check_of_nothing_names_every_file_that_is_missing(tmp_path: Path) -> None:
    told = refusal("check", "--out", str(tmp_path))
    assert all(f"{tmp_path / name}" in told for name in FILES)
    assert "write it with `loadgen report rules`" in told


@pytest.mark.parametrize(
    ("text", "words"),
    [("groups: [", "is not YAML"), ("groups: 3", "groups is not a list"), ("- a", "it has no groups of rules")],
)
def test_a_file_that_is_no_rules_file_is_told(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "alerts.yml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_rule_file(path)


def test_a_server_goes_with_a_check_only() -> None:
    assert "goes with `check`" in refusal("--prom-url", "http://127.0.0.1:9")
