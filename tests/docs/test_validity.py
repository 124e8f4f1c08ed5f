"""docs/VALIDITY.md states the limits that are in the code, and its command ends as it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from loadgen.core.units import format_duration
from loadgen.run.validity import LIMITS
from tests.support.processes import loadgen, service

PAGE = (Path(__file__).parents[2] / "docs" / "VALIDITY.md").read_text()


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return "never"
    if name.endswith("_ns"):
        return re.sub(r"(?<=\d)(?=[a-z])", " ", format_duration(int(value)), count=1)
    return f"{100 * value:g} %" if name.endswith("_share") else f"{value:g}"


def test_the_table_is_that_of_the_code() -> None:
    rows = [row for line in PAGE.splitlines() if (row := [cell.strip(" `") for cell in line.split("|")[1:-1]])]
    table = {row[0]: row[1:] for row in rows if len(row) == 4 and row[0] in LIMITS}

    assert table == {
        name: [_shown(name, limit.degraded), _shown(name, limit.invalid), limit.reason]
        for name, limit in LIMITS.items()
    }


@pytest.mark.stack
def test_the_floor_is_measured_and_every_summary_compares_itself_with_it(tmp_path: Path) -> None:
    (command,) = re.findall(r"```console\nloadgen (selftest .*)\n```", PAGE)
    state = {"XDG_STATE_HOME": str(tmp_path / "state")}
    tries = (loadgen(*shlex.split(command), cwd=tmp_path, env=state) for _ in range(3))
    measured = next((tried for tried in tries if tried.returncode == 0), None)  # a busy machine may have no floor
    with service("loadgen.demo.null", "--delay-ms", "300") as slow:
        asked = ("run", slow.url, "--rate", "40", "--duration", "1s", "-q")
        result = loadgen(*asked, cwd=tmp_path, env=state)
        without = loadgen(*asked, cwd=tmp_path, env={"XDG_STATE_HOME": str(tmp_path)})

    assert measured is not None
    for figure in ("80/s", "1000/s", "lag p99", "one worker does at most", "timer ", "hot path "):
        assert figure in measured.stdout
    assert f"kept in {tmp_path / 'state' / 'loadgen' / 'floor.json'}" in measured.stdout
    assert re.search(r"^  p50 is [\d.]+ × and p99 [\d.]+ × the floor of this generator", result.stdout, re.MULTILINE)
    assert "floor not measured: run loadgen selftest" in without.stdout


@pytest.mark.stack
def test_the_command_ends_with_exit_code_5_and_says_why(tmp_path: Path) -> None:
    (command,) = re.findall(r"```console\nloadgen (run .*)\n```", PAGE)
    with service("loadgen.demo.null") as null:
        arguments = shlex.split(command.replace("http://127.0.0.1:8901", null.url))
        result = loadgen(*arguments, cwd=tmp_path)

    assert result.returncode == 5, result.stdout + result.stderr
    assert re.search(r"^  overloaded [\d.]+ %, limit 20 %", result.stdout, re.MULTILINE)
