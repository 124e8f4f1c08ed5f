"""Every command of the page about reports works as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.golden import RUN
from tests.support.processes import clean_environment

PAGE = Path(__file__).parents[2] / "docs" / "REPORTS.md"


def shown_commands() -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_the_shown_commands_work(tmp_path: Path) -> None:
    commands = shown_commands()
    assert len(commands) == 6
    shutil.copytree(RUN, tmp_path / "results" / "phase5-dev-20261121-022528")
    for line in commands:
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(line)],
            cwd=tmp_path,
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert done.stdout
    assert {path.name for path in tmp_path.glob("report.*")} == {"report.md", "report.html", "report.json"}
    assert {path.name for path in tmp_path.glob("charts/*")} == {"latency.svg", "errors.svg"}
