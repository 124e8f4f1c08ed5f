"""The Slack summary: every part of it, right units, the report's own figures, and a webhook that may do anything."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from loadgen.core.errors import InputError, LoadgenError
from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Question, assess
from reports.analysis.digest import Digest, Tally, digest_of_run
from reports.analysis.summary import Context, Message, budget_text, message_of
from reports.cli import report
from reports.loader.directory import load
from reports.render.production import production_report
from reports.render.slack import slack_message, slack_text
from tests.support.golden import MADE, RUN
from tests.support.runs import quick_run
from tests.support.webhook import Reply, webhook

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

PARTS = [
    "Run", "HTTP", "Cache", "Fallback", "Memory (RSS)", "Snapshot", "Plugin reload", "Redis GET", "Redis SET",
    "Redis recent failures", "Redis baseline", "Error budget", "Top fallback reasons", "Risks", "SLO suggestions",
    "Baseline",
]  # fmt: skip
FIGURES = {
    "success": 99.4, "p95": 0.12, "p99": 0.2, "cache_hit": 91.0, "memory": 200.0, "fallback_ratio": 0.42,
    "effective_fallback": 3.0, "redis_get_p95": 0.002, "redis_get_p99": 0.004, "redis_set_p95": 0.06,
    "redis_set_p99": 0.09, "snapshot_create_p95": 0.5, "snapshot_create_p99": 0.9, "plugin_reload_p95": 0.4,
    "plugin_reload_p99": 0.5,
}  # fmt: skip


def invoke(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(report, ["slack", *arguments], standalone_mode=False, env=env)


def digest(**changes: Any) -> Digest:
    given = {"name": "run", "status": "GO", "well": True, "tally": Tally(11, 0, 0), "figures": FIGURES, **changes}
    return Digest(**given)


def line(message: Message, title: str) -> str:
    return dict(message.lines)[title]


def compose(found: Digest | None = None, **context: Any) -> Message:
    return message_of(found or digest(), Context(SloTargets(), **context))


def validation(**changes: Any) -> dict[str, Any]:
    """Return a validation as §1.8 has it."""
    return {
        "timestamp": "2026-03-01T12:00:00Z", "metrics_url": "http://127.0.0.1:9/metrics",
        "configuration": {"count_cache_miss_as_fallback": False, "thresholds_file": "t.json"},
        "percentiles": {
            'redis_operation_duration_seconds{op="get"}': {"p50": 0.001, "p95": 0.002, "p99": 0.004, "count": 200},
            'redis_operation_duration_seconds{op="set"}': {"p50": 0.001, "p95": 0.06, "p99": 0.09, "count": 200},
        },
        "counters": {
            "cache_hit_rate": 85.0, "http_success_rate": 99.5, "error_rate": 0.5, "memory_rss_mb": 210.0,
            "raw_fallback": 10, "effective_fallback": 7, "fallback_effective_ratio": 0.7, "redis_recent_failures": 1,
            "fallback_by_reason": {"cache_miss": 3, "http_error": 5, "http_timeout": 2, "unknown": 0},
        },
        "validation": {"fallback_taxonomy_valid": True}, "warnings": [],
        "assertions": [
            {"metric": "cache_hit_rate", "actual": 85.0, "threshold": 80, "unit": "percent", "type": "lower_bound",
             "comparison": "≥", "status": "pass"},
            {"metric": "fallback_effective_ratio", "actual": 0.7, "threshold": 0.6, "unit": "ratio",
             "type": "upper_bound", "comparison": "≤", "status": "fail"},
        ],
        "summary": {"total_checks": 2, "passed": 1, "failed": 1, "na": 0, "overall_status": "fail"},
        **changes,
    }  # fmt: skip


def test_every_part_is_there_and_a_missing_figure_is_a_dash() -> None:
    message = compose(digest(figures={}))
    assert [title for title, _ in message.lines] == PARTS
    dashes = [title for title, text in message.lines if text == "—"]
    assert dashes == [title for title in PARTS if title not in ("Run", "Risks")]


def test_the_summary_holds_redis_budget_and_fallback() -> None:
    """What an accepted message must contain (A-153)."""
    message = compose(digest(fallback_by_reason={"cache_miss": 9.0, "http_error": 2.0}))
    assert line(message, "Redis GET") == "p95 2.00 ms, p99 4.00 ms"
    assert line(message, "Error budget") == "40 % remaining, burn rate 0.60 (target 99 %)"
    assert line(message, "Top fallback reasons") == "cache_miss 9, http_error 2"


def test_defect_11_changes_against_the_baseline_are_in_points_and_ms_and_not_in_percent() -> None:
    before = digest(figures={**FIGURES, "success": 99.8, "p95": 0.1, "cache_hit": 90.5, "memory": 180.0})
    message = compose(baseline=before, baseline_file="baseline/phase5-baseline.json")
    assert line(message, "HTTP") == ("success 99.40 % (Δ -0.40 pp), p95 120 ms (Δ +20.0 ms), p99 200 ms (Δ +0.0 ms)")
    assert line(message, "Cache") == "hit rate 91.00 % (Δ +0.50 pp)"
    assert line(message, "Memory (RSS)") == "200.0 MB (Δ +20.0 MB)"
    assert line(message, "Baseline") == "baseline/phase5-baseline.json"
    assert line(message, "Redis baseline") == "GET p95 2.00 ms, SET p95 60.0 ms"


def test_defect_13_the_ratio_of_effective_to_raw_is_printed_without_a_percent_sign() -> None:
    """The published message printed this ratio (0 to 1) with a % sign and compared it with 5."""
    text = line(compose(), "Fallback")
    assert text == "effective 3.00 % of requests, effective/raw ratio 0.42 (limit 0.6)"
    assert not re.search(r"ratio [\d.]+ ?%", slack_text(compose()))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"fallback_ratio": 0.61}, "effective/raw fallback ratio above 0.6"),
        ({"fallback_ratio": 0.6}, "none"),
        ({"effective_fallback": 5.01}, "effective fallback above 5 % of requests"),
        ({"effective_fallback": 5.0}, "none"),
        ({"cache_hit": 79.9}, "cache hit rate below 80 %"),
        ({"redis_get_p95": 0.051}, "Redis GET p95 above 50.0 ms"),
        ({"success": 98.0}, "HTTP success fell by 1.40 pp against the baseline"),
        ({"success": 99.2}, "none"),
    ],
)
def test_each_risk_has_its_own_unit(changes: dict[str, float], expected: str) -> None:
    calm = {**FIGURES, "redis_set_p95": 0.002}
    found = compose(digest(figures={**calm, **changes}), baseline=digest(figures=calm))
    assert line(found, "Risks") == expected


def test_a_recent_failure_of_redis_is_a_risk() -> None:
    calm = digest(figures={}, redis_recent_failures=1)
    assert line(compose(calm), "Risks") == "Redis failed within the last 15 min"
    assert line(compose(calm), "Redis recent failures") == "yes, within 15 min"


@pytest.mark.parametrize(
    ("success", "text"),
    [
        (100.0, "100 % remaining, burn rate 0.00 (target 99 %)"),
        (99.4, "40 % remaining, burn rate 0.60 (target 99 %)"),
        (98.0, "0 % remaining, burn rate 2.00 (target 99 %)"),
        (None, "—"),
    ],
)
def test_the_error_budget_is_never_negative_and_the_burn_rate_tells_the_rest(success: float | None, text: str) -> None:
    """1 - (1 - s) / (1 - T): the published formula said 100 % from 99 % success on."""
    assert budget_text(success, 99.0) == text


def test_defect_13_the_sum_is_shown_as_passed_of_total() -> None:
    """The published message read `(11/11+0+0)`."""
    assert "GO: 11/11 passed, 0 failed, 0 NA" in slack_text(compose())
    assert "9/12 passed, 1 failed, 2 NA" in slack_text(compose(digest(tally=Tally(9, 1, 2))))


def test_defect_13_suggestions_do_not_end_the_message_and_five_of_them_are_shown() -> None:
    """The published builder ended without a word as soon as there was one suggestion."""
    message = compose(suggestions=[f"metric {number}: 1 → 2" for number in range(1, 9)])
    shown = line(message, "SLO suggestions")
    assert shown.startswith("metric 1: 1 → 2; ")
    assert shown.endswith("metric 5: 1 → 2; (+3 more)")
    assert line(message, "Baseline") == "—"


def test_suggestions_may_be_those_of_the_verb_that_makes_them(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    made = {"suggestions": [{"metric": "memory_rss", "current_threshold": 500.0, "suggested_threshold": 320.5}]}
    (tmp_path / "suggestions.json").write_text(json.dumps(made))
    output = invoke(str(place), "--dry-run", "--suggestions", str(tmp_path / "suggestions.json")).output
    assert "SLO suggestions: memory_rss: 500.0 → 320.5" in output
    (tmp_path / "suggestions.json").write_text('{"other": 1}')
    damaged = invoke(str(place), "--dry-run", "--suggestions", str(tmp_path / "suggestions.json"))
    assert isinstance(damaged.exception, InputError)


def test_creating_and_restoring_are_told_apart_where_the_record_does() -> None:
    both = {"snapshot_p95": 0.4, "snapshot_p99": 0.5}
    apart = {**both, "snapshot_create_p95": 0.1, "snapshot_create_p99": 0.2}
    assert line(compose(digest(figures=both)), "Snapshot") == "both p95 400 ms, p99 500 ms"
    assert line(compose(digest(figures=apart)), "Snapshot") == "create p95 100 ms, p99 200 ms"


def test_a_cache_audit_is_folded_to_twenty_lines() -> None:
    lines = [f"[audit] memory:item-{number} 5 5 50% 10 candidate" for number in range(25)]
    message = compose(cache_audit=lines)
    assert len(message.audit) == 21
    assert message.audit[-1] == "(+5 more)"
    body = slack_message(message)
    assert "```[audit] memory:item-0" in body["blocks"][-1]["text"]["text"]


def test_the_figures_of_the_message_are_those_of_the_report() -> None:
    assessment = assess(load(RUN), Question(SloTargets()))
    markdown = production_report(assessment, MADE)
    message = message_of(digest_of_run(assessment), Context(SloTargets()))
    judged = {
        cells[1].strip(): cells[2].strip()
        for cells in (row.split("|") for row in markdown.splitlines() if row.startswith("| "))
    }
    assert f"success {judged['Success rate (server)']}" in line(message, "HTTP")
    assert f"p95 {judged['P95 latency, client response']}" in line(message, "HTTP")
    assert f"p99 {judged['P99 latency, client response']}" in line(message, "HTTP")
    assert line(message, "Cache") == f"hit rate {judged['Cache hit rate, global']}"
    assert f"effective {judged['Effective fallback rate']} of requests" in line(message, "Fallback")
    assert line(message, "Memory (RSS)") == judged["Memory (RSS), average"]
    assert f"## ✅ Overall Verdict: {assessment.verdict}" in markdown
    assert message.headline.startswith(f"{assessment.verdict}: ")


def test_a_run_and_its_validation_are_told_together(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "phase5-dev-20260301-120000")
    (place / "validation.json").write_text(json.dumps(validation()))
    output = invoke(str(place), "--dry-run").output
    assert output.startswith(":warning: Phase 5 SLO Validation GO, validation FAIL: ")
    assert "Validation: FAIL 1/2 passed, 1 failed, 0 NA" in output
    assert "Why: fallback_effective_ratio: fail" in output
    assert "Redis SET: p95 60.0 ms, p99 90.0 ms" in output
    assert "HTTP: success 100.00 %" in output, "the run's own figure, not the service's since its start"


def test_a_validation_alone_is_told(tmp_path: Path) -> None:
    path = tmp_path / "phase5.json"
    path.write_text(json.dumps(validation()))
    output = invoke(str(path), "--dry-run").output
    assert ":warning: Phase 5 SLO Validation FAIL: 1/2 passed, 1 failed, 0 NA @ 2026-03-01T12:00:00.000Z" in output
    assert "Top fallback reasons: http_error 5, cache_miss 3, http_timeout 2" in output
    assert "Risks: effective/raw fallback ratio above 0.6; Redis failed within the last 15 min; Redis SET" in output


def test_the_message_is_printed_sent_and_said_to_be_sent(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    with webhook(Reply(429, {"Retry-After": "0"}), Reply()) as receiver:
        env = {"SLACK_WEBHOOK_URL": receiver.url + "/services/T/B/secretsecretsecret", "SLACK_CHANNEL": "sre"}
        result = invoke(str(place), env=env)
    assert result.return_value == 0
    assert result.stderr == "Slack (127.0.0.1): delivered at attempt 2\n"
    assert receiver.bodies[-1]["channel"] == "#sre"
    assert receiver.bodies[-1]["text"] == result.stdout.rstrip("\n")
    assert "secretsecretsecret" not in result.output


def test_a_dry_run_sends_nothing(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    with webhook() as receiver:
        result = invoke(str(place), "--dry-run", "--json", env={"SLACK_WEBHOOK_URL": receiver.url})
    assert receiver.bodies == []
    assert json.loads(result.stdout)["blocks"][0]["type"] == "header"


def test_without_a_webhook_the_message_is_printed_only(tmp_path: Path) -> None:
    result = invoke(str(quick_run().write(tmp_path / "run")))
    assert (result.return_value, result.stderr) == (0, "not sent: SLACK_WEBHOOK_URL is not set\n")


def test_a_webhook_that_refuses_is_a_warning_unless_it_must_deliver(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    with webhook(Reply(403, body="invalid_token")) as receiver:
        env = {"SLACK_WEBHOOK_URL": receiver.url + "/services/T/B/secretsecretsecret"}
        results = [invoke(str(place), *options, env=env) for options in ([], ["--must-deliver"])]
    assert [result.return_value for result in results] == [0, 2]
    assert "warning: not sent: Slack (127.0.0.1): status 403 invalid_token (1 of 3 attempts)" in results[0].stderr
    assert "secretsecretsecret" not in results[0].output


def test_an_env_file_may_hold_the_webhook(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    with webhook() as receiver:
        (tmp_path / "env").write_text(f"SLACK_WEBHOOK_URL={receiver.url}\n")
        assert invoke(str(place), "--env-file", str(tmp_path / "env")).return_value == 0
    assert len(receiver.bodies) == 1


@pytest.mark.parametrize("damage", ["", "{", '{"summary": 3}', '{"x": 1}', "[]"])
def test_a_file_that_is_no_validation_is_told_in_one_sentence(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "phase5.json"
    path.write_text(damage)
    error = invoke(str(path), "--dry-run").exception
    assert isinstance(error, LoadgenError)
    assert str(error).startswith(f"{path}: ")


def test_a_damaged_validation_beside_a_run_is_a_reason_and_never_well(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    (place / "validation.json").write_text("{")
    output = invoke(str(place), "--dry-run").output
    assert output.startswith(":warning:")
    assert "validation.json: not JSON" in output


def test_a_baseline_that_was_asked_for_must_be_one(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    assert isinstance(invoke(str(place), "--baseline", str(tmp_path / "none.json")).exception, LoadgenError)
    assert isinstance(invoke(str(place), "--suggestions", str(tmp_path / "none.txt")).exception, InputError)


def test_a_message_of_a_long_run_of_troubles_keeps_within_the_limits() -> None:
    message = compose(digest(reasons=tuple("x" * 900 for _ in range(30)), well=False), cache_audit=["y" * 2_500] * 20)
    body = slack_message(message)
    assert len(body["blocks"]) <= 50
    assert len(body["text"]) <= 4_000
    assert all(len(block["text"]["text"]) <= 3_000 for block in body["blocks"] if block["type"] == "section")
