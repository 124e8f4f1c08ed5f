"""Where every request ended, client-side rates, and the agreement of the artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Question, Verdict, assess
from reports.analysis.budget import budget_of
from reports.analysis.check import Status
from reports.loader.directory import load
from reports.render.client import requests
from reports.render.write_markdown import write_sections
from tests.support.judging import check_of, judge
from tests.support.runs import quick_run

if TYPE_CHECKING:
    from pathlib import Path


def edit(place: Path, name: str, **changes: object) -> None:
    """Change top-level keys of a JSON artifact."""
    document = orjson.loads((place / name).read_bytes())
    (place / name).write_bytes(orjson.dumps({**document, **changes}))


def test_every_request_is_accounted_for(tmp_path: Path) -> None:
    run = quick_run(failed={"http_5xx": 2, "timeout": 1}, dropped={"connect_refused": 1})
    check = check_of(judge(tmp_path, run), "account")
    assert check.reason == "300 scheduled = 299 sent + 0 unsent + 1 dropped; sent = 296 done + 3 failed + 0 in flight"


def test_client_rates_count_drops_and_timeouts_as_failures(tmp_path: Path) -> None:
    """4 of 300 are 1.33 %: more than the 1 % that is allowed, although the service saw no error at all."""
    run = quick_run(failed={"timeout": 3}, dropped={"connect_refused": 1})
    assessment = judge(tmp_path, run)
    assert check_of(assessment, "error_client").value == pytest.approx(100 * 4 / 300)
    assert check_of(assessment, "success_client").value == pytest.approx(100 * 296 / 300)
    assert check_of(assessment, "error").value == 0
    assert assessment.verdict is Verdict.NO_GO


def test_our_own_faults_count_neither_for_nor_against_the_target(tmp_path: Path) -> None:
    """297 endings remain of 300, and none of them failed."""
    assessment = judge(tmp_path, quick_run(dropped={"no_port": 1, "dropped_missed": 2}))
    errors = assessment.client_errors
    assert errors is not None
    assert (errors.judged, errors.failures, errors.ours) == (297, 0, 3)
    assert {item.label: item.ours for item in assessment.endings} == {
        "ok": False, "no_port": True, "dropped_missed": True,
    }  # fmt: skip


def test_endings_are_told_in_sentences(tmp_path: Path) -> None:
    endings = judge(tmp_path, quick_run(failed={"reset": 2})).endings
    assert [(item.label, item.count, item.text) for item in endings] == [
        ("ok", 298, "an expected response was complete"),
        ("reset", 2, "the connection was reset"),
    ]


@pytest.mark.parametrize(
    ("totals", "reason"),
    [
        ({"sent": 299}, "300 scheduled, but sent + unsent + dropped = 299"),
        ({"done": 250}, "300 sent, but done + failed + in flight = 250"),
    ],
)
def test_an_account_that_does_not_add_up_is_never_a_go(tmp_path: Path, totals: dict[str, int], reason: str) -> None:
    run = quick_run()
    place = run.write(tmp_path / "run")
    edit(place, "summary.json", totals={**run.account(), **totals})
    assessment = assess(load(place), Question(SloTargets()))
    assert reason in check_of(assessment, "account").reason
    assert assessment.verdict is Verdict.INCOMPLETE


def test_the_latency_log_must_hold_as_many_values_as_requests_ended(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    log = place / "latency.hlog"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:-5]))
    check = check_of(assess(load(place), Question(SloTargets())), "account")
    assert check.status is Status.NA
    assert check.reason == "latency.hlog holds 200 response times, the account has 300"


def test_a_log_that_was_cut_between_the_clocks_of_an_interval_is_no_account(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    log = place / "latency.hlog"
    log.write_text("".join(log.read_text().splitlines(keepends=True)[:-4]))
    check = check_of(assess(load(place), Question(SloTargets())), "account")
    assert check.status is Status.NA
    assert check.reason.startswith("latency.hlog holds 200 values of response_ok, the account has 300 answers; ")


def test_summary_and_log_must_agree_on_percentiles(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    metrics = {"http_req_duration": {"values": {"med": 20.0, "p(95)": 6.0, "p(99)": 60.0}}}
    edit(place, "summary.json", metrics=metrics)
    check = check_of(assess(load(place), Question(SloTargets())), "account")
    assert check.reason == "summary.json says p95 = 6.000 ms, latency.hlog 60.031 ms"


def test_the_account_comes_from_metadata_when_the_summary_is_gone(tmp_path: Path) -> None:
    place = quick_run(failed={"http_5xx": 1}).write(tmp_path / "run")
    (place / "summary.json").unlink()
    account = load(place).client.account
    assert account is not None
    assert (account.scheduled, account.failed) == (300, 1)


def test_the_account_comes_from_the_seconds_when_nothing_else_is_left(tmp_path: Path) -> None:
    place = quick_run(failed={"http_5xx": 1}).write(tmp_path / "run")
    (place / "summary.json").unlink()
    (place / "metadata.json").unlink()
    account = load(place).client.account
    assert account is not None
    assert account.outcomes == {"ok": 299, "http_5xx": 1}
    assert (account.scheduled, account.sent, account.unsent, account.in_flight) == (300, 300, 0, 0)


def test_the_error_budget_is_what_is_left_of_the_allowed_failures() -> None:
    """1,000 requests at 99 % allow 10 failures; 4 used leave 60 %, 15 leave -50 %."""
    budget = budget_of("client", 996, 1_000, 99.0)
    assert budget is not None
    assert budget.allowed == 10
    assert budget.used == 4
    assert budget.remaining_pct == pytest.approx(60)
    fine = budget_of("client", 1_000, 1_000, 99.9)
    assert fine is not None
    assert fine.allowed == 1
    overspent = budget_of("client", 985, 1_000, 99.0)
    assert overspent is not None
    assert overspent.remaining_pct == pytest.approx(-50)


def test_no_requests_and_a_target_of_100_have_no_budget() -> None:
    assert budget_of("server", None, 10, 99.0) is None
    assert budget_of("server", 0, 0, 99.0) is None
    assert budget_of("server", 10, 10, 100.0) is None


def test_requests_still_waiting_at_the_end_may_be_in_the_latency_log(tmp_path: Path) -> None:
    """The log has 300 values: 280 that ended and 20 that had waited in vain."""
    run = quick_run()
    place = run.write(tmp_path / "run")
    edit(place, "summary.json", totals={**run.account(), "sent": 280, "done": 280, "unsent": 20}, outcomes={"ok": 280})
    seconds = quick_run(unsent=20).write(tmp_path / "other") / "load-stats.csv"
    seconds.rename(place / "load-stats.csv")
    assert check_of(assess(load(place), Question(SloTargets())), "account").status is Status.PASS


def test_expectations_and_redirects_are_told_by_name(tmp_path: Path) -> None:
    quick_run(failed={"expect:has its id": 3}).write(tmp_path)
    edit(tmp_path, "summary.json", redirects={"1": 290, "2": 7})

    run = load(tmp_path)
    assessment = assess(run, Question(SloTargets()))
    text = " ".join("\n".join(write_sections(requests(assessment))).split())

    assert "| `expect:has its id` | 3 | 1.00 % | an expectation of the plan did not hold |" in text
    assert "Redirects, each part of its request: 290 requests followed 1, 7 requests followed 2." in text
    assert check_of(assessment, "error_client").value == pytest.approx(1)


@pytest.mark.parametrize("outcomes", [{"ok": 300, "no_port": 100}, {"ok": 300, "timeout": 50}, {"ok": 200}])
def test_endings_that_do_not_add_up_take_nothing_away_from_the_target(tmp_path: Path, outcomes: dict[str, int]) -> None:
    place = quick_run().write(tmp_path / "run")
    edit(place, "summary.json", outcomes=outcomes)
    assessment = assess(load(place), Question(SloTargets()))
    assert assessment.verdict is Verdict.INCOMPLETE
    assert check_of(assessment, "record").reason == "summary.json: its endings by name do not add up to its totals"
    assert check_of(assessment, "success_client").value == 100.0


def seconds_of(place: Path) -> tuple[Path, list[str]]:
    """Return load-stats.csv and its lines: the header, then two seconds of 299 requests and of 1."""
    path = place / "load-stats.csv"
    return path, path.read_text().splitlines()


def test_a_second_that_was_left_out_of_load_stats_is_no_account(tmp_path: Path) -> None:
    place = quick_run().write(tmp_path / "run")
    path, (header, first, _) = seconds_of(place)
    path.write_text("\n".join([header, first]) + "\n")
    assessment = assess(load(place), Question(SloTargets()))
    assert check_of(assessment, "account").reason == (
        "the seconds of load-stats.csv hold 299 scheduled of 300, 299 sent of 300, 299 done of 300"
    )
    assert assessment.verdict is Verdict.INCOMPLETE


def test_a_second_that_stands_twice_for_another_is_no_account(tmp_path: Path) -> None:
    """The sums stay what they were: only the number tells."""
    place = quick_run().write(tmp_path / "run")
    path, (header, first, last) = seconds_of(place)
    path.write_text("\n".join([header, first, "0," + last.partition(",")[2]]) + "\n")
    assessment = assess(load(place), Question(SloTargets()))
    assert check_of(assessment, "account").reason == "load-stats.csv holds second 0 twice"
    assert assessment.verdict is Verdict.INCOMPLETE
