"""Runs that end badly tell somebody, whatever that somebody's server does, and end as they would have."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import ExitCode
from loadgen.core.metadata import read_metadata
from loadgen.core.rundir import ALERT_LEDGER
from loadgen.notify.channel import messaging_of
from loadgen.notify.notifier import Notifier, Sent
from loadgen.run.alarm import Alarm
from tests.support.alerts import ALERT
from tests.support.supervised import fake_setup, make_plan, new_place, run_plan
from tests.support.webhook import Reply, webhook

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.core.rundir import RunDirectory
    from loadgen.notify.alert import Alert
    from loadgen.run.ending import Ending

pytestmark = pytest.mark.timeout(40)
PATH = "/services/T000/B000/aVerySecretPart12345"


async def tripped(tmp_path: Path, bound_s: float = 5.0, **variables: str) -> tuple[RunDirectory, Ending]:
    """Run against workers whose requests all fail, with these messages set up."""
    place = new_place(tmp_path)
    alarm = Alarm(messaging_of(variables), tmp_path / "results" / ALERT_LEDGER, bound_s=bound_s)
    setup = replace(fake_setup(tmp_path, FAKE_WORKER="failing"), alarm=alarm)
    return place, await run_plan(make_plan(20, observed=True, rate="40"), place, setup)


async def test_a_trip_is_told_with_impact_parameters_duration_and_partial_results(tmp_path: Path) -> None:
    with webhook() as receiver:
        place, ending = await tripped(tmp_path, ENABLE_ALERTS="true", SLACK_WEBHOOK_URL=receiver.url + PATH)
    assert ending.exit_code is ExitCode.BREAKER
    (body,) = receiver.bodies
    titles = [field["text"].split("\n")[0] for field in body["blocks"][1]["fields"]]
    assert titles == ["*Impact*", "*Parameters*", "*Duration*", "*Partial results*", "*Runbook*"]
    notice = place.abort_notice.read_text()
    told = dict(field["text"].strip("*").split("*\n", 1) for field in body["blocks"][1]["fields"])
    for title, text in told.items():
        assert f"- **{title}:** {text}\n" in notice
    assert told["Parameters"] == "40/s over 4 connections on http://127.0.0.1:9/, profile dev"
    kept = "".join(path.read_text(errors="replace") for path in place.path.iterdir() if path.is_file())
    assert "aVerySecretPart12345" not in kept


async def test_two_runs_of_the_same_trouble_are_one_alert(tmp_path: Path) -> None:
    with webhook() as receiver:
        for _ in range(2):
            await tripped(tmp_path, ENABLE_ALERTS="true", SLACK_WEBHOOK_URL=receiver.url + PATH)
    assert len(receiver.bodies) == 1


async def test_nothing_is_told_unless_alerts_are_on_but_the_notice_is_written(tmp_path: Path) -> None:
    with webhook() as receiver:
        place, _ = await tripped(tmp_path, SLACK_WEBHOOK_URL=receiver.url + PATH)
    assert receiver.bodies == []
    assert place.abort_notice.exists()


@pytest.mark.parametrize(
    ("reply", "bound_s", "problem"),
    [
        (Reply(500), 12.0, "status 500 ok (3 of 3 attempts)"),
        (Reply(hang=True), 2.0, "not delivered within 2 s"),
        (Reply(403, body="invalid_token"), 12.0, "status 403 invalid_token"),
    ],
    ids=["500", "hang", "refused"],
)
async def test_a_receiver_that_fails_is_one_line_and_the_run_ends_as_it_would_have(
    tmp_path: Path, reply: Reply, bound_s: float, problem: str
) -> None:
    began = time.monotonic()
    with webhook(reply) as receiver:
        place, ending = await tripped(tmp_path, bound_s, ENABLE_ALERTS="true", SLACK_WEBHOOK_URL=receiver.url + PATH)
    assert time.monotonic() - began < 20
    assert ending.exit_code is ExitCode.BREAKER
    notes = read_metadata(place.metadata)["notes"]
    (line,) = [note for note in notes if note.startswith("warning: an alert was not delivered: ")]
    assert problem in line
    assert "aVerySecretPart12345" not in line


async def test_a_run_that_completes_tells_nobody_but_that_a_trip_is_over(tmp_path: Path) -> None:
    with webhook() as receiver:
        variables = {"ENABLE_ALERTS": "true", "ALERTMANAGER_URL": receiver.url}
        setup = replace(fake_setup(tmp_path), alarm=Alarm(messaging_of(variables), tmp_path / "results" / ALERT_LEDGER))
        place = new_place(tmp_path)
        await run_plan(make_plan(1), place, setup)
        assert receiver.bodies == []
        assert not place.abort_notice.exists()
        await tripped(tmp_path, 5.0, **variables)
        await run_plan(make_plan(1), new_place(tmp_path), setup)
    raised, ended = (body[0] for body in receiver.bodies)
    assert ended["labels"] == raised["labels"]
    assert ended["endsAt"] < raised["endsAt"]


async def test_a_run_whose_worker_dies_is_an_error_and_told(tmp_path: Path) -> None:
    place = new_place(tmp_path)
    with webhook() as receiver:
        messaging = messaging_of({"ENABLE_ALERTS": "true", "ALERT_WEBHOOK_URL": receiver.url + "/api/webhooks/1/x"})
        setup = replace(fake_setup(tmp_path, FAKE_WORKER="die"), alarm=Alarm(messaging, tmp_path / ALERT_LEDGER))
        ending = await run_plan(make_plan(3), place, setup)
    assert ending.exit_code is ExitCode.USAGE
    assert receiver.bodies[0]["content"].startswith(
        "⚠️ **ERROR ALERT**\nthe run failed\n**HIGH: respond within 15 min**\n**Root Cause:** "
    )


async def test_the_loop_goes_on_while_an_alert_is_sent(tmp_path: Path) -> None:
    """A worker stops sending when its lease is not renewed for 2 s."""
    longest_s, last = 0.0, time.monotonic()

    async def beat() -> None:
        nonlocal longest_s, last
        while True:
            await asyncio.sleep(0.02)
            longest_s, last = max(longest_s, time.monotonic() - last), time.monotonic()

    with webhook(Reply(hang=True)) as receiver:
        messaging = messaging_of({"ENABLE_ALERTS": "true", "SLACK_WEBHOOK_URL": receiver.url})
        heart = asyncio.create_task(beat())
        await Alarm(messaging, tmp_path / ALERT_LEDGER, bound_s=1.0).send(ALERT)
        heart.cancel()
    assert longest_s < 1.5


async def test_a_fault_of_the_notifier_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_self: Notifier, _alert: Alert) -> Sent:
        raise RuntimeError("a fault")

    monkeypatch.setattr(Notifier, "send", broken)
    alarm = Alarm(messaging_of({"ENABLE_ALERTS": "true"}), tmp_path / "ledger")

    assert (await alarm.send(ALERT)).problems == ("RuntimeError: a fault",)
    assert repr(alarm).startswith("<Alarm <Notifier on")
