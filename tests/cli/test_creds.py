"""`loadgen creds scan` as a command: its lines, its JSON and its exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from click.testing import CliRunner

from loadgen.cli.creds import creds
from loadgen.core.errors import ExitCode, InputError

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from click.testing import Result

TOKEN = "gh" + "p_" + "0123456789abcdefghijABCDEFGHIJ012345"


def scan(*arguments: object) -> Result:
    return CliRunner().invoke(creds, ["scan", *map(str, arguments)], standalone_mode=False)


def test_a_secret_ends_with_1_and_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(f"first\n{TOKEN}\n")
    result = scan(tmp_path)
    assert result.return_value is ExitCode.NO_GO
    assert result.stdout == f"{tmp_path}/a.txt:2: GitHub token\n"
    assert result.stderr == "1 file, 1 secret, 0 lines marked not-a-secret\n"


def test_nothing_found_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("plain\n")
    monkeypatch.chdir(tmp_path)
    result = scan()
    assert result.return_value is ExitCode.OK
    assert result.stdout == "1 file, 0 secrets, 0 lines marked not-a-secret\n"


def test_json_has_places_and_kinds(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TOKEN)
    result = scan(tmp_path, "--json")
    place = str(tmp_path / "a.txt")
    body = {
        "files": 1,
        "passed_over": 0,
        "allowed": 0,
        "findings": [{"file": place, "line": 1, "kind": "GitHub token"}],
    }
    assert json.loads(result.stdout) == body
    assert TOKEN not in result.output


def test_every_path_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = scan(tmp_path / "one", tmp_path / "two")
    assert isinstance(result.exception, InputError)
    assert len(result.exception.problems) == 2
