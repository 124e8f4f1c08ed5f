"""A run's report in a longer document: once, with a checklist, and nothing else touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.core.errors import InputError, LoadgenError
from reports.analysis.appended import Change, MarkerError, Section, appended
from reports.cli import report
from reports.loader.newest import newest_run
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

AT = datetime(2026, 3, 1, 14, 0, tzinfo=UTC)
SECTION = Section("run-1", "Production Baseline (Real Data)", ((True, "Verdict GO"),), "# Title\n\n## Part\n\ntext\n")


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(report, ["append", *arguments], standalone_mode=False)


def test_a_section_has_its_title_time_checklist_and_report_two_levels_down() -> None:
    text, change = appended("# Doc\n", SECTION, AT)
    assert change is Change.ADDED
    lines = [line for line in text.splitlines() if line and not line.startswith("<!--")]
    assert lines == [
        "# Doc", "## Production Baseline (Real Data) – Appended 2026-03-01T14:00:00.000Z", "Run: `run-1`",
        "- [x] Verdict GO", "### Title", "#### Part", "text",
    ]  # fmt: skip


def test_the_same_report_is_appended_once() -> None:
    once, _ = appended("# Doc\n", SECTION, AT)
    again, change = appended(once, SECTION, AT + timedelta(days=1))
    assert (again, change) == (once, Change.UNCHANGED)


def test_a_report_that_was_only_made_again_is_the_same_report() -> None:
    first = Section("run-1", "T", (), "**Generated (UTC):** 2026-03-01T14:00:00.000Z  \nbody\n")
    second = Section("run-1", "T", (), "**Generated (UTC):** 2026-03-02T14:00:00.000Z  \nbody\n")
    once, _ = appended("", first, AT)
    assert appended(once, second, AT)[1] is Change.UNCHANGED


def test_a_run_that_was_judged_anew_replaces_its_section_and_no_other() -> None:
    other = Section("run-2", "Other", (), "other\n")
    text = appended(appended("# Doc\n", SECTION, AT)[0], other, AT)[0] + "\nA note of ours.\n"
    anew = Section("run-1", SECTION.title, ((False, "Verdict GO"),), "# Title\n\nworse\n")
    replaced, change = appended(text, anew, AT)
    assert change is Change.REPLACED
    assert "worse" in replaced
    assert "#### Part" not in replaced
    assert replaced.endswith("\nA note of ours.\n")
    assert replaced.index("run-1") < replaced.index("run-2")
    assert appended(replaced, anew, AT)[1] is Change.UNCHANGED


@pytest.mark.parametrize("damage", ["end", "twice"])
def test_markers_that_do_not_fit_together_are_told(damage: str) -> None:
    text, _ = appended("# Doc\n", SECTION, AT)
    broken = text.replace("<!-- loadgen end run-1 -->", "") if damage == "end" else text + text
    with pytest.raises(MarkerError, match=r"the section of run-1 .*: mend or remove its markers"):
        appended(broken, SECTION, AT)


def test_a_run_directory_is_appended_and_the_document_created(tmp_path: Path) -> None:
    place = RunOnDisk().write(tmp_path / "phase5-prod-20260301-120000")
    target = tmp_path / "docs" / "COMPLETION.md"
    assert invoke(str(place), "--target", str(target)).return_value == 0
    text = target.read_text()
    assert text.startswith("# Phase 5 Completion Report\n\n<!-- loadgen run phase5-prod-20260301-120000 ")
    assert "## Production Baseline (Real Data) – Appended " in text
    own = text.split("### Production Report: ")[0]
    items = [line for line in own.splitlines() if line.startswith("- [")]
    assert len(items) == 6
    assert all(item.startswith("- [x]") for item in items)
    assert items[0] == "- [x] Verdict GO"
    before = target.read_bytes()
    assert invoke(str(place), "--target", str(target)).output.endswith("already there, nothing changed\n")
    assert target.read_bytes() == before


def test_a_run_outside_production_is_no_production_baseline(tmp_path: Path) -> None:
    target = tmp_path / "doc.md"
    invoke(str(quick_run(profile="staging", environment="staging").write(tmp_path / "run")), "--target", str(target))
    assert "## Run in “staging” (Not a Production Baseline) – Appended " in target.read_text()
    assert "- [ ] Real data of production" in target.read_text()


def test_a_report_file_may_be_named_as_well(tmp_path: Path) -> None:
    """The published script took a directory, its guide named a file: both work."""
    place = RunOnDisk().write(tmp_path / "phase5-prod-20260301-120000")
    CliRunner().invoke(report, ["production", str(place), "-o", str(place / "production-report.md")])
    target = tmp_path / "doc.md"
    assert invoke(str(place / "production-report.md"), "--target", str(target)).return_value == 0
    assert invoke(str(place), "--target", str(target)).output.endswith("already there, nothing changed\n")


def test_a_report_file_alone_leaves_every_item_open(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text("# Production Report: run-7\n\ntext\n")
    target = tmp_path / "doc.md"
    invoke(str(tmp_path / "report.md"), "--target", str(target))
    assert target.read_text().count("- [ ]") == 6
    assert "<!-- loadgen end run-7 -->" in target.read_text()


def test_a_file_that_is_no_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("# Notes\n")
    result = invoke(str(tmp_path / "notes.md"), "--target", str(tmp_path / "doc.md"))
    assert isinstance(result.exception, InputError)
    assert not (tmp_path / "doc.md").exists()


def test_what_others_wrote_is_kept_to_the_byte(tmp_path: Path) -> None:
    target = tmp_path / "doc.md"
    ours = b"# Ours\r\n\r\npassword=not-yours-to-mask\r\n"
    target.write_bytes(ours)
    invoke(str(quick_run().write(tmp_path / "run")), "--target", str(target))
    assert target.read_bytes().startswith(ours)


def test_a_document_that_is_no_text_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "doc.md"
    target.write_bytes(b"\xff\xfe\x00")
    result = invoke(str(quick_run().write(tmp_path / "run")), "--target", str(target))
    assert isinstance(result.exception, LoadgenError)
    assert target.read_bytes() == b"\xff\xfe\x00"


def test_the_newest_run_is_the_one_with_the_latest_time_in_its_name(tmp_path: Path) -> None:
    names = ["phase5-prod-20260301-120000", "phase5-dev-20260302-080000", "phase5-dev-20260302-080000-2", "nightly"]
    for name in names:
        (tmp_path / name).mkdir()
    assert newest_run(tmp_path).name == "phase5-dev-20260302-080000-2"
    with pytest.raises(InputError, match="there is no run directory below"):
        newest_run(tmp_path / "empty")
