"""The closing round of a run: every step, in order, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.testing import CliRunner

from reports.cli import report
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from click.testing import Result

NAME = "phase5-prod-20260301-120000"


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(report, ["complete", *arguments], standalone_mode=False)


def test_a_go_is_reported_appended_and_archived_in_this_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    RunOnDisk().write(tmp_path / "results" / NAME)
    result = invoke("--read-only")
    assert result.return_value == 0, result.output
    steps = [line.removeprefix("--- ") for line in result.output.splitlines() if line.startswith("--- ")]
    assert steps == ["production", "recommend", "append", "archive"]
    for name in ("production-report.md", "report.html"):
        assert (tmp_path / "results" / NAME / name).exists()
    assert NAME in (tmp_path / "docs" / "PHASE5_COMPLETION_REPORT.md").read_text()
    archive = tmp_path / "final-artifacts" / f"{NAME}.tar.gz"
    assert archive.stat().st_mode & 0o222 == 0
    assert result.output.splitlines()[-1] == f"complete: {NAME}, exit code 0 (ok or GO)"


def test_a_run_that_is_closed_again_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    RunOnDisk().write(tmp_path / "results" / NAME)
    invoke()
    draft = tmp_path / "docs" / "phase5" / "SLO_DRAFT.md"
    draft.write_text(draft.read_text() + "edited\n")
    again = invoke()
    assert draft.read_text().endswith("edited\n")
    assert again.return_value == 0, again.output
    assert "already there, nothing changed" in again.output
    assert "already there, unchanged" in again.output


def test_the_exit_code_is_the_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = quick_run(errors_5xx=30).write(tmp_path / "run")
    assert invoke(str(place)).return_value == 1
    assert (tmp_path / "final-artifacts" / "run.tar.gz").exists()


def test_a_step_that_cannot_be_done_is_told_and_the_others_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    place = RunOnDisk().write(tmp_path / NAME)
    (tmp_path / "docs").write_text("a file where a directory is wanted")
    result = invoke(str(place))
    assert result.return_value == 2
    assert "append: 1 problem" in result.stderr
    assert "'docs/PHASE5_COMPLETION_REPORT.md': cannot be read" in result.stderr
    assert (tmp_path / "final-artifacts" / f"{NAME}.tar.gz").exists()
