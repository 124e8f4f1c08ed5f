"""Every command of docs/LOAD_SHAPES.md works as it stands there and sends exactly what is said beside it."""

from __future__ import annotations

import json
import re
import shlex
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import ExitCode
from tests.support.processes import Service, loadgen, service

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

PAGE = (Path(__file__).parents[2] / "docs" / "LOAD_SHAPES.md").read_text()
SHOWN_URL = "http://127.0.0.1:8901"


@dataclass(frozen=True)
class Shown:
    """A command with the number of requests that the text after it states; None where it states none."""

    command: str
    requests: int | None

    def __str__(self) -> str:
        return self.command.replace(SHOWN_URL, "URL")


def shown_commands() -> list[Shown]:
    found = re.findall(r"```console\n(loadgen run [^\n]*)\n```\n\n(?:\*\*([\d,]+) requests\*\*)?", PAGE)
    return [Shown(command, int(count.replace(",", "")) if count else None) for command, count in found]


def shown_files() -> dict[str, str]:
    return dict(re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def null() -> Iterator[Service]:
    with service("loadgen.demo.null") as running:
        yield running


def test_the_page_has_a_command_for_every_option() -> None:
    commands = " ".join(shown.command for shown in shown_commands())
    options = (
        "--rate --stage --shape --start-at --requests --arrival --seed --closed --think-time --replay --speed --plan"
    )
    assert [option for option in [*options.split(), "--scenario"] if option not in commands] == []
    assert len(shown_commands()) == PAGE.count("```console")
    assert sorted(shown_files()) == ["access.log", "plan.toml", "trace.csv"]


def _run(shown: Shown, url: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    for name, text in shown_files().items():
        (cwd / name).write_text(text.replace(SHOWN_URL, url))
    arguments = shlex.split(shown.command.replace(SHOWN_URL, url))[1:]
    return loadgen(*arguments, "--json", "--quiet", "--out", "kept", cwd=cwd)


@pytest.fixture(scope="module")
def ran(
    null: Service, tmp_path_factory: pytest.TempPathFactory
) -> dict[Shown, tuple[subprocess.CompletedProcess[str], Path]]:
    """Every command of the page, four at a time: their counts, which are checked, do not mind."""
    places = {shown: tmp_path_factory.mktemp("shape") for shown in shown_commands()}
    with ThreadPoolExecutor(4) as pool:
        going = {shown: pool.submit(_run, shown, null.url, place) for shown, place in places.items()}
        return {shown: (run.result(), places[shown]) for shown, run in going.items()}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("shown", shown_commands(), ids=str)
def test_the_command_sends_what_the_page_says(
    ran: dict[Shown, tuple[subprocess.CompletedProcess[str], Path]], shown: Shown
) -> None:
    ended, place = ran[shown]

    # beside others on a busy machine the measurement may be INVALID; the schedule is exact all the same
    assert ended.returncode in (ExitCode.OK, ExitCode.INVALID), ended.stderr
    totals = json.loads(ended.stdout)["totals"]
    assert totals["scheduled"] == totals["sent"] == totals["done"]
    planned = json.loads((place / "kept" / "metadata.json").read_text())["planned_requests"]
    if shown.requests is None:
        assert totals["done"] == pytest.approx(80, abs=16), "the only command that states no number"
    else:
        assert totals["done"] == shown.requests
        closed = "--closed" in shown.command or "users" in shown.command
        assert planned == (None if closed else shown.requests)
