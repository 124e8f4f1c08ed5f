"""Every command of docs/RUN_LIFE.md and docs/MESSAGES.md works as it stands there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.processes import Service, loadgen, service
from tests.support.runs import quick_run

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
SHOWN_URL = "http://127.0.0.1:8901"
RUN = "phase5-dev-20260301-120000"
CONDITIONAL = "report observation"
"""The checklist that the page shows has open points, and the exit code says so."""


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def commands(name: str) -> list[str]:
    blocks = re.findall(r"```console\n(.*?)```", page(name), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


@pytest.fixture(scope="module")
def demo() -> Iterator[Service]:
    with service("loadgen.demo") as running:
        yield running


def run(line: str, cwd: Path, url: str = SHOWN_URL) -> subprocess.CompletedProcess[str]:
    program, *arguments = shlex.split(line.replace(SHOWN_URL, url))
    assert program == "loadgen"
    return loadgen(*arguments, cwd=cwd, timeout_s=60)


@pytest.mark.stack
@pytest.mark.timeout(180)
def test_the_commands_of_the_life_of_a_run_work_in_their_order(tmp_path: Path, demo: Service) -> None:
    quick_run().write(tmp_path / "results" / RUN)
    checklist = re.search(r"```toml\n(.*?)```", page("RUN_LIFE.md"), re.DOTALL)
    assert checklist is not None
    (tmp_path / "ops-checklist.toml").write_text(checklist[1])
    for line in commands("RUN_LIFE.md"):
        ended = run(line, tmp_path, demo.url)
        expected = 3 if CONDITIONAL in line else 0
        assert ended.returncode == expected, f"{line}\n{ended.stdout}\n{ended.stderr}"
    assert (tmp_path / "environment.md").exists()
    assert (tmp_path / "kept" / f"{RUN}.tar.gz").exists()
    assert (tmp_path / "restored" / "results" / RUN / "metadata.json").exists()


@pytest.mark.timeout(60)
def test_the_commands_of_messages_work(tmp_path: Path) -> None:
    quick_run().write(tmp_path / "results" / RUN)
    quick_run().write(tmp_path / "first-run")
    for line in commands("MESSAGES.md"):
        ended = run(line, tmp_path)
        assert ended.returncode == 0, f"{line}\n{ended.stdout}\n{ended.stderr}"


def test_every_variable_of_messages_is_one_that_is_read() -> None:
    from loadgen.notify.channel import NAMES

    table = page("MESSAGES.md").split("## Alerts")[1]
    assert set(re.findall(r"`([A-Z_]{6,})`", table)) == set(NAMES)
