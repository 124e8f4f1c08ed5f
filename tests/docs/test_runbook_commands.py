"""Every command of the runbooks, of the quick reference and of the drills works as it stands there."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.cli.main import loadgen
from tests.support.documents import DOCS, SHOWN_RUN, SHOWN_URL, Shown, all_commands, blocks
from tests.support.golden import GOLDEN
from tests.support.processes import clean_environment, service

if TYPE_CHECKING:
    from pathlib import Path

ELSEWHERE = {"loadgen selftest --duration 1s": "tests/docs/test_validity.py"}
"""Commands that another test runs, because they take long."""
AFTER = {"tail -n 2 look/metrics.csv": "loadgen observe"}
"""Commands that read what another one of the same page wrote."""


def lay_out(directory: Path) -> None:
    """Put what the commands read into a directory: the run that tripped, an answers file, settings with a secret."""
    shutil.copytree(GOLDEN / "demo-tripped", directory / "results" / SHOWN_RUN)
    (answers,) = blocks(DOCS / "TABLETOP-DRILL-01.md", "toml")
    (directory / "drill-answers.toml").write_text(answers)
    (directory / ".env.phase5").write_text("LOAD_RATE=80\nPROD_JWT=not-a-real-token-1234\n")


def run_in_process(line: str) -> tuple[int, str]:
    """Run a command of ours in this process, which saves the start of an interpreter for each of them."""
    result = CliRunner().invoke(loadgen, shlex.split(line)[1:], standalone_mode=False, catch_exceptions=False)
    return (result.return_value or 0) if result.exit_code == 0 else result.exit_code, result.output


def run_in_shell(line: str, directory: Path, url: str = SHOWN_URL) -> tuple[int, str]:
    programs = {"loadgen ": f"{sys.executable} -m loadgen ", "python ": f"{sys.executable} "}
    for name, program in programs.items():
        if line.startswith(name):
            line = program + line.removeprefix(name)
    done = subprocess.run(
        ["sh", "-c", line.replace(SHOWN_URL, url)], cwd=directory, env=clean_environment(), capture_output=True,
        text=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def alone(shown: Shown) -> bool:
    """Say whether a command needs neither the service nor another test."""
    return not shown.asks_the_service and shown.line not in ELSEWHERE and shown.line not in AFTER


def test_the_commands_that_need_no_service_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.chdir(tmp_path)
    ran = [shown for shown in all_commands() if alone(shown)]
    for shown in ran:
        ours = shown.line.startswith("loadgen ")
        code, said = run_in_process(shown.line) if ours else run_in_shell(shown.line, tmp_path)
        assert code == shown.exit_code, f"{shown.page}: {shown.line}\n{said}"
        assert said or shown.exit_code, f"{shown.page}: {shown.line} says nothing"
    assert len(ran) > 25
    assert "not-a-real-token" not in (tmp_path / ".env.phase5").read_text()


@pytest.mark.stack
@pytest.mark.timeout(240)
def test_the_commands_that_ask_the_service_work(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with service("loadgen.demo") as demo:
        for key in range(30):
            demo.text(f"/api/data/user:{key % 3}")
        for shown in all_commands():
            if alone(shown) or shown.line in ELSEWHERE:
                continue
            code, said = run_in_shell(shown.line, tmp_path, demo.url)
            assert code == shown.exit_code, f"{shown.page}: {shown.line}\n{said}"


def test_commands_that_are_run_elsewhere_are_shown_there_as_well() -> None:
    for line, place in ELSEWHERE.items():
        assert (DOCS.parent / place).is_file()
        assert line in (DOCS / "VALIDITY.md").read_text()
