"""`loadgen debug-last`: off by default, short, masked, and graceful when there is nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.cli.debug_last import debug_last
from loadgen.core.clock import iso_utc, utc_now
from loadgen.core.errors import InputError, LoadgenError
from loadgen.core.trace_store import TraceStore
from loadgen.run.execution import Execution
from loadgen.view.last_trace import MOST_CHARACTERS, trace_text
from tests.support.traces import step, trace

if TYPE_CHECKING:
    from pathlib import Path

ON = {"ENABLE_DEBUG_CMD": "true"}
RUN = "/srv/results/phase5-prod-1"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TraceStore:
    monkeypatch.chdir(tmp_path)
    return TraceStore(tmp_path / "results" / ".traces.jsonl")


def ask(*arguments: str) -> str:
    result = CliRunner().invoke(debug_last, arguments, env=ON, catch_exceptions=False)
    assert result.exit_code == 0
    return result.output


@pytest.mark.parametrize("given", [None, "false", "maybe"])
def test_it_is_off_unless_it_is_switched_on(store: TraceStore, given: str | None) -> None:
    with pytest.raises(InputError, match="set ENABLE_DEBUG_CMD=true") as caught:
        CliRunner().invoke(debug_last, env={"ENABLE_DEBUG_CMD": given}, catch_exceptions=False)
    assert caught.value.exit_code == 2


def test_an_env_file_may_switch_it_on(store: TraceStore, tmp_path: Path) -> None:
    (tmp_path / "on.env").write_text("ENABLE_DEBUG_CMD=true\nLOAD_BASE_URL=https://<a-placeholder>\n")
    result = CliRunner().invoke(debug_last, ["--env-file", "on.env"], catch_exceptions=False)

    assert result.output.startswith("No execution trace in results/.traces.jsonl yet")


def test_the_last_trace_is_shown_with_its_steps(store: TraceStore) -> None:
    store.add(trace("0" * 32))
    steps = [step("preflight", checks=30), step("load", "failure", why="tripped"), step("report", "in_progress", None)]
    metadata = {"exit_code": 4, "exit_meaning": "circuit breaker tripped", "run_dir": RUN}
    store.add(trace("4bf92f3577b34da6a3ce929d0e0e4736", steps=steps, error="client 6 % > 2 %", metadata=metadata))

    assert ask() == (
        "Trace 4bf92f35 (4bf92f3577b34da6a3ce929d0e0e4736)\n"
        "Command:  loadgen baseline, by ann\n"
        "Started:  2026-03-01T12:00:00.000Z\n"
        "Duration: 60.0 s\n"
        "Standing: failed\n"
        "Exit:     4 (circuit breaker tripped)\n"
        "Error:    client 6 % > 2 %\n"
        f"Run:      {RUN} (not there any more)\n"
        "Steps:\n"
        "  ✅ preflight 1.50 s (checks 30)\n"
        "  ❌ load 1.50 s (why tripped)\n"
        "  ⏳ report –\n"
    )


def test_a_long_trace_is_cut_with_a_mark() -> None:
    steps = [step(f"step {number}", failed=["x" * 300, "y"]) for number in range(40)]
    text = trace_text(trace("a" * 32, steps=steps), alive=False)

    assert len(text) == MOST_CHARACTERS < 2_000
    assert text.endswith("\n... (truncated)")
    assert "…)" in text


def test_defect_23_secrets_in_the_details_of_steps_are_not_shown(store: TraceStore) -> None:
    secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl"
    store.add(trace("a" * 32, error=f"refused: Authorization: Bearer {secret}", steps=[step("load", password="hunt")]))

    for shown in (ask(), ask("--json")):
        assert secret not in shown
        assert "hunt" not in shown


def test_a_store_that_cannot_be_read_is_named_with_the_reason(store: TraceStore) -> None:
    store.path.mkdir(parents=True)

    with pytest.raises(LoadgenError, match=r"results/\.traces\.jsonl: Is a directory"):
        ask()


def test_a_step_without_details_is_a_step(store: TraceStore) -> None:
    store.add(trace("a" * 32, steps=[{**step("load"), "details": None}]))

    assert "\n  ✅ load 1.50 s\n" in ask()


def test_a_command_whose_process_is_gone_says_so(store: TraceStore) -> None:
    dead = {"pid": 2**22 + 1, "pid_started": 1.0}
    store.add(
        trace("a" * 32, completed_at=None, duration_ms=None, steps=[step("load", "in_progress", None)], metadata=dead)
    )

    shown = ask()
    assert "Standing: in progress when its process ended without a word (killed, or a crash)" in shown
    assert "Duration: –" in shown


def test_a_command_that_runs_is_in_progress(store: TraceStore) -> None:
    execution = Execution("run")
    store.add(execution.trace.to_dict())

    assert "Standing: in progress\n" in ask()
    assert json.loads(ask("--json"))["standing"] == "in progress"


def test_the_whole_trace_is_there_as_json(store: TraceStore) -> None:
    store.add(trace("a" * 32, steps=[step("load")]))

    assert json.loads(ask("--json")) == {**trace("a" * 32, steps=[step("load")]), "standing": "completed"}


def test_without_a_trace_it_is_graceful(store: TraceStore) -> None:
    assert ask() == "No execution trace in results/.traces.jsonl yet: run a command first.\n"
    assert ask("--json") == "null\n"


def test_broken_lines_are_counted(store: TraceStore) -> None:
    store.add(trace("a" * 32, started_at=iso_utc(utc_now())))
    with store.path.open("a") as file:
        file.write("{half\n")

    assert "results/.traces.jsonl: 1 broken lines were passed over" in ask()
