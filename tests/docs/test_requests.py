"""Every command of docs/REQUESTS.md works as it stands there, with the counts that are said beside it."""

from __future__ import annotations

import json
import re
import shlex
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.errors import ExitCode
from loadgen.core.template import parse_template
from tests.support.processes import Service, loadgen, service

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

PAGE = (Path(__file__).parents[2] / "docs" / "REQUESTS.md").read_text()
SHOWN_URL = "http://127.0.0.1:8901"


@dataclass(frozen=True)
class Shown:
    """A command with the count that the text after it states, and of what."""

    command: str
    count: int
    outcome: str

    def __str__(self) -> str:
        return self.command.replace(SHOWN_URL, "URL")


def shown_commands() -> list[Shown]:
    found = re.findall(r"```console\n(loadgen run [^\n]*)\n```\n\n\*\*(\d+) ([^*]+)\*\*", PAGE)
    return [Shown(command, int(count), outcome) for command, count, outcome in found]


def shown_files() -> dict[str, str]:
    return dict(re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))


@pytest.fixture(scope="module")
def demo() -> Iterator[Service]:
    with service("loadgen.demo") as running:
        yield running


def test_the_page_has_a_command_for_every_option_and_an_example_of_every_field() -> None:
    commands = " ".join(shown.command for shown in shown_commands())
    options = "--feeder --expect --compressed --follow --cookies --plan --scenario --header --body"
    assert [option for option in options.split() if option not in commands] == []
    assert len(shown_commands()) == PAGE.count("```console")
    assert sorted(shown_files()) == ["people.jsonl", "plan.toml", "users.csv"]
    table = re.findall(r"^\| `(\$\{.*?\})` \|", PAGE, re.MULTILINE)
    shown = {"START": "1", "STEP": "2", "LOW": "1", "HIGH": "2", "LENGTH": "8", "UNIT": "iso", "\\": ""}
    for text in table:
        for word, value in shown.items():
            text = text.replace(word, value)
        assert len(parse_template(text)) == 1
    assert len(table) == 8


def _run(shown: Shown, url: str, cwd: Path) -> tuple[int, dict[str, Any], str]:
    for name, text in shown_files().items():
        (cwd / name).write_text(text.replace(SHOWN_URL, url))
    arguments = shlex.split(shown.command.replace(SHOWN_URL, url))[1:]
    ended = loadgen(*arguments, "--json", "--quiet", cwd=cwd)
    return ended.returncode, json.loads(ended.stdout or "{}"), ended.stderr


@pytest.fixture(scope="module")
def ran(demo: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[Shown, tuple[int, dict[str, Any], str]]:
    """Every command of the page, four at a time: their counts, which are checked, do not mind."""
    with ThreadPoolExecutor(4) as pool:
        going = {
            shown: pool.submit(_run, shown, demo.url, tmp_path_factory.mktemp("page")) for shown in shown_commands()
        }
        return {shown: run.result() for shown, run in going.items()}


@pytest.mark.timeout(240)
@pytest.mark.parametrize("shown", shown_commands(), ids=str)
def test_the_command_does_what_the_page_says(ran: dict[Shown, tuple[int, dict[str, Any], str]], shown: Shown) -> None:
    code, summary, said = ran[shown]

    # beside others on a busy machine the measurement may be INVALID; what is sent is exact all the same
    assert code in (ExitCode.OK, ExitCode.INVALID), said
    outcome = "ok" if shown.outcome == "done" else shown.outcome
    assert {label: count for label, count in summary["outcomes"].items() if count} == {outcome: shown.count}
    if "--follow" in shown.command or "sessions" in shown.command:
        assert summary["redirects"] == {"1": shown.count}
    if shown.command.endswith("plan.toml"):
        assert 30 <= summary["endpoints"]["read"]["done"] <= 57
