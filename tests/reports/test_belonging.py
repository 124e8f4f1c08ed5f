"""A file that was copied from another run, or put together by hand, does not bear out a verdict."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Assessment, Question, Verdict, assess
from reports.analysis.check import Status
from reports.loader.directory import load
from reports.model.run import Harm
from tests.support.judging import check_of
from tests.support.runs import T0, quick_run

if TYPE_CHECKING:
    from pathlib import Path

LATER = T0.replace(month=4)


def judged(place: Path) -> Assessment:
    return assess(load(place), Question(SloTargets()))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return quick_run().write(tmp_path / "run")


def test_the_summary_of_another_run_is_never_a_go(tmp_path: Path, place: Path) -> None:
    other = quick_run().write(tmp_path / "other")
    shutil.copy(other / "summary.json", place)
    assessment = judged(place)
    assert assessment.verdict is Verdict.INCOMPLETE
    assert check_of(assessment, "record").reason == "summary.json: belongs to another run, other"


@pytest.mark.parametrize(
    ("name", "time"),
    [
        ("metrics.csv", "its times are 2026-04-01T12:00:10.000Z to 2026-04-01T12:00:30.000Z"),
        ("latency.hlog", "its time is 2026-04-01T12:00:00.000Z"),
        ("load-stats.csv", "its times are 2026-04-01T12:00:01.000Z to 2026-04-01T12:00:30.000Z"),
    ],
)
def test_rows_and_latencies_of_another_time_are_never_a_go(place: Path, name: str, time: str) -> None:
    text = (place / name).read_text().replace(f"StartTime: {T0.timestamp():.3f}", f"StartTime: {LATER.timestamp():.3f}")
    (place / name).write_text(text.replace("2026-03-01", "2026-04-01"))
    assessment = judged(place)
    assert assessment.verdict is Verdict.INCOMPLETE
    run = "those of the run 2026-03-01T12:00:00.000Z to 2026-03-01T12:00:30.000Z: it looks like another run's"
    assert check_of(assessment, "record").reason == f"{name}: {time}, {run}"


def test_probes_of_another_time_are_told_beside_the_verdict(place: Path) -> None:
    probes = place / "probes.csv"
    probes.write_text(probes.read_text().replace("2026-03-01", "2026-04-01"))
    assessment = judged(place)
    assert assessment.verdict is Verdict.GO
    record = check_of(assessment, "record")
    assert record.status is Status.WARN
    assert record.reason.startswith("probes.csv: its time")


def test_a_clock_that_was_set_by_seconds_is_no_other_run(place: Path) -> None:
    rows = (place / "metrics.csv").read_text().replace("12:00:30", "12:00:59")
    (place / "metrics.csv").write_text(rows)
    assert judged(place).verdict is Verdict.GO


def test_a_sample_that_stands_twice_counts_for_no_other(place: Path) -> None:
    header, first, _, third = (place / "metrics.csv").read_text().splitlines()
    (place / "metrics.csv").write_text("\n".join([header, first, first, third]) + "\n")
    assessment = judged(place)
    assert assessment.verdict is Verdict.INCOMPLETE
    assert "metrics.csv: its samples are not in order, or some are in it twice" in assessment.reasons[0]


def test_columns_under_each_others_names_are_not_judged(place: Path) -> None:
    header, *rows = (place / "metrics.csv").read_text().splitlines()
    swapped = (
        header.replace("rss_mb", "?")
        .replace("effective_fallback_total", "rss_mb")
        .replace("?", "effective_fallback_total")
    )
    (place / "metrics.csv").write_text("\n".join([swapped, *rows]) + "\n")
    assessment = judged(place)
    assert assessment.verdict is Verdict.INCOMPLETE
    assert "its header is not that of version 3" in check_of(assessment, "record").reason


def test_seconds_out_of_order_are_put_in_order(place: Path) -> None:
    header, first, last = (place / "load-stats.csv").read_text().splitlines()
    (place / "load-stats.csv").write_text("\n".join([header, last, first]) + "\n")
    run = load(place)
    assert [second.at for second in run.client.by_second] == [0, 29]
    assert [damage for damage in run.damages if damage.harm is Harm.NEEDED] == []
