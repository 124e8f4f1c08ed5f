"""Who is told, and who is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import InputError
from loadgen.core.redact import Secret
from loadgen.notify.alert import Severity
from loadgen.notify.channel import Style, messaging_of, read_messaging
from loadgen.notify.delivery import Patience
from loadgen.notify.ledger import Ledger
from loadgen.notify.notifier import Notifier
from tests.support.alerts import ALERT
from tests.support.webhook import Reply, webhook

if TYPE_CHECKING:
    from pathlib import Path

ONCE = Patience(attempts=1, total_s=5.0)


def notifier(tmp_path: Path, **variables: str) -> Notifier:
    return Notifier(messaging_of(variables), Ledger(tmp_path / "ledger.json"), patience=ONCE)


async def test_alerts_are_off_unless_they_are_switched_on(tmp_path: Path) -> None:
    with webhook() as receiver:
        sent = await notifier(tmp_path, SLACK_WEBHOOK_URL=receiver.url).send(ALERT)
    assert (sent.delivered, sent.lines, receiver.bodies) == (False, ("alerts are off (ENABLE_ALERTS)",), [])


async def test_alerts_without_a_receiver_are_a_problem_that_is_told(tmp_path: Path) -> None:
    sent = await notifier(tmp_path, ENABLE_ALERTS="true").send(ALERT)
    assert sent.problems == ("alerts are on, but no receiver is set: give SLACK_WEBHOOK_URL or another",)


async def test_every_receiver_gets_an_alert_in_its_own_form_once(tmp_path: Path) -> None:
    with webhook() as slack, webhook() as discord, webhook() as manager:
        variables = {
            "ENABLE_ALERTS": "true",
            "SLACK_WEBHOOK_URL": slack.url + "/services/T/B/x",
            "ALERT_WEBHOOK_URL": discord.url + "/api/webhooks/1/abc",
            "ALERTMANAGER_URL": manager.url + "/",
            "ALERT_CHANNEL_ID": "C024BE91L",
        }
        first = await notifier(tmp_path, **variables).send(ALERT)
        second = await notifier(tmp_path, **variables).send(ALERT)
    assert first.delivered
    assert first.problems == ()
    assert slack.bodies[0]["channel"] == "C024BE91L"
    assert "content" in discord.bodies[0]
    assert manager.bodies[0][0]["labels"]["severity"] == "critical"
    assert manager.paths == ["/api/v2/alerts"]
    assert [len(receiver.bodies) for receiver in (slack, discord, manager)] == [1, 1, 1]
    assert set(second.lines) == {
        f"{name} (127.0.0.1): not sent: sent within the last 300 s" for name in ("Slack", "Discord", "Alertmanager")
    }


async def test_a_receiver_that_failed_is_tried_again_next_time_and_the_other_is_not(tmp_path: Path) -> None:
    with webhook() as well, webhook(Reply(500), Reply(200)) as ill:
        variables = {"ENABLE_ALERTS": "on", "SLACK_WEBHOOK_URL": well.url, "ALERTMANAGER_URL": ill.url}
        first = await notifier(tmp_path, **variables).send(ALERT)
        second = await notifier(tmp_path, **variables).send(ALERT)
    assert first.problems == ("Alertmanager (127.0.0.1): status 500 ok (1 of 1 attempts)",)
    assert (len(well.bodies), len(ill.bodies)) == (1, 2)
    assert second.delivered


async def test_a_critical_alert_mutes_a_warning_of_the_same_target(tmp_path: Path) -> None:
    with webhook() as receiver:
        sender = notifier(tmp_path, ENABLE_ALERTS="true", SLACK_WEBHOOK_URL=receiver.url)
        await sender.send(ALERT)
        muted = await sender.send(replace(ALERT, severity=Severity.WARNING, message="slow"))
    assert muted.lines == ("Slack (127.0.0.1): not sent: muted by a critical alert of the same subject",)
    assert len(receiver.bodies) == 1


async def test_an_alert_is_resolved_in_alertmanager_only_and_only_where_it_stands(tmp_path: Path) -> None:
    with webhook() as slack, webhook() as manager:
        sender = notifier(tmp_path, ENABLE_ALERTS="true", SLACK_WEBHOOK_URL=slack.url, ALERTMANAGER_URL=manager.url)
        early = await sender.resolve(ALERT)
        await sender.send(ALERT)
        other = await sender.resolve(replace(ALERT, subject="https://other.example"))
        late = await sender.resolve(ALERT)
    assert (early.delivered, other.delivered, late.delivered) == (False, False, True)
    assert (len(slack.bodies), len(manager.bodies)) == (1, 2)
    raised, ended = (body[0] for body in manager.bodies)
    assert ended["labels"] == raised["labels"]
    assert ended["endsAt"] > ended["startsAt"]


async def test_defect_23_no_secret_leaves_in_an_alert(tmp_path: Path) -> None:
    with webhook() as receiver:
        sender = notifier(tmp_path, ENABLE_ALERTS="true", ALERT_WEBHOOK_URL=receiver.url + "/api/webhooks/1/x")
        await sender.send(
            replace(ALERT, root_cause="GET https://u:hunter2secret@host/?token=abcd1234 failed")  # not-a-secret
        )
    assert "hunter2secret" not in str(receiver.bodies)
    assert "abcd1234" not in str(receiver.bodies)


def test_bad_settings_are_all_named_and_their_values_are_not() -> None:
    variables = {"ENABLE_ALERTS": "perhaps", "SLACK_WEBHOOK_URL": "hooks/T/B/secretpart", "ALERT_WEBHOOK_URL": "<url>"}
    with pytest.raises(InputError) as caught:
        messaging_of(variables)
    assert [problem.key for problem in caught.value.problems] == [
        "ENABLE_ALERTS", "SLACK_WEBHOOK_URL", "ALERT_WEBHOOK_URL",
    ]  # fmt: skip
    assert "secretpart" not in str(caught.value)


def test_addresses_are_secrets_and_channels_are_named_without_them() -> None:
    messaging, problems = read_messaging(
        {"SLACK_WEBHOOK_URL": Secret("https://hooks.slack.com/services/T/B/xyzSECRET1234"), "SLACK_CHANNEL": "sre"}
    )
    assert problems == []
    assert not messaging.alerts_enabled
    assert messaging.summary is not None
    assert (str(messaging.summary), messaging.summary.channel) == ("Slack (hooks.slack.com)", "sre")
    assert "xyzSECRET" not in repr(messaging)
    assert messaging.receivers[0].style is Style.SLACK


def test_a_notifier_says_to_whom_it_speaks_and_whether(tmp_path: Path) -> None:
    silent = notifier(tmp_path)
    speaking = notifier(tmp_path, ENABLE_ALERTS="true", SLACK_WEBHOOK_URL="https://hooks.slack.com/services/T/B/secret")

    assert (silent.on, speaking.on) == (False, True)
    assert repr(speaking) == "<Notifier on: Slack (hooks.slack.com)>"
    assert "ledger.json" in repr(Ledger(tmp_path / "ledger.json"))


def test_an_address_that_cannot_be_split_is_named_and_not_shown() -> None:
    _, (problem,) = read_messaging({"SLACK_WEBHOOK_URL": "https://[half/secretpart"})
    assert "secretpart" not in str(problem)
