"""An alert's key, and what each kind of receiver gets."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from loadgen.notify.alert import Severity
from loadgen.notify.alert_text import alertmanager_body, discord_body, plain_text, slack_body
from tests.support.alerts import ALERT, AT


def test_the_key_is_sixteen_hex_digits_of_sha_256_over_severity_message_and_trace() -> None:
    alert = replace(ALERT, subject="", per_trace=True)
    text = "critical:circuit breaker tripped: error rate:phase5-prod-20260301-120000"
    assert alert.key == hashlib.sha256(text.encode()).hexdigest()[:16]
    assert replace(alert, trace_id="").key == replace(alert, per_trace=False).key


def test_defect_e34_a_new_run_of_the_same_trouble_is_the_same_matter() -> None:
    again = replace(ALERT, trace_id="phase5-prod-20260301-120100", at=AT + timedelta(minutes=1), details=())
    assert again.key == ALERT.key
    assert replace(ALERT, subject="https://other.example").key != ALERT.key
    assert replace(ALERT, severity=Severity.ERROR).key != ALERT.key


@pytest.mark.parametrize(("severity", "sign"), list(zip(Severity, ["📢", "🟡", "⚠️", "🔴"], strict=True)))
def test_each_severity_has_its_sign(severity: Severity, sign: str) -> None:
    assert plain_text(replace(ALERT, severity=severity)).startswith(f"{sign} {severity.upper()} ALERT: ")


def test_discord_gets_severity_message_root_cause_trace_and_run() -> None:
    content = discord_body(replace(ALERT, link="https://ci.example/run/7"))["content"]
    assert content.splitlines() == [
        "🔴 **CRITICAL ALERT**",
        "circuit breaker tripped: error rate",
        "**CRITICAL: respond within 2 min**",
        "**Root Cause:** 5xx from <api> & friends",
        "**Impact:** 12 of 100 failed",
        "**Duration:** 3s of 2h",
        "**Trace ID:** `phase5-prod-20260301-120000`",
        "[View Run](https://ci.example/run/7)",
    ]
    assert discord_body(ALERT)["allowed_mentions"] == {"parse": []}


def test_discord_gets_at_most_two_thousand_characters() -> None:
    assert len(discord_body(replace(ALERT, root_cause="x" * 5_000))["content"]) == 2_000


def test_slack_gets_blocks_and_the_same_as_plain_text() -> None:
    body = slack_body(ALERT, "alerts")
    assert body["channel"] == "#alerts"
    assert "*Root Cause:* 5xx from &lt;api&gt; &amp; friends" in body["blocks"][0]["text"]["text"]
    assert [field["text"] for field in body["blocks"][1]["fields"]] == [
        "*Impact*\n12 of 100 failed", "*Duration*\n3s of 2h",
    ]  # fmt: skip
    assert "Impact: 12 of 100 failed" in body["text"]
    assert "&lt;api&gt;" in body["text"]


def test_alertmanager_gets_labels_without_figures_and_an_end() -> None:
    (alert,) = alertmanager_body(ALERT)
    assert alert["labels"] == {
        "alertname": "LoadgenBreakerTripped",
        "severity": "critical",
        "service": "loadgen",
        "subject": "https://service.example",
    }
    assert (alert["startsAt"], alert["endsAt"]) == ("2026-03-01T12:00:00.000Z", "2026-03-01T12:15:00.000Z")
    assert alert["annotations"]["description"] == "Impact: 12 of 100 failed; Duration: 3s of 2h"


def test_an_alert_is_resolved_by_its_end_under_the_same_labels() -> None:
    (ended,) = alertmanager_body(ALERT, resolved_at=AT + timedelta(minutes=5))
    assert ended["endsAt"] == "2026-03-01T12:05:00.000Z"
    assert ended["labels"] == alertmanager_body(ALERT)[0]["labels"]


def test_an_alert_with_nothing_but_its_message_has_no_empty_parts() -> None:
    bare = replace(ALERT, root_cause="", trace_id="", link="", details=(), subject="")
    (managed,) = alertmanager_body(bare)

    assert discord_body(bare)["content"] == (
        "🔴 **CRITICAL ALERT**\ncircuit breaker tripped: error rate\n**CRITICAL: respond within 2 min**"
    )
    assert "Trace ID" not in str(slack_body(bare))
    assert "Root Cause" not in str(slack_body(bare))
    assert managed["annotations"].keys() == {"summary", "run_id", "response"}
    assert "subject" not in managed["labels"]


def test_a_link_that_is_an_address_is_one_to_click() -> None:
    linked = replace(ALERT, link="https://ci.example/7")

    assert "<https://ci.example/7|View Run>" in str(slack_body(linked))
    assert "[View Run](https://ci.example/7)" in discord_body(linked)["content"]
    assert alertmanager_body(linked)[0]["generatorURL"] == "https://ci.example/7"


@pytest.mark.parametrize(
    ("severity", "sentence"),
    [
        (Severity.CRITICAL, "CRITICAL: respond within 2 min"),
        (Severity.ERROR, "HIGH: respond within 15 min"),
        (Severity.WARNING, "MEDIUM: respond within 1 h"),
        (Severity.INFO, "LOW: respond within 24 h"),
    ],
)
def test_every_alert_says_how_soon_to_respond(severity: Severity, sentence: str) -> None:
    alert = replace(ALERT, severity=severity)
    assert plain_text(alert).splitlines()[1] == sentence
    assert sentence in discord_body(alert)["content"]
    assert sentence in slack_body(alert)["blocks"][-1]["elements"][0]["text"]
    assert alertmanager_body(alert)[0]["annotations"]["response"] == sentence
