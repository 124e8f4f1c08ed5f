"""What `--help` says is true, and comes without reading the same thing twice."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import loadgen.cli.main
from loadgen.cli.main import LazyGroup

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import EntryPoint

LINE = re.compile(r"\s+")


def help_of(*command: str) -> str:
    """Return a command's help as one line."""
    result = CliRunner().invoke(loadgen.cli.main.loadgen, [*command, "--help"])
    assert result.exit_code == 0, result.output
    return LINE.sub(" ", result.output)


def test_the_list_of_commands_reads_the_installed_packages_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def no_plugins(group: str) -> Iterator[EntryPoint]:
        asked.append(group)
        return iter(())

    monkeypatch.setattr("importlib.metadata.entry_points", no_plugins)
    group = LazyGroup("loadgen")
    assert "Commands:" in CliRunner().invoke(group, ["--help"]).output
    assert asked == ["loadgen.commands"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("warmup", "--rate RATE Requests a second: 80, 0.5, 50/1s or 1000/m. [20]"),
        ("warmup", "--concurrency N Connections. [5]"),
        ("baseline", "--rate RATE Requests a second: 80, 0.5, 50/1s or 1000/m. [LOAD_RATE, 80]"),
        ("baseline", "recorded apart. [10m, but at most --interval; 0s for none]"),
        ("run", "recorded apart. [0s: none]"),
        ("capacity", "recorded apart. [0s: none]"),
        ("preflight", "--results, --out DIR Where run directories will go. [results]"),
    ],
)
def test_a_default_is_that_of_the_command_that_names_it(command: str, said: str) -> None:
    assert said in help_of(command)


def test_a_command_of_ours_starts_without_reading_what_is_installed() -> None:
    script = "import sys; from loadgen.cli.main import main; sys.argv = ['loadgen', 'status', '--help']\n"
    script += "try: main()\nexcept SystemExit: print('importlib.metadata' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    "command",
    [("alerts", "check"), ("report", "validate", "x"), ("report", "cache-audit"), ("report", "dashboard", "push")],
)
def test_a_timeout_has_a_unit_in_every_command(command: tuple[str, ...]) -> None:
    group = loadgen.cli.main.loadgen
    for text, told in (("5", "a bare number has no unit"), ("10m", "'10m': give 100ms to 300s")):
        result = CliRunner().invoke(group, [*command, "--timeout", text])
        assert (result.exit_code, told in result.output) == (2, True), result.output


@pytest.mark.parametrize("command", [("report", "rules"), ("report", "dashboard"), ("observe",)])
def test_a_metric_profile_is_called_so_in_every_command(command: tuple[str, ...]) -> None:
    assert "--metric-profile, " in help_of(*command)
