"""Staging a night, and removing old ones."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.core.clock import utc_now
from reports.cli import report
from reports.loader.nightlies import nightly_name, read_nightlies
from tests.support.nightlies import validation, write

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(report, list(arguments), standalone_mode=False)


@pytest.fixture
def nights(tmp_path: Path) -> Path:
    """Nights of today, 44, 45, 46 and 400 days ago, with other files among them, in a directory of their own."""
    directory = tmp_path / "nightly"
    for back in (0, 44, 45, 46, 400):
        day = utc_now().date() - timedelta(days=back)
        write(directory, day, validation(day))
    (directory / "notes.txt").write_text("mine")
    (directory / "phase5-baseline.json").write_text("{}")
    (directory / "old").mkdir()
    return directory


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def name_of(back: int) -> str:
    return nightly_name(utc_now().date() - timedelta(days=back))


def keep(nights: Path, *arguments: str) -> Result:
    return invoke("retention", str(nights), "--baselines", str(nights.parent / "baseline"), *arguments)


def test_a_dry_run_comes_first_and_removes_nothing(nights: Path) -> None:
    before = names(nights)
    result = keep(nights)
    assert result.return_value == 0
    assert f"would remove {nights / name_of(46)}" in result.output
    assert "2 of 5 nightly files older than 45 days to remove; --apply removes them" in result.output
    assert names(nights) == before


def test_defect_15_old_nights_go_by_the_day_in_their_name(nights: Path) -> None:
    """The published script used the time of writing, aborted on Linux and removed nothing."""
    before = names(nights)
    assert keep(nights, "--apply").return_value == 0
    assert before - names(nights) == {name_of(46), name_of(400)}


def test_the_number_of_days_is_an_option(nights: Path) -> None:
    keep(nights, "--days", "10", "--apply")
    assert {name for name in names(nights) if name.startswith("phase5-2")} == {name_of(0)}


def test_what_a_baseline_links_to_is_kept(nights: Path) -> None:
    baselines = nights.parent / "baseline"
    baselines.mkdir()
    (baselines / "phase5-baseline.json").symlink_to(nights / name_of(400))
    result = keep(nights, "--apply")
    assert f"keep   {nights / name_of(400)} (a baseline needs it)" in result.output
    assert name_of(400) in names(nights)


def test_a_directory_of_baselines_loses_nothing(nights: Path) -> None:
    before = names(nights)
    invoke("retention", str(nights), "--baselines", str(nights), "--apply")
    assert names(nights) == before


def test_links_and_directories_are_never_removed(nights: Path) -> None:
    outside = nights.parent / "outside.json"
    outside.write_text("{}")
    (nights / name_of(100)).symlink_to(outside)
    (nights / name_of(101)).mkdir()
    result = keep(nights, "--apply")
    assert outside.exists()
    assert {name_of(100), name_of(101)} <= names(nights)
    assert result.output.count("(not a plain file)") == 2


def test_a_directory_that_is_none_is_one_message(tmp_path: Path) -> None:
    assert "cannot be read" in str(invoke("retention", str(tmp_path / "gone")).exception)


def test_a_validation_is_staged_under_its_own_day(tmp_path: Path) -> None:
    source = tmp_path / "phase5.json"
    source.write_text(json.dumps(validation(date(2026, 3, 1))))
    into = tmp_path / "results" / "nightly"
    result = invoke("stage", str(source), "--into", str(into))
    assert result.return_value == 0
    (night,) = read_nightlies(into)
    assert (night.name, night.status) == ("phase5-20260301.json", "pass")


def test_a_night_is_not_replaced_unasked(tmp_path: Path) -> None:
    source = tmp_path / "phase5.json"
    source.write_text(json.dumps(validation(date(2026, 3, 1))))
    arguments = ("stage", str(source), "--into", str(tmp_path / "n"), "--day", "20260302")
    assert invoke(*arguments).return_value == 0
    assert "is there already: give --replace" in str(invoke(*arguments).exception)
    assert invoke(*arguments, "--replace").return_value == 0


def test_a_service_that_was_not_reached_is_na_that_night(tmp_path: Path) -> None:
    assert invoke("stage", "--unreachable", "connection refused", "--into", str(tmp_path)).return_value == 0
    (night,) = read_nightlies(tmp_path)
    assert night.status == "na"
    assert night.day == utc_now().date()
    assert json.loads((tmp_path / night.name).read_text())["summary"]["overall_status"] == "na"


@pytest.mark.parametrize("text", ["", "{}", "[1]", "not json"])
def test_what_is_no_validation_is_not_staged(tmp_path: Path, text: str) -> None:
    source = tmp_path / "phase5.json"
    source.write_text(text)
    result = invoke("stage", str(source), "--into", str(tmp_path / "n"))
    assert result.exception is not None
    assert "phase5.json: " in str(result.exception)
    assert not (tmp_path / "n").exists()


def test_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "phase5.json"
    source.write_text(json.dumps(validation(date(2026, 3, 1))))
    assert "is no day" in str(invoke("stage", str(source), "--day", "20261301").exception)


def test_a_service_that_is_gone_later_does_not_take_the_night_back(tmp_path: Path) -> None:
    source = tmp_path / "phase5.json"
    source.write_text(json.dumps(validation(date(2026, 3, 1))))
    night = ("--into", str(tmp_path / "n"), "--day", "20260301")
    invoke("stage", str(source), *night)
    result = invoke("stage", "--unreachable", "connection refused", *night)
    assert result.return_value == 0
    assert result.output.startswith("kept: ")
    assert read_nightlies(tmp_path / "n")[0].status == "pass"
    again = invoke("stage", str(source), *night, "--replace")
    assert again.output.endswith("(replaced what the night had)\n")
