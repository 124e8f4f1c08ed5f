"""Every command that the README shows works as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import clean_environment

ROOT = Path(__file__).parents[2]
PORT = "8901"

ELSEWHERE = {
    "git clone <this repository> loadgen && cd loadgen": "tests/docs/test_fresh_clone.py",
    "make baseline": "tests/docs/test_fresh_clone.py",
    "source .venv/bin/activate": "tests/docs/test_fresh_clone.py",
    "cp .env.phase5.template .env.phase5 && chmod 600 .env.phase5": "tests/docs/test_fresh_clone.py",
    "$EDITOR .env.phase5": "a person",
    "loadgen preflight --profile production": "tests/docs/test_fresh_clone.py",
}
"""Lines of the README that another test runs, because they need a clone of their own or a person."""


def shown_commands() -> list[str]:
    """Return the lines of every console block."""
    blocks = re.findall(r"```console\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def test_every_shown_command_is_run_somewhere() -> None:
    unknown = [line for line in shown_commands() if line not in ELSEWHERE and not line.startswith("loadgen ")]
    assert unknown == []
    assert all((ROOT / place).exists() for place in ELSEWHERE.values() if place.startswith("tests/"))


@pytest.mark.stack
@pytest.mark.timeout(120)
def test_the_commands_to_try_work_in_the_order_shown(tmp_path: Path) -> None:
    """The port alone is another one, so that whatever runs on this machine is left in peace."""
    lines = [line for line in shown_commands() if line.startswith("loadgen ") and line not in ELSEWHERE]
    demo_line, *others = lines
    command = [sys.executable, "-u", "-m", *shlex.split(demo_line.replace(PORT, "0"))]
    demo = subprocess.Popen(command, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True)
    try:
        assert demo.stdout is not None
        told = re.search(r"http://127\.0\.0\.1:(\d+)", demo.stdout.readline())
        assert told is not None
        for line in others:
            done = subprocess.run(
                [sys.executable, "-m", *shlex.split(line.replace(PORT, told[1]))],
                cwd=tmp_path,
                env=clean_environment(),
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                timeout=60,
                check=False,
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    finally:
        demo.terminate()
        demo.communicate(timeout=10)
