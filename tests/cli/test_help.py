"""What `--help` says is true, and comes without reading the same thing twice."""

from __future__ import annotations

import re
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

    monkeypatch.setattr("loadgen.cli.main.entry_points", no_plugins)
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
