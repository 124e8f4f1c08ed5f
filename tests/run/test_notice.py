"""What is told of an aborted run has the four parts, agrees with the record, and never delays or fails the run."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from loadgen.core.histogram import Histogram
from loadgen.core.metadata import blank
from loadgen.core.units import NS_PER_MS
from loadgen.notify.alert import Severity
from loadgen.notify.channel import messaging_of
from loadgen.run.alarm import Alarm
from loadgen.run.notice import abort_alert, notice_of, notice_text
from tests.support.alerts import ALERT
from tests.support.webhook import Reply, webhook

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def document(**changes: Any) -> dict[str, Any]:
    return {
        **blank(),
        "run_id": "phase5-prod-20260301-120000",
        "profile": "production",
        "base_url": "https://service.example",
        "rate": "80/s",
        "concurrency": 20,
        "duration_seconds": 7200.0,
        "start_timestamp": "2026-03-01T12:00:00.000Z",
        "samples": 12,
        "samples_written": 3,
        "load": {"sent": 1000, "done": 950, "failed": 49, "dropped": 1, "in_flight": 1,
                 "failed_by": {"http_5xx": 40, "timeout": 9}, "dropped_by": {"too_late": 1}},
        "server_window": {"requests": 995.0, "errors_4xx": 0.0, "errors_5xx": 40.0},
        "breaker": {"trip": {"input": "error_rate", "metric": "error_rate", "value": 0.04}},
        **changes,
    }  # fmt: skip


def test_the_notice_has_impact_parameters_duration_and_partial_results() -> None:
    response = Histogram(60_000_000_000)
    response.record(20 * NS_PER_MS, 1000)
    notice = notice_of(document(), "the circuit breaker tripped", 1_930.4, response)
    assert dict(notice.parts) == {
        "Impact": "1,000 requests sent, 49 failed, 1 dropped (40 http_5xx, 9 timeout, 1 too_late); "
        "the service counted 40 errors in 995 requests",
        "Parameters": "80/s over 20 connections on https://service.example, profile production",
        "Duration": "32m10s of 2h planned, from 2026-03-01T12:00:00.000Z",
        "Partial results": "3 of 12 samples, success 95.00 %, p95 20 ms, p99 20 ms",
        "Runbook": "docs/runbooks/ERROR_RATE.md",
    }
    text = notice_text(notice, "phase5-prod-20260301-120000", "results/x")
    assert text.splitlines()[:3] == [
        "# Abort Notice: phase5-prod-20260301-120000", "", "The circuit breaker tripped. No load is sent any more.",
    ]  # fmt: skip
    assert text.splitlines()[4] == "- **Response:** CRITICAL: respond within 2 min"


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    notice = notice_of(blank(), "a child died", None, None)
    assert notice.impact == "unknown"
    assert notice.parameters == "unknown over unknown connections on unknown, profile unknown"
    assert notice.duration == "unknown of an unknown time planned, from unknown"
    assert notice.partial_results == "0 of 0 samples"


def test_a_trip_is_critical_and_its_message_holds_no_figure() -> None:
    notice = notice_of(document(), "error rate 4.2 %", 3.0, None)
    alert = abort_alert(document(), notice, "results/x", AT)
    assert (alert.severity, alert.message) == (Severity.CRITICAL, "circuit breaker tripped: error rate")
    assert alert.root_cause == "error rate 4.2 %"
    other = notice_of(document(), "error rate 9.9 %", 8.0, None)
    assert abort_alert(document(), other, "results/y", AT).key == alert.key


def test_an_alert_names_the_trace_of_the_logs_and_without_one_the_run() -> None:
    notice = notice_of(document(), "why", 1_930.4, None)
    assert abort_alert(document(trace_id="4bf92f3577b34da6"), notice, "", AT).trace_id == "4bf92f3577b34da6"
    assert abort_alert(document(), notice, "", AT).trace_id == "phase5-prod-20260301-120000"


def test_a_run_that_failed_by_itself_is_an_error() -> None:
    failed = document(breaker={"trip": None})
    alert = abort_alert(failed, notice_of(failed, "a worker died", 3.0, None), "", AT)
    assert (alert.severity, alert.name) == (Severity.ERROR, "LoadgenRunFailed")


async def test_a_receiver_that_hangs_is_left_after_the_bound(tmp_path: Path) -> None:
    with webhook(Reply(hang=True)) as receiver:
        messaging = messaging_of({"ENABLE_ALERTS": "true", "SLACK_WEBHOOK_URL": receiver.url})
        began = time.monotonic()
        sent = await Alarm(messaging, tmp_path / "ledger.json", bound_s=0.5).send(ALERT)
    assert time.monotonic() - began < 5
    assert sent.problems == ("not delivered within 0.5 s",)


def test_answers_that_were_degraded_are_part_of_the_impact() -> None:
    window = {"requests": 402.0, "errors_4xx": 0.0, "errors_5xx": 0.0, "degraded": 187.0}
    assert notice_of(document(server_window=window), "", None, None).impact.endswith("; 187 fallbacks degraded answers")
