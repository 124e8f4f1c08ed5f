"""Readiness: ten points, each with its evidence; a grade; and a decision that missing data never turns into a GO."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from loadgen.core.errors import InputError, LoadgenError
from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Question, assess
from reports.analysis.readiness import Decision, Readiness, readiness_of
from reports.analysis.sustained import longest_violation
from reports.cli import report
from reports.loader.checklist import read_checklist
from reports.loader.directory import load
from reports.model.checklist import Answer, Checklist, Drill
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

SECTIONS = [
    "1. Executive Summary", "2. Run Behaviour", "3. SLOs", "4. Error Classes",
    "5. Slowest Endpoints and the Generator's Own Lag", "6. Alerts Fired", "7. Metrics Collection Health",
    "8. Drill Results", "9. Readiness", "10. Recommendations", "11. Go / No-Go",
]  # fmt: skip
YES = Answer(True, "seen on 2026-03-01")
DRILLS = tuple(Drill(f"drill {number}", number != 6, "results/drill") for number in range(1, 7))
ALL_YES = Checklist("check.toml", YES, YES, YES, DRILLS)
CHECKLIST = """
[runbooks]
answer = "yes"
evidence = "docs/runbooks"
[alert_routing]
answer = true
evidence = "arrived in #ops"
[dashboards]
answer = "yes"
evidence = "opened in 2 s"
""" + "".join(f'[[drill]]\nname = "{drill.name}"\npassed = {str(drill.passed).lower()}\nevidence = "x"\n'
              for drill in DRILLS)  # fmt: skip


def score(tmp_path: Path, *runs: RunOnDisk, checklist: Checklist = ALL_YES) -> Readiness:
    places = [run.write(tmp_path / f"run-{number}") for number, run in enumerate(runs)]
    return readiness_of([assess(load(place), Question(SloTargets())) for place in places], checklist)


def point(readiness: Readiness, key: str) -> tuple[bool | None, str]:
    found = next(item for item in (*readiness.technical, *readiness.operational) if item.key == key)
    return found.earned, found.reason


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(report, ["observation", *arguments], standalone_mode=False)


def test_good_runs_and_answers_are_ten_points_and_a_go(tmp_path: Path) -> None:
    readiness = score(tmp_path, RunOnDisk(), RunOnDisk(rate_per_s=20))
    assert (readiness.score, readiness.grade, readiness.when) == (10, "A+", "now")
    assert readiness.decision is Decision.GO
    assert (readiness.stops, readiness.conditions) == ((), ())


def test_runs_outside_production_are_a_go_with_conditions_at_most(tmp_path: Path) -> None:
    readiness = score(tmp_path, quick_run(profile="staging", environment="staging"))
    assert readiness.score == 10
    assert readiness.decision is Decision.CONDITIONAL
    assert readiness.conditions == ("run-0 was made in “staging”: repeat it in production",)


def test_without_a_checklist_the_four_operational_points_are_zero_and_said_to_be(tmp_path: Path) -> None:
    readiness = score(tmp_path, RunOnDisk(), checklist=Checklist())
    assert (readiness.score, readiness.grade) == (6, "B")
    assert readiness.decision is Decision.NO_GO
    assert point(readiness, "runbooks") == (None, "not answered: no checklist was given")
    assert point(readiness, "drills") == (None, "not answered: no drill is on record")


def test_a_yes_without_evidence_is_no_point(tmp_path: Path) -> None:
    readiness = score(tmp_path, RunOnDisk(), checklist=Checklist("c", Answer(True), YES, YES, DRILLS))
    assert point(readiness, "runbooks") == (None, "yes, but without evidence")
    assert readiness.score == 9


@pytest.mark.parametrize(
    ("passed", "held", "earned", "reason"),
    [
        (5, 6, True, "5 of 6 passed"),
        (4, 6, False, "4 of 6 passed"),
        (5, 5, True, "5 of 6 passed, 1 not on record"),
        (1, 1, False, "1 of 6 passed, 5 not on record"),
        (10, 12, True, "10 of 12 passed"),
        (9, 12, False, "9 of 12 passed"),
    ],
)
def test_five_of_six_drills_must_be_passed(tmp_path: Path, passed: int, held: int, earned: bool, reason: str) -> None:
    drills = tuple(Drill(str(number), number < passed, "x") for number in range(held))
    readiness = score(tmp_path, quick_run(), checklist=Checklist("c", YES, YES, YES, drills))
    assert point(readiness, "drills") == (earned, reason)


@pytest.mark.parametrize(
    ("answers", "stop"),
    [({"alert_routing": Answer(False)}, "alert routing is broken"),
     ({"runbooks": Answer(False)}, "the runbooks are incomplete")],
)  # fmt: skip
def test_broken_routing_and_incomplete_runbooks_stop_whatever_the_score(
    tmp_path: Path, answers: dict[str, Answer], stop: str
) -> None:
    given: dict[str, Any] = {"runbooks": YES, "alert_routing": YES, "dashboards": YES, "drills": DRILLS, **answers}
    readiness = score(tmp_path, RunOnDisk(), checklist=Checklist("c", **given))
    assert (readiness.score, readiness.decision, readiness.stops) == (9, Decision.NO_GO, (stop,))


def test_the_error_rate_is_judged_at_its_95th_percentile_over_samples(tmp_path: Path) -> None:
    """20 samples, one of them bad: the 19th of 20 sorted values is still good; with two bad ones it is not."""
    one, two = ({number: {"error_rate": "0.05"} for number in bad} for bad in ((3,), (3, 9)))
    good = score(tmp_path / "a", RunOnDisk(samples=20, rows=one))
    bad = score(tmp_path / "b", RunOnDisk(samples=20, rows=two))
    assert point(good, "errors") == (True, "0.00 % over 20 samples")
    assert point(bad, "errors") == (False, "5.00 % over 20 samples")


def test_two_violating_samples_running_are_sustained_and_two_apart_are_not(tmp_path: Path) -> None:
    apart = {number: {"error_rate": "0.05"} for number in (2, 4)}
    running = {number: {"error_rate": "0.05"} for number in (2, 3)}
    assert point(score(tmp_path / "a", RunOnDisk(rows=apart)), "sustained")[0] is True
    earned, reason = point(score(tmp_path / "b", RunOnDisk(rows=running)), "sustained")
    assert (earned, reason) == (False, "Error rate: 2 samples running in run-0")


def test_a_sample_without_a_figure_does_not_end_a_violation(tmp_path: Path) -> None:
    rows = {2: {"error_rate": "0.05"}, 3: {"error_rate": "NA"}, 4: {"error_rate": "0.05"}}
    assessment = assess(load(RunOnDisk(rows=rows).write(tmp_path / "run")), Question(SloTargets()))
    violation = longest_violation(assessment)
    assert violation is not None
    assert (violation.title, violation.samples) == ("Error rate", 2)


def test_latency_comes_from_the_merged_histograms_of_all_runs(tmp_path: Path) -> None:
    """Half of all requests at 800 ms: the average of the two P95 would be 410 ms and pass."""
    slow = RunOnDisk(latencies_ms={800: 100})
    fast = RunOnDisk(latencies_ms={20: 100})
    assert point(score(tmp_path, slow, fast), "p95") == (False, "800 ms")


def test_a_run_without_its_latency_log_is_no_evidence(tmp_path: Path) -> None:
    place = RunOnDisk().write(tmp_path / "run")
    (place / "latency.hlog").unlink()
    readiness = readiness_of([assess(load(place), Question(SloTargets()))], ALL_YES)
    assert point(readiness, "p95") == (None, "no run recorded it")
    assert readiness.decision is not Decision.GO


def test_a_failed_expectation_of_the_plan_is_a_known_class(tmp_path: Path) -> None:
    found = score(tmp_path, RunOnDisk(failed={"expect:has-items": 5}))
    assert next(point for point in found.technical if point.key == "classes").earned


def test_an_unknown_fallback_reason_is_an_unknown_class(tmp_path: Path) -> None:
    run = RunOnDisk(window={"fallback": {"cache_miss": 600, "solar_flare": 1}})
    assert point(score(tmp_path, run), "classes") == (False, "fallback solar_flare")


@pytest.mark.parametrize(
    ("run", "stop"),
    [
        (quick_run(errors_5xx=30), "run-0 is NO-GO: "),
        (quick_run(metadata={"validity": {"state": "INVALID", "reasons": ["lag"]}}), "run-0 is INVALID: "),
        (quick_run(metadata={"status": "aborted_circuit_breaker"}), "the circuit breaker tripped in run-0"),
        (RunOnDisk(cache_hits=0, cache_misses=0), "metrics are missing in run-0: Cache hit rate, global"),
        (RunOnDisk(metadata={"synthetic": True}), "run-0 is synthetic"),
    ],
    ids=["NO-GO", "INVALID", "tripped", "metrics missing", "synthetic"],
)
def test_what_stops_stops_whatever_the_score(tmp_path: Path, run: RunOnDisk, stop: str) -> None:
    readiness = score(tmp_path, run)
    assert readiness.decision is Decision.NO_GO
    assert any(text.startswith(stop) for text in readiness.stops), readiness.stops


def test_the_report_has_its_eleven_sections_and_its_exit_code(tmp_path: Path) -> None:
    place = RunOnDisk().write(tmp_path / "run")
    (tmp_path / "check.toml").write_text(CHECKLIST)
    result = invoke(str(place), "--checklist", str(tmp_path / "check.toml"))
    headings = [line.removeprefix("## ") for line in result.output.splitlines() if line.startswith("## ")]
    assert headings == SECTIONS
    assert result.return_value == 0
    assert "**✅ GO**: 10 of 10 points, grade A+ (go now)." in result.output


def test_the_exit_codes_of_conditions_and_no_go(tmp_path: Path) -> None:
    (tmp_path / "check.toml").write_text(CHECKLIST)
    staged = quick_run().write(tmp_path / "staged")
    assert invoke(str(staged), "--checklist", str(tmp_path / "check.toml")).return_value == 3
    assert invoke(str(staged)).return_value == 1


def test_figures_of_the_report_are_those_of_the_production_report(tmp_path: Path) -> None:
    place = RunOnDisk().write(tmp_path / "run")
    observed = invoke(str(place)).output
    produced = CliRunner().invoke(report, ["production", str(place)], standalone_mode=False).output
    for line in produced.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 8 and cells[1].startswith(("Success", "P95", "P99", "Cache hit rate, global")):
            assert f"{cells[2]} " in next(row for row in observed.splitlines() if row.startswith(f"| {cells[1]}"))


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("[runbooks", ["--checklist"]),
        ('runbooks = "yes"\ncolour = 1', ["colour", "runbooks"]),
        ('[runbooks]\nanswer = "perhaps"\nsince = 1', ["runbooks.since", "runbooks.answer"]),
        ("[runbooks]\nanswer = true\nevidence = 3", ["runbooks.evidence"]),
        ("drill = 3", ["drill"]),
        ('[[drill]]\nname = "a"\n[[drill]]\nname = "b"\npassed = true\nby = "me"', ["drill 1", "drill 2.by"]),
    ],
)
def test_every_problem_of_a_checklist_is_named(tmp_path: Path, text: str, problems: list[str]) -> None:
    (tmp_path / "check.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        read_checklist(tmp_path / "check.toml")
    assert [problem.key for problem in caught.value.problems] == problems


def test_a_run_counts_once_and_what_is_no_run_is_refused(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    assert isinstance(invoke(str(place), str(place / ".")).exception, InputError)
    (tmp_path / "empty").mkdir()
    assert isinstance(invoke(str(place), str(tmp_path / "empty")).exception, LoadgenError)


def test_a_lone_csv_or_a_truncated_run_is_never_a_go(tmp_path: Path) -> None:
    place = RunOnDisk().write(tmp_path / "run")
    (place / "summary.json").write_text("{")
    (tmp_path / "check.toml").write_text(CHECKLIST)
    for source in (place, place / "metrics.csv"):
        result = invoke(str(source), "--checklist", str(tmp_path / "check.toml"))
        assert result.exception is None, result.output
        assert result.return_value in (1, 3)
