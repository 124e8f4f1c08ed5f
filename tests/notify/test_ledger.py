"""One alert once in 300 s, for all processes, and only if it was delivered."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from loadgen.notify.alert import Severity
from loadgen.notify.ledger import Leave, Ledger
from tests.support.alerts import ALERT, AT

if TYPE_CHECKING:
    from pathlib import Path

SLACK, DISCORD = "Slack 1", "Discord 2"


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "results" / ".alerts.json")


def test_a_delivered_alert_is_not_sent_again_for_300_seconds(ledger: Ledger) -> None:
    assert ledger.claim(ALERT, SLACK, AT) is Leave.GRANTED
    ledger.confirm(ALERT, SLACK, AT)
    assert ledger.claim(ALERT, SLACK, AT + after(299.9)) is Leave.DUPLICATE
    assert ledger.claim(ALERT, SLACK, AT + after(300)) is Leave.GRANTED


def test_defect_24_an_alert_that_was_not_delivered_may_be_sent_again_at_once(ledger: Ledger) -> None:
    """The published code noted an alert before it sent it, so a failure silenced it for five minutes."""
    assert ledger.claim(ALERT, SLACK, AT) is Leave.GRANTED
    ledger.release(ALERT, SLACK)
    assert ledger.claim(ALERT, SLACK, AT + after(1)) is Leave.GRANTED


def test_an_alert_that_is_being_sent_belongs_to_its_sender_for_a_minute(ledger: Ledger) -> None:
    assert ledger.claim(ALERT, SLACK, AT) is Leave.GRANTED
    assert ledger.claim(ALERT, SLACK, AT + after(59)) is Leave.BEING_SENT
    assert ledger.claim(ALERT, SLACK, AT + after(60)) is Leave.GRANTED


def test_each_receiver_is_on_its_own(ledger: Ledger) -> None:
    assert ledger.claim(ALERT, SLACK, AT) is Leave.GRANTED
    ledger.confirm(ALERT, SLACK, AT)
    assert ledger.claim(ALERT, DISCORD, AT) is Leave.GRANTED


def test_a_critical_alert_mutes_the_warnings_of_its_subject_alone(ledger: Ledger) -> None:
    ledger.claim(ALERT, SLACK, AT)
    ledger.confirm(ALERT, SLACK, AT)
    warning = replace(ALERT, severity=Severity.WARNING, message="p95 over its target")
    assert ledger.claim(warning, SLACK, AT + after(10)) is Leave.MUTED
    assert ledger.claim(replace(warning, subject="https://other"), SLACK, AT + after(10)) is Leave.GRANTED
    assert ledger.claim(replace(warning, severity=Severity.ERROR), SLACK, AT + after(10)) is Leave.GRANTED
    assert ledger.claim(warning, SLACK, AT + after(3601)) is Leave.GRANTED


def test_a_critical_alert_that_was_not_delivered_mutes_nothing(ledger: Ledger) -> None:
    ledger.claim(ALERT, SLACK, AT)
    ledger.release(ALERT, SLACK)
    assert ledger.claim(replace(ALERT, severity=Severity.WARNING), SLACK, AT) is Leave.GRANTED


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 1}', '{"x": {"at": "noon", "sent": 1}}'])
def test_a_damaged_file_keeps_no_alert_from_being_sent(tmp_path: Path, text: str) -> None:
    path = tmp_path / ".alerts.json"
    path.write_text(text)
    ledger = Ledger(path)
    assert ledger.claim(ALERT, SLACK, AT) is Leave.GRANTED
    ledger.confirm(ALERT, SLACK, AT)
    assert ledger.claim(ALERT, SLACK, AT) is Leave.DUPLICATE


def test_a_place_that_cannot_be_written_keeps_no_alert_from_being_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert Ledger(tmp_path / "file" / "ledger.json").claim(ALERT, SLACK, AT) is Leave.GRANTED


def test_a_clock_that_was_set_back_does_not_silence_alerts(ledger: Ledger) -> None:
    ledger.claim(ALERT, SLACK, AT)
    ledger.confirm(ALERT, SLACK, AT)
    assert ledger.claim(ALERT, SLACK, AT - after(3600)) is Leave.GRANTED


def test_whoever_waited_for_the_lock_does_not_send_again_because_it_looked_at_the_clock_before(ledger: Ledger) -> None:
    ledger.claim(ALERT, SLACK, AT)
    assert ledger.claim(ALERT, SLACK, AT - after(0.2)) is Leave.BEING_SENT
    ledger.confirm(ALERT, SLACK, AT)
    assert ledger.claim(ALERT, SLACK, AT - after(0.2)) is Leave.DUPLICATE


_PROCESS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from loadgen.notify.alert import Alert, Severity
from loadgen.notify.ledger import Ledger
now = datetime.now(UTC)
alert = Alert("Trip", Severity.CRITICAL, "tripped", "target", now, trace_id=sys.argv[2])
print(Ledger(Path(sys.argv[1])).claim(alert, "Slack", now).name)
"""


def test_of_two_processes_one_sends(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PROCESS, str(tmp_path / "ledger.json")]
    started = [subprocess.Popen([*command, f"run-{at}"], stdout=subprocess.PIPE, text=True) for at in range(3)]
    answers = sorted(process.communicate(timeout=30)[0].strip() for process in started)
    assert answers == ["BEING_SENT", "BEING_SENT", "GRANTED"]
