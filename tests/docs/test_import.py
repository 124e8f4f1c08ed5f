"""Every command of docs/IMPORT.md works as it stands there, in its order."""

from __future__ import annotations

import json
import re
import shlex
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import ExitCode
from tests.support.processes import Service, loadgen, service

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).parents[2] / "docs" / "IMPORT.md").read_text()
SHOWN_URL = "http://127.0.0.1:8901"
TARGETS = {
    "login.toml": [("GET", "/api/v2/hello", 1), ("GET", "/livez", 2)],
    "page.toml": [("GET", "/livez", 2), ("GET", "/readyz", 1)],
    "read.toml": [("GET", "/api/data/alpha", 1)],
    "all.toml": [("GET", "/api/data/alpha", 1), ("POST", "/api/snapshots", 1)],
}


@pytest.fixture(scope="module")
def demo() -> Iterator[Service]:
    with service("loadgen.demo") as running:
        yield running


def shown_files() -> dict[str, str]:
    return dict(re.findall(r"^`([\w.]+)`(?:(?!\n\n).)*\n\n```\w+\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))


def shown_commands() -> list[str]:
    return [line for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]


def test_the_page_shows_a_file_for_every_source() -> None:
    assert sorted(shown_files()) == ["login.curl", "page.har", "service.yaml"]
    assert len(shown_commands()) == 8


@pytest.mark.stack
@pytest.mark.timeout(120)
def test_the_commands_make_the_plans_and_the_plans_are_sent(demo: Service, tmp_path: Path) -> None:
    for name, text in shown_files().items():
        (tmp_path / name).write_text(text.replace(SHOWN_URL, demo.url))
    for line in shown_commands():
        arguments = shlex.split(line.replace(SHOWN_URL, demo.url))[1:]
        more = ("--json", "--quiet") if arguments[0] == "run" else ()
        ended = loadgen(*arguments, *more, cwd=tmp_path)

        assert ended.returncode in (ExitCode.OK, ExitCode.INVALID), ended.stderr
        if arguments[0] == "run":
            totals = json.loads(ended.stdout)["totals"]
            assert (totals["scheduled"], totals["done"]) == (30, 30), ended.stderr

    for name, targets in TARGETS.items():
        plan = tomllib.loads((tmp_path / name).read_text())
        assert plan["base_url"] == demo.url
        found = [(one.get("method", "GET"), one["url"], one.get("weight", 1)) for one in plan["target"]]
        assert found == targets
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert "abc" not in (tmp_path / "login.toml").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("curl", "nowhere"), "FILE = 'nowhere': cannot be read: No such file or directory"),
        (("curl", "binary"), "FILE = 'binary': is not UTF-8 text"),
        (("har", "text"), "HAR = 'text': is not JSON"),
        (("openapi", "open"), "OpenAPI = 'open': is neither JSON nor YAML"),
        (("curl", "good", "--keep-credentials"), "--keep-credentials: needs --out: credentials are not printed"),
        (("curl", "good", "-o", "text"), "--out = 'text': exists: name another file, or give --force"),
        (("curl", "good", "-o", "no/where"), "--out = 'no/where': cannot be written: No such file or directory"),
        (("curl", "trace"), "plan: target 1.method = 'TRACE': not a method"),
    ],
)
def test_bad_input_is_one_clear_message(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "text").write_text("hello")
    (tmp_path / "open").write_text("a: [")
    (tmp_path / "good").write_text("curl http://h/")
    (tmp_path / "trace").write_text("curl -X TRACE http://h/")

    ended = loadgen("import", *arguments, cwd=tmp_path)

    assert ended.returncode == ExitCode.USAGE
    assert message in ended.stderr
    assert (tmp_path / "text").read_text() == "hello"


def test_credentials_are_kept_when_asked_for_and_force_replaces(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("curl -H 'X-Api-Key: k1' http://h/")
    (tmp_path / "plan.toml").write_text("old")

    ended = loadgen("import", "curl", "one", "--keep-credentials", "--force", "-o", "plan.toml", cwd=tmp_path)

    assert ended.returncode == 0, ended.stderr
    assert tomllib.loads((tmp_path / "plan.toml").read_text())["target"][0]["headers"] == {"X-Api-Key": "k1"}
    assert stat.S_IMODE((tmp_path / "plan.toml").stat().st_mode) == 0o600
