"""Every command of docs/OBSERVABILITY.md works as it stands there, on the traces and logs of real runs."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import ExitCode
from loadgen.core.trace_store import TraceStore
from tests.support.processes import loadgen, service

if TYPE_CHECKING:
    import subprocess

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]

PAGE = (Path(__file__).parents[2] / "docs" / "OBSERVABILITY.md").read_text()
COMMANDS = re.findall(r"```console\n([^\n]*)\n```", PAGE)


def run(command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the page; NAME=VALUE before it is its environment."""
    words = shlex.split(command)
    program = words.index("loadgen")
    environment = dict(word.split("=", 1) for word in words[:program])
    return loadgen(*words[program + 1 :], cwd=cwd, env=environment)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory in which the page's own run has been made, against a service that fails now and then."""
    cwd = tmp_path_factory.mktemp("observability")
    (loading,) = (command for command in COMMANDS if command.startswith("loadgen run"))
    with service("loadgen.demo") as demo:
        demo.fault(error_every=60)
        ended = run(loading.replace("http://127.0.0.1:8901", demo.url), cwd)
    assert ended.returncode in (ExitCode.OK, ExitCode.INVALID), ended.stderr
    assert "slowest requests by trace id" in ended.stdout
    return cwd


def own(command: str, cwd: Path) -> str:
    """Return a command of the page with the trace id that there is."""
    last = TraceStore(cwd / "results" / ".traces.jsonl").last()
    assert last is not None
    return command.replace("4bf92f35", last["trace_id"][:8])


def test_the_page_shows_every_question() -> None:
    assert len(COMMANDS) == PAGE.count("```console") == 8
    for option in ("debug-last", "--trace-id", "--by", "--errors --bin", "--durations", "--traceparent"):
        assert any(option in command for command in COMMANDS), option


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("loadgen run")])
def test_the_command_answers(place: Path, command: str) -> None:
    ended = run(own(command, place), place)

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip()


def test_a_failed_request_is_found_from_its_log_line(place: Path) -> None:
    lines = [json.loads(line) for line in (place / "traced" / "load.log").read_text().splitlines()]
    failed = [line["request_trace_id"] for line in lines if line["msg"] == "a failed request"]
    summary = json.loads((place / "traced" / "summary.json").read_text())
    found = loadgen("logs", "query", "traced", "--trace-id", failed[0], "--json", cwd=place)

    assert len(summary["slowest_requests"]) == 5
    (row,) = json.loads(found.stdout)["rows"]
    assert (row["request_trace_id"], row["fields"]["outcome"]) == (failed[0], "http_5xx")


def test_what_debug_last_shows_is_the_run_that_was_made(place: Path) -> None:
    shown = run("ENABLE_DEBUG_CMD=true loadgen debug-last", place).stdout

    assert "Command:  loadgen run" in shown
    assert str(place / "traced") in shown
    assert "✅ load" in shown
    assert loadgen("debug-last", cwd=place).returncode == ExitCode.USAGE
