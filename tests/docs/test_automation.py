"""Every command of docs/AUTOMATION.md works as it stands there, and its tables name what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from reports.loader.thresholds import bundled_text
from tests.support.processes import clean_environment, loadgen
from tests.support.workflows import workflows

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "AUTOMATION.md").read_text()
SHOWN = [line for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
MADE = ROOT / ".venv" / "bin" / "loadgen"


@pytest.mark.parametrize("line", [line for line in SHOWN if line.startswith("loadgen ")])
def test_a_command_works_as_it_stands_there(tmp_path: Path, line: str) -> None:
    (tmp_path / "thresholds.json").write_text(bundled_text())
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "service.yaml").write_text("ALLOW_UNSAFE_ADMIN: false\n")
    done = loadgen(*shlex.split(line)[1:], cwd=tmp_path)
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.stack
@pytest.mark.timeout(300)
@pytest.mark.skipif(not MADE.exists(), reason="make setup has not been run here")
@pytest.mark.parametrize("line", [line for line in SHOWN if line.startswith("make workflows ")])
def test_a_target_works_as_it_stands_there(line: str) -> None:
    """Without a name the night is run as well, which tests/automation does."""
    done = subprocess.run(
        [*shlex.split(line), "--no-print-directory", "--assume-old=.venv/.installed"], cwd=ROOT,
        env=clean_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "every step ended with 0"


def test_every_command_shown_is_one_of_those() -> None:
    assert [line for line in SHOWN if not line.startswith(("loadgen ", "make workflows"))] == []


def test_the_page_names_every_workflow_with_its_clock() -> None:
    for name, workflow in workflows().items():
        assert f"`{name}.yml`" in PAGE
        for cron in workflow.crons:
            minute, hour = cron.split()[:2]
            row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}.yml`"))
            assert f"{int(hour):02}:{int(minute):02}" in row


def test_the_page_names_every_variable_and_secret_that_the_workflows_read() -> None:
    text = "".join(workflow.text for workflow in workflows().values())
    names = set(re.findall(r"\b(?:vars|secrets)\.(\w+)", text))
    assert [name for name in sorted(names) if f"`{name}`" not in PAGE] == []


def test_the_page_names_every_manifest() -> None:
    for word in ("Job", "CronJob", "demo service", "settings", "volume", "network policy", "Containerfile"):
        assert word in PAGE


def test_the_summary_is_cut_before_github_refuses_it(tmp_path: Path) -> None:
    """A step may show 1 MiB; four long reports stay below it, and a file that is not there is no failure."""
    for at in range(4):
        (tmp_path / f"{at}.md").write_text("x" * 400_000)
    summary = tmp_path / "summary"
    subprocess.run(
        ["make", "--no-print-directory", "summary", f"FILES={tmp_path}/*.md {tmp_path}/none.txt"], cwd=ROOT, check=True,
        env=clean_environment({"GITHUB_STEP_SUMMARY": str(summary)}),
    )  # fmt: skip
    assert 4 * 250_000 <= summary.stat().st_size < 1024 * 1024
