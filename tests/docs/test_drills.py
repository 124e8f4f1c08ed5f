"""Every command of docs/DRILLS.md works as it stands there, each on a service of its own."""

from __future__ import annotations

import json
import re
import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from loadgen.cli.drill import drill
from loadgen.cli.drill_incidents import redis_disconnect
from tests.support.processes import loadgen, service

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from concurrent.futures import Future

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "DRILLS.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[subprocess.CompletedProcess[str]]]]:
    """Hold every drill; the address of the service is the one thing that is given beside the words of the page."""
    cwd = tmp_path_factory.mktemp("drills")

    def hold(line: str) -> subprocess.CompletedProcess[str]:
        words = shlex.split(line)[1:]
        if "--demo" in words:
            return loadgen(*words, cwd=cwd, timeout_s=150)
        with service("loadgen.demo", env={"CACHE_IMPL": "redis"}) as demo:
            return loadgen(*words, cwd=cwd, env={"LOAD_BASE_URL": demo.url}, timeout_s=150)

    with ThreadPoolExecutor(5) as pool:
        yield {line: pool.submit(hold, line) for line in COMMANDS}


@pytest.mark.stack
@pytest.mark.timeout(240)
@pytest.mark.parametrize("line", COMMANDS)
def test_a_shown_drill_moves_everything_and_it_comes_back(
    held: dict[str, Future[subprocess.CompletedProcess[str]]], line: str
) -> None:
    ended = held[line].result()

    assert ended.returncode == 0, ended.stdout + ended.stderr
    if "--json" in line:
        assert json.loads(ended.stdout)["passed"] is True
    else:
        assert ended.stdout.splitlines()[-1] == "PASS: everything moved and came back"
    assert "drill: undone: " in ended.stderr


def test_every_incident_and_every_way_is_on_the_page() -> None:
    context = click.Context(drill)
    incidents = [name for name in drill.list_commands(context) if _is_incident(context, name)]
    how = next(option for option in redis_disconnect.params if option.name == "how")
    assert isinstance(how.type, click.Choice)

    assert len(incidents) == 7
    assert [name for name in incidents if f"loadgen drill {name}" not in PAGE] == []
    assert [way for way in how.type.choices if f"`{way}`" not in PAGE] == []


def _is_incident(context: click.Context, name: str) -> bool:
    command = drill.get_command(context, name)
    assert command is not None
    assert command.callback is not None
    return command.callback.__module__ == redis_disconnect.callback.__module__
