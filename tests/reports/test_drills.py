"""Drills as evidence of readiness: fresh and passed ones count, and no checklist outvotes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import orjson
import pytest
from click.testing import CliRunner

from loadgen.core.clock import utc_now
from loadgen.core.errors import InputError
from reports.analysis.drills import weigh
from reports.analysis.operational import operational
from reports.cli import report
from reports.model.checklist import Answer, Checklist, Drill
from tests.support.runs import quick_run
from tests.support.tabletop import HELD, held_drill

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from loadgen.core.drill_record import DrillRecord

YES = Answer(True, "seen")
ALL_YES = Checklist("check.toml", YES, YES, YES, tuple(Drill(f"d{number}", True, "x") for number in range(6)))
NOW = HELD + timedelta(days=10)


def points(*records: DrillRecord, checklist: Checklist = ALL_YES) -> dict[str, tuple[bool | None, str]]:
    return {point.key: (point.earned, point.reason) for point in operational(checklist, weigh(records, NOW))}


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(report, ["observation", *arguments], standalone_mode=False)


@pytest.mark.parametrize(
    ("passed", "earned", "grade"), [(6, True, "A+"), (5, True, "A"), (4, False, "B"), (2, False, "F")]
)
def test_five_of_six_criteria_earn_the_point(passed: int, earned: bool, grade: str) -> None:
    assert points(held_drill(passed))["drills"] == (earned, f"drill 01: {passed} of 6, grade {grade}, 10 days ago")


@pytest.mark.parametrize(("age", "earned"), [(0, True), (90, True), (91, None)])
def test_a_drill_older_than_ninety_days_is_no_evidence(age: int, earned: bool | None) -> None:
    found = points(held_drill(at=NOW - timedelta(days=age)))["drills"]
    assert found[0] is earned
    assert (earned is None) == ("older than 90 days" in found[1])


def test_a_drill_from_the_future_is_no_evidence() -> None:
    assert points(held_drill(at=NOW + timedelta(days=1)))["drills"][0] is None


def test_an_interrupted_drill_is_no_evidence_and_says_so() -> None:
    record = held_drill()

    earned, reason = points(replace(record, ended=None))["drills"]
    assert earned is None
    assert "not held to its end" in reason


def test_a_later_failure_of_the_same_drill_replaces_the_pass() -> None:
    earlier, later = held_drill(6), held_drill(3, at=HELD + timedelta(days=2))
    for records in ((earlier, later), (later, earlier)):
        assert points(*records)["drills"] == (False, "drill 01: 3 of 6, grade F, 8 days ago")


def test_every_drill_that_counts_must_be_passed() -> None:
    assert points(held_drill(6), held_drill(5, drill="02"))["drills"][0] is True
    assert points(held_drill(6), held_drill(4, drill="02"))["drills"][0] is False


def test_the_record_of_a_drill_outvotes_the_checklist() -> None:
    assert points()["drills"][0] is True
    assert points(held_drill(2))["drills"][0] is False


@pytest.mark.parametrize(
    ("criterion", "key"), [("runbook", "runbooks"), ("channel", "alert_routing"), ("dashboard", "dashboards")]
)
def test_a_yes_that_a_drill_found_to_be_wrong_is_no_point(criterion: str, key: str) -> None:
    found = points(held_drill(6, failed=(criterion,)))
    assert found["drills"][0] is True
    assert found[key] == (False, "the checklist says yes, but drill 01 found the contrary (10 days ago)")
    assert points(held_drill(6))[key][0] is True


def test_the_report_reads_named_records_and_shows_grade_and_age(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    (tmp_path / "held.json").write_bytes(orjson.dumps(held_drill(5, at=utc_now() - timedelta(days=3)).to_body()))
    shown = invoke(str(place), "--drill", str(tmp_path / "held.json")).output
    row = next(line for line in shown.splitlines() if line.startswith("| 01: Error rate warning"))
    assert [cell.strip() for cell in row.split("|")[2:7]] == [
        "5 of 6", "A", "yes", "3 days", "The alert resolves within 10 min",
    ]  # fmt: skip
    assert "drill 01: 5 of 6, grade A, 3 days ago" in shown


def test_records_beside_the_checklist_are_found(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    (tmp_path / "check.toml").write_text("")
    (tmp_path / "drill-01-20260301-120000.json").write_bytes(orjson.dumps(held_drill(6, at=utc_now()).to_body()))
    assert "grade A+, 0 days ago" in invoke(str(place), "--checklist", str(tmp_path / "check.toml")).output
    assert "no drill is on record" in invoke(str(place)).output


def test_records_where_the_drill_leaves_them_are_found(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    (tmp_path / "check.toml").write_text("")
    (tmp_path / "results" / "drills").mkdir(parents=True)
    record = tmp_path / "results" / "drills" / "drill-02-20260301-120000.json"
    record.write_bytes(orjson.dumps(held_drill(4, at=utc_now(), drill="02").to_body()))
    assert (
        "drill 02: 4 of 6, grade B, 0 days ago"
        in invoke(str(place), "--checklist", str(tmp_path / "check.toml")).output
    )


def test_a_failed_channel_stops_the_whole(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    record = held_drill(6, at=utc_now(), failed=("channel",))
    (tmp_path / "held.json").write_bytes(orjson.dumps(record.to_body()))
    result = invoke(str(place), "--drill", str(tmp_path / "held.json"))
    assert result.return_value == 1
    assert "- alert routing is broken" in result.output


def test_every_record_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    (tmp_path / "a.json").write_text("{")
    result = invoke(str(place), "--drill", str(tmp_path / "a.json"), "--drill", str(tmp_path / "b.json"))
    assert isinstance(result.exception, InputError)
    assert len(result.exception.problems) == 2
