"""Every command of docs/LOAD_SHAPES.md works as it stands there and sends exactly what is said beside it."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import Service, loadgen, service

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@pytest.mark.parametrize("shown", shown_commands(), ids=str)
def test_the_command_sends_what_the_page_says(null: Service, tmp_path: Path, shown: Shown) -> None:
    for name, text in shown_files().items():
        (tmp_path / name).write_text(text.replace(SHOWN_URL, null.url))
    arguments = shlex.split(shown.command.replace(SHOWN_URL, null.url))[1:]

    ended = loadgen(*arguments, "--json", "--quiet", "--out", "kept", cwd=tmp_path)

    assert ended.returncode == 0, ended.stderr
    totals = json.loads(ended.stdout)["totals"]
    assert totals["scheduled"] == totals["sent"] == totals["done"]
    planned = json.loads((tmp_path / "kept" / "metadata.json").read_text())["planned_requests"]
    if shown.requests is None:
        assert totals["done"] == pytest.approx(80, abs=16), "the only command that states no number"
    else:
        assert totals["done"] == shown.requests
        assert planned == (None if "--closed" in arguments or "users" in arguments else shown.requests)
