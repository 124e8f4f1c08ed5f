"""What the make targets run is what the command understands."""

from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import click
import pytest

from loadgen.cli.main import loadgen
from tests.support.processes import clean_environment

ROOT = Path(__file__).parents[2]
TARGETS = (
    "baseline", "staging", "capacity", "warmup", "extended", "fallback-scenario", "preflight", "nightly", "demo",
    "report",
)  # fmt: skip


@pytest.mark.parametrize("base_url", ["", "http://127.0.0.1:1"], ids=["the demo service", "a target"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_target_gives_only_options_that_its_command_has(target: str, base_url: str) -> None:
    dry = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "ENV_FILE=/dev/null", "DIR=.", target],
        cwd=ROOT, env=clean_environment({"LOAD_BASE_URL": base_url}), capture_output=True, text=True, check=True,
    )  # fmt: skip

    recipe = next(line for line in dry.stdout.replace("\\\n", " ").splitlines() if ".venv/bin/loadgen " in line)
    _, *arguments = shlex.split(recipe.partition(";")[0])

    command: click.Command | None = loadgen
    with click.Context(loadgen) as context:
        while isinstance(command, click.Group):
            _, command, arguments = command.resolve_command(context, arguments)
        assert command is not None
        command.make_context(target, list(arguments), parent=context)


@pytest.mark.skipif(not (ROOT / ".venv" / "bin" / "loadgen").exists(), reason="make setup has not been run here")
def test_a_failure_is_told_with_its_meaning() -> None:
    failed = subprocess.run(
        ["make", "--no-print-directory", "--assume-old=.venv/.installed", "preflight", "ARGS=--rate 0"],
        cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert failed.returncode == 2
    assert "loadgen exit 2 (usage, configuration or tool error)" in failed.stderr
