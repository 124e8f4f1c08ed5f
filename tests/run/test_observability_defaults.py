"""The procedures that were once done by hand when logging and alerts came to staging, as tests.

First phase: debugging on, alerts off: logs are JSON, nothing secret is in them, the trace is shown, nobody is told.
Second phase: alerts on, a failure: one alert, none for five minutes, one again after six, by a clock that jumps.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from click.testing import CliRunner

from loadgen.cli.debug_last import debug_last
from loadgen.core.errors import ExitCode
from loadgen.core.events import NoView
from loadgen.core.logs import FIELDS
from loadgen.core.metadata import read_metadata
from loadgen.core.redact import Secret
from loadgen.core.units import NS_PER_S
from loadgen.notify.channel import messaging_of
from loadgen.notify.delivery import Patience
from loadgen.notify.ledger import Ledger
from loadgen.notify.notifier import Notifier
from loadgen.plan.model import Header
from loadgen.run.alarm import Alarm
from loadgen.run.execution import Execution
from loadgen.run.supervise import supervise
from loadgen.run.traced_view import TracedView
from tests.support.alerts import ALERT
from tests.support.demo import HandClock
from tests.support.supervised import fake_setup, make_plan, new_place
from tests.support.webhook import webhook

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.core.rundir import RunDirectory

pytestmark = pytest.mark.timeout(40)
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJlMTIzNDU"


async def failing_run(tmp_path: Path, alarm: Alarm) -> tuple[RunDirectory, Execution]:
    """Run a traced load with a token against a service whose every answer is an error."""
    place, execution = new_place(tmp_path), Execution("baseline")
    execution.keep_at(tmp_path / "results")
    execution.name_run(place)
    plan = make_plan(20, observed=True, rate="40")
    targets = tuple(
        replace(target, headers=(Header("Authorization", Secret(f"Bearer {TOKEN}")),)) for target in plan.load.targets
    )
    plan = replace(plan, load=replace(plan.load, targets=targets), jwt=Secret(TOKEN))
    setup = replace(fake_setup(tmp_path, FAKE_WORKER="failing"), alarm=alarm, trace_id=execution.trace_id)
    view = TracedView(NoView(), execution)
    ending = await supervise(plan, place, view, setup)
    execution.close(ending.exit_code)
    assert ending.exit_code is ExitCode.BREAKER
    return place, execution


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


async def test_with_debugging_on_and_alerts_off_the_first_phase_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with webhook() as receiver:
        messaging = messaging_of({"SLACK_WEBHOOK_URL": receiver.url})
        place, execution = await failing_run(tmp_path, Alarm(messaging, tmp_path / "ledger"))
        assert receiver.bodies == [], "alerts are off unless ENABLE_ALERTS is true"

    lines = lines_of(place.load_log)
    assert all(list(line)[:3] == list(FIELDS[:3]) for line in lines)
    assert {line["trace_id"] for line in lines} == {execution.trace_id}
    assert {line["correlation_id"] for line in lines} == {place.run_id}
    written = "".join(path.read_text(errors="replace") for path in (tmp_path / "results").rglob("*") if path.is_file())
    assert TOKEN not in written
    assert read_metadata(place.metadata)["trace_id"] == execution.trace_id
    shown = CliRunner().invoke(debug_last, env={"ENABLE_DEBUG_CMD": "true"}, catch_exceptions=False).output
    assert f"({execution.trace_id})" in shown
    assert "❌ load" in shown
    assert "Error:    the circuit breaker tripped" in shown
    assert len(shown) < 2_000
    armed, trip, end = lines_of(place.decisions)
    assert (armed["decision"], trip["decision"], end["decision"]) == ("inputs", "trip", "end")
    assert {one["input"]: one["threshold"] for one in armed["inputs"]}["client"] == 0.02
    assert (trip["input"], trip["rule"], end["cause"]) == ("client", "consecutive failures", "breaker")


async def test_with_alerts_on_the_second_phase_holds_by_a_jumping_clock(tmp_path: Path) -> None:
    clock = HandClock()
    with webhook() as receiver:
        messaging = messaging_of({"ENABLE_ALERTS": "true", "SLACK_WEBHOOK_URL": receiver.url})
        notifier = Notifier(messaging, Ledger(tmp_path / "ledger"), patience=Patience(1, 5.0), clock=clock)
        told = []
        for at_s in (0, 1, 299, 360, 361, 660):
            clock.now_ns = at_s * NS_PER_S
            told.append((at_s, (await notifier.send(ALERT)).delivered))

    assert told == [(0, True), (1, False), (299, False), (360, True), (361, False), (660, True)]
    assert len(receiver.bodies) == 3
