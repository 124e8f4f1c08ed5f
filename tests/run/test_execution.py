"""A command as an execution trace: its steps, what is kept of it, and what a killed one leaves."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.errors import ExitCode
from loadgen.core.events import Event, EventName, NoView
from loadgen.core.redact import Redactor, Secret
from loadgen.core.rundir import RunDirectory
from loadgen.core.trace_store import TraceStore
from loadgen.run.execution import Execution, user_name
from loadgen.run.traced_view import TracedView
from tests.support.demo import HandClock
from tests.support.processes import wait_until
from tests.support.progress import BUSY

if TYPE_CHECKING:
    from pathlib import Path

S = 1_000_000_000


def kept(tmp_path: Path) -> dict[str, Any]:
    last = TraceStore(tmp_path / ".traces.jsonl").last()
    assert last is not None
    return last


def steps_of(execution: Execution) -> list[tuple[str, str]]:
    return [(step.name, step.status.value) for step in execution.trace.steps]


def test_a_command_is_kept_with_its_steps_and_its_exit(tmp_path: Path) -> None:
    clock = HandClock()
    execution = Execution("preflight", clock=clock)
    execution.keep_at(tmp_path)
    with execution.step("preflight") as step:
        clock.now_ns += 2 * S
        step.details["checks"] = 30
    clock.now_ns += S
    execution.close(ExitCode.OK)

    trace = kept(tmp_path)
    assert trace["trace_id"] == execution.trace_id
    assert trace["user_id"] == user_name()
    assert trace["duration_ms"] == 3_000.0
    assert [(step["name"], step["duration_ms"], step["details"]) for step in trace["steps"]] == [
        ("preflight", 2_000.0, {"checks": 30})
    ]
    assert trace["metadata"]["exit_meaning"] == "ok or GO"
    assert trace["metadata"]["pid"] == os.getpid()


def test_a_step_that_raises_has_failed() -> None:
    execution = Execution("run")
    with pytest.raises(ValueError, match="no"), execution.step("validate"):
        raise ValueError("no")

    assert steps_of(execution) == [("validate", "failure")]
    assert execution.trace.steps[0].details == {"error": "ValueError: no"}


def test_every_secret_is_masked_however_deep(tmp_path: Path) -> None:
    execution = Execution("run", Redactor([Secret("in-the-environment")]))
    execution.mask_with(Redactor([Secret("of-the-plan")]))
    execution.keep_at(tmp_path)
    execution.begin("load", deep=[{"said": ("it is of-the-plan", {"password": "hunter22"})}])
    execution.close(ExitCode.USAGE, "in-the-environment was refused")

    text = (tmp_path / ".traces.jsonl").read_text()
    assert [secret for secret in ("of-the-plan", "in-the-environment", "hunter22") if secret in text] == []
    assert "*** was refused" in text


def test_only_the_first_place_counts(tmp_path: Path) -> None:
    execution = Execution("run")
    assert not execution.kept
    execution.keep_at(tmp_path / "one")
    execution.keep_at(tmp_path / "two")
    execution.close(ExitCode.OK)

    assert [path.name for path in tmp_path.iterdir()] == ["one"]
    assert repr(execution) == f"<Execution of run, 0 steps, kept in <TraceStore {tmp_path}/one/.traces.jsonl>>"


def test_a_trace_that_cannot_be_kept_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    execution = Execution("run")
    execution.keep_at(tmp_path / "file")
    execution.close(ExitCode.OK)

    assert "file" in execution.trouble


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_uid: int) -> pwd.struct_passwd:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", unknown)

    assert user_name() == f"uid-{os.getuid()}"


_WORK = """
import sys, time
from pathlib import Path
from loadgen.run.execution import Execution
execution = Execution("baseline")
execution.keep_at(Path(sys.argv[1]))
execution.begin("load")
time.sleep(60)
"""


def test_a_killed_command_stays_in_progress_with_what_is_known(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", _WORK, str(tmp_path)])
    store = TraceStore(tmp_path / ".traces.jsonl")
    wait_until(lambda: (store.last() or {}).get("steps"), timeout_s=20, what="the step was kept")
    process.send_signal(signal.SIGKILL)
    process.wait(10)

    trace = kept(tmp_path)
    assert (trace["completed_at"], trace["steps"][0]["status"]) == (None, "in_progress")


def watched(*events: tuple[EventName, dict[str, Any]]) -> Execution:
    execution = Execution("baseline")
    view = TracedView(NoView(), execution)
    for name, data in events:
        view.event(Event(name, None, data))
    view.close()
    return execution


PHASES = tuple((EventName.PHASE, {"phase": name}) for name in ("start", "warmup", "connect", "main", "end"))


def test_the_steps_of_a_run_are_made_of_its_events() -> None:
    execution = watched(
        *PHASES[:4],
        (EventName.SAMPLE, {"ok": True}),
        (EventName.SAMPLE, {"ok": False}),
        (EventName.NOTE, {"text": "nothing to do with steps"}),
        PHASES[4],
        (EventName.VALIDITY, {"state": "VALID"}),
        (EventName.END, {"status": "completed", "text": "completed"}),
    )

    assert steps_of(execution) == [
        ("start", "success"), ("warmup", "success"), ("connect", "success"), ("load", "success"),
        ("observe", "success"), ("finish", "success"),
    ]  # fmt: skip
    observe = next(step for step in execution.trace.steps if step.name == "observe")
    assert observe.details == {"scrapes": 2, "failed": 1}
    assert execution.trace.metadata["validity"] == "VALID"
    assert execution.trace.error is None


def test_an_early_end_is_the_failure_of_the_step_it_ended() -> None:
    trip = {"input": "client", "value": 0.06, "threshold": 0.02}
    execution = watched(
        *PHASES[:4],
        (EventName.SAMPLE, {"ok": False}),
        (EventName.BREAKER, {"input": "client", "state": "ARMED"}),
        (EventName.BREAKER, {"state": "TRIPPED", **trip}),
        (EventName.DECISION, {"text": "ending the run: the circuit breaker tripped"}),
        PHASES[4],
        (EventName.END, {"status": "aborted_circuit_breaker", "text": "the circuit breaker tripped: client"}),
    )

    assert dict(steps_of(execution))["load"] == "failure"
    assert dict(steps_of(execution))["observe"] == "failure", "every scrape failed"
    assert dict(steps_of(execution))["finish"] == "success"
    assert execution.trace.error == "the circuit breaker tripped: client"
    assert execution.trace.metadata["trip"] == trip


def test_a_decision_before_any_step_is_no_step() -> None:
    assert steps_of(watched((EventName.DECISION, {"text": "ending the run: SIGTERM"}))) == []


def test_a_run_is_named_by_its_directory(tmp_path: Path) -> None:
    execution = Execution("baseline")
    execution.name_run(RunDirectory(tmp_path / "phase5-dev-1"))

    assert execution.trace.metadata["run_id"] == "phase5-dev-1"
    assert execution.trace.metadata["run_dir"] == str(tmp_path / "phase5-dev-1")


def test_a_view_hears_what_the_trace_hears_and_a_disk_that_hangs_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[object] = []

    class Recorder(NoView):
        def progress(self, progress: object) -> None:
            heard.append(progress)

    execution = Execution("run")
    TracedView(Recorder(), execution).progress(BUSY)
    monkeypatch.setattr(TraceStore, "add", lambda _self, _trace: time.sleep(1))
    execution.keep_at(tmp_path / "hanging")
    execution.close(ExitCode.OK, timeout_ns=20_000_000)

    assert heard == [BUSY]
    assert execution.trouble == "its directory does not answer"
