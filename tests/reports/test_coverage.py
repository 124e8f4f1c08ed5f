"""How much of a run must be observed before it can be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.metrics_csv import COLUMNS
from reports.analysis.assessment import Verdict
from reports.analysis.check import Status
from reports.analysis.coverage import cover
from reports.loader.directory import load
from tests.support.judging import check_of, judge
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path

LOST = {name: "NA" for name in COLUMNS if name not in ("timestamp", "sample_num")}


def test_a_baseline_needs_12_samples_over_2_hours(tmp_path: Path) -> None:
    check = check_of(judge(tmp_path, RunOnDisk()), "coverage")
    assert (check.status, check.reason) == (
        Status.PASS, "12 samples over 2h; production baseline: ≥ 12 samples over ≥ 2h",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("samples", "interval_s", "enough"),
    [(12, 600.0, True), (12, 595.0, True), (12, 593.0, False), (11, 660.0, False), (24, 300.0, True)],
    ids=["as planned", "0.8 % short", "1.2 % short", "one sample short", "more and shorter"],
)
def test_1_percent_less_time_is_tolerated_but_not_one_sample_less(
    tmp_path: Path, samples: int, interval_s: float, enough: bool
) -> None:
    assessment = judge(tmp_path, RunOnDisk(samples=samples, interval_s=interval_s))
    assert assessment.verdict is (Verdict.GO if enough else Verdict.INCOMPLETE)


def test_an_extended_validation_needs_4_samples_over_1_hour(tmp_path: Path) -> None:
    run = RunOnDisk(kind="extended", samples=4, interval_s=900.0)
    assert judge(tmp_path, run).verdict is Verdict.GO
    short = judge(tmp_path, RunOnDisk(kind="extended", samples=4, interval_s=600.0))
    assert short.missing == ("Coverage",)


def test_a_row_without_figures_is_no_sample(tmp_path: Path) -> None:
    assessment = judge(tmp_path, RunOnDisk(rows={5: LOST}))
    assert assessment.reasons == (
        "Coverage: 11 samples over 2h; production baseline: ≥ 12 samples over ≥ 2h; without figures: sample 5",
    )


def test_elsewhere_the_plan_is_the_yardstick(tmp_path: Path) -> None:
    assessment = judge(tmp_path, quick_run())
    assert check_of(assessment, "coverage").reason == "3 samples over 30s; the plan: 3 samples over 30s"
    assert judge(tmp_path, quick_run(written=2)).verdict is Verdict.INCOMPLETE


def test_a_run_that_does_not_say_where_it_was_made_is_held_to_productions_criteria(tmp_path: Path) -> None:
    assessment = judge(tmp_path, quick_run(metadata={"profile": None}))
    assert assessment.verdict is Verdict.INCOMPLETE
    assert "production baseline: ≥ 12 samples" in assessment.reasons[0]


@pytest.mark.parametrize(
    ("settings", "banner"),
    [
        ({}, ()),
        ({"profile": "staging", "environment": "staging"},
         ("Environment “staging”: this is not a production baseline.",)),
        ({"environment": "canary"}, ("Environment “canary”: this is not a production baseline.",)),
        ({"kind": "fallback-scenario"},
         ("Fallback scenario: cache misses count as fallbacks here; this is not a baseline.",)),
    ],
)  # fmt: skip
def test_what_is_no_production_baseline_says_so(
    tmp_path: Path, settings: dict[str, Any], banner: tuple[str, ...]
) -> None:
    assert judge(tmp_path, RunOnDisk(**settings)).banners == banner


def test_the_load_is_judged_by_what_was_sent(tmp_path: Path) -> None:
    check = check_of(judge(tmp_path, RunOnDisk()), "load")
    assert check.reason == "10.00/s achieved, 10.00/s asked; 72,000 of 72,000 scheduled requests sent (100.00 %)"


def test_what_the_drain_sent_is_not_part_of_the_rate_that_was_held(tmp_path: Path) -> None:
    check = check_of(judge(tmp_path, quick_run(summary={"rate": {"achieved": 9.0}})), "load")
    assert (check.status, check.reason) == (
        Status.NA,
        "fell short: 9.00/s achieved, 10.00/s asked; 300 of 300 scheduled requests sent (100.00 %), but the last of "
        "them only after the schedule's end",
    )  # fmt: skip


@pytest.mark.parametrize("achieved", [9.95, 9.97, None], ids=["half a percent", "one request", "not recorded"])
def test_one_percent_or_one_request_later_is_no_shortfall(tmp_path: Path, achieved: float | None) -> None:
    check = check_of(judge(tmp_path, quick_run(summary={"rate": {"achieved": achieved}})), "load")
    assert check.status is Status.PASS


def test_a_shortfall_of_our_own_is_no_answer_about_the_target(tmp_path: Path) -> None:
    check = check_of(judge(tmp_path, quick_run(dropped={"dropped_missed": 30})), "load")
    assert (check.status, check.reason) == (
        Status.NA, "fell short: 270 of 300 scheduled requests sent (90.00 %)",
    )  # fmt: skip


def test_the_recorded_plan_counts_and_not_rate_times_duration(tmp_path: Path) -> None:
    cut = check_of(judge(tmp_path, quick_run(metadata={"planned_requests": 400})), "load")
    assert cut.reason.startswith("cut short: 300 of 400 planned requests came due")


def test_a_schedule_that_was_cut_short_is_incomplete(tmp_path: Path) -> None:
    check = check_of(judge(tmp_path, quick_run(metadata={"duration_seconds": 60.0})), "load")
    assert check.status is Status.NA
    assert check.reason.startswith("cut short: 300 of 600 planned requests came due")


def test_time_in_which_a_run_was_interrupted_does_not_count(tmp_path: Path) -> None:
    """Twelve samples of 600 s whose last row came 300 s later than planned, because the run stood still so long."""
    late = {12: {"timestamp": "2026-03-01T14:05:00.000Z"}}
    place = RunOnDisk(rows=late, metadata={"resumed": [{"t_s": 6_800.0, "gap_s": 300.0}]}).write(tmp_path / "run")
    covered = cover(load(place))

    assert covered.seconds == 7_200
    assert "; interrupted for 5m" in covered.check.reason


def test_response_times_after_a_break_belong_to_the_interval_of_their_schedule(tmp_path: Path) -> None:
    place = RunOnDisk(metadata={"resumed": [{"t_s": 6_000.0, "gap_s": 600.0}]}).write(tmp_path / "run")
    whole = RunOnDisk().write(tmp_path / "whole")
    moved, same = load(place).client.intervals, load(whole).client.intervals

    assert (len(same), len(moved)) == (12, 11)
    assert moved[9].total == same[9].total + same[10].total
