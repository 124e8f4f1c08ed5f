"""Service levels over runs, each figure worked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from loadgen.core.histogram import Histogram
from loadgen.core.units import NS_PER_MS
from reports.analysis.quantity import duration
from reports.analysis.slo_evidence import Evidence, LeftOut, Watched, evidence_of, watched_by
from reports.analysis.slo_tracking import Indicator, Period, Share, Standing, count_at_or_below, track
from reports.cli import report
from reports.loader.directory import load
from reports.loader.service_levels import load_service_levels
from reports.model.service_level import DEFAULT_LEVELS
from reports.model.signals import Probe
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

HOUR_S = 3600.0


def histogram(counts_by_ms: dict[int, int]) -> Histogram:
    found = Histogram(60_000_000_000)
    for milliseconds, count in counts_by_ms.items():
        found.record(milliseconds * NS_PER_MS, count)
    return found


def evidence(name: str = "run", month: str = "2026-03", **changes: Any) -> Evidence:
    """Return a faultless run of 1,000 requests of 20 ms, watched for an hour, except for `changes`."""
    values: dict[str, Any] = {
        "requests": 1_000, "successes": 1_000, "response": histogram({20: 1_000}), "beyond": 0,
        "good": histogram({20: 1_000}), "watched": Watched(HOUR_S, HOUR_S),
    }  # fmt: skip
    return Evidence(name, month, **{**values, **changes})


def standing_of(*runs: Evidence) -> Period:
    judged = track(runs, (), DEFAULT_LEVELS).judged
    assert judged is not None
    return judged


def indicator(period: Period, level: str, key: str) -> Indicator:
    found = next(item for item in period.levels if item.level.key == level)
    return next(item for item in found.indicators if item.key == key)


def test_requests_weigh_and_runs_do_not() -> None:
    """10 of 10 and 990 of 1,990: 1,000 of 2,000 are 50 %, where the mean of the runs' shares would say 74.9 %."""
    period = standing_of(evidence(requests=10, successes=10), evidence(requests=1_990, successes=990))
    assert indicator(period, "slo", "success").share.pct == 50.0


def test_latency_is_the_share_at_or_below_the_threshold_of_the_merged_counts() -> None:
    """990 of 1,000 and 100 of 100 within 100 ms: 1,090 of 1,100 are 99.09 %; within 150 ms all but 5."""
    slow = histogram({20: 900, 100: 90, 140: 5, 900: 5})
    period = standing_of(evidence(response=slow), evidence(response=histogram({20: 100})))
    assert indicator(period, "slo", "latency").share.pct == pytest.approx(1_090 / 1_100 * 100)
    assert indicator(period, "sla", "latency").share.pct == pytest.approx(1_095 / 1_100 * 100)


def test_a_value_in_the_slot_of_the_threshold_counts_as_within() -> None:
    found = histogram({100: 3, 101: 2})
    assert (count_at_or_below(found, 0.100), count_at_or_below(found, 0.099)) == (3, 0)


def test_what_is_beyond_the_histogram_is_slow() -> None:
    """1,000 within and 1,000 above the range: half."""
    assert indicator(standing_of(evidence(beyond=1_000)), "slo", "latency").share.pct == 50.0


def test_histograms_of_different_ranges_are_merged() -> None:
    wide = Histogram(600_000_000_000)
    wide.record(20 * NS_PER_MS, 500)
    period = standing_of(evidence(), evidence(response=wide))
    assert period.p95_s == pytest.approx(0.020, rel=0.001)


def test_budget_and_burn() -> None:
    """99.95 % against 99.9 %: half of the budget is used. 99.7 % is three times the budget; none is left."""
    half, over = Indicator("x", "X", 99.9, Share(9_995, 10_000)), Indicator("x", "X", 99.9, Share(9_970, 10_000))
    assert half.burn == pytest.approx(0.5)
    assert half.budget_left_pct == pytest.approx(50.0)
    assert over.burn == pytest.approx(3.0)
    assert over.budget_left_pct == 0.0


def test_availability_is_time_answered_of_time_probed() -> None:
    """An hour up and 3,564 s of the next: 7,164 of 7,200 s are 99.5 %, which meets the SLA and misses the SLO."""
    period = standing_of(evidence(), evidence(watched=Watched(HOUR_S, 3564.0)))
    assert indicator(period, "slo", "availability").share.pct == pytest.approx(99.5)
    assert indicator(period, "slo", "availability").standing is Standing.MISSED
    assert indicator(period, "sla", "availability").standing is Standing.MET
    assert period.down_s == pytest.approx(36.0)


@pytest.mark.parametrize(
    ("availability", "credit"), [(99.5, 0), (99.49, 10), (99.0, 10), (98.99, 25), (98.0, 25), (97.99, 50), (0, 50)]
)
def test_the_credit_is_the_tiers(availability: float, credit: float) -> None:
    assert DEFAULT_LEVELS.sla.credit_for(availability) == credit


def test_defect_25_availability_and_credit_are_computed_and_never_typed_in() -> None:
    """98.28 % was published as 99.92 %, with a credit of 10 %, and 692 minutes down were called 8 hours."""
    period = standing_of(evidence(watched=Watched(730 * HOUR_S, 730 * HOUR_S * 0.9828)))
    sla = next(level for level in period.levels if level.level.key == "sla")
    assert indicator(period, "sla", "availability").share.pct == pytest.approx(98.28)
    assert sla.credit_pct == 25.0
    assert duration(692 * 60) == "11h 32m"


def test_compliance_is_the_share_of_requests_both_good_and_fast() -> None:
    """980 of 1,000 succeeded, 970 of them within 100 ms: 97 %."""
    period = standing_of(evidence(successes=980, good=histogram({20: 970, 300: 10})))
    assert period.compliance.share.pct == pytest.approx(97.0)
    assert period.compliance.standing is Standing.MISSED


@pytest.mark.parametrize(
    ("missing", "key"), [("watched", "availability"), ("response", "latency"), ("requests", "success")]
)
def test_what_a_run_lacks_keeps_the_promise_from_being_met(missing: str, key: str) -> None:
    gone: dict[str, Any] = {missing: None}
    period = standing_of(evidence(), evidence("less", **gone))
    assert indicator(period, "slo", key).standing is Standing.NA
    assert indicator(period, "slo", key).share.pct == 100.0
    assert period.standing is Standing.NA


def test_nothing_at_all_is_na_and_no_pass() -> None:
    period = standing_of(evidence(requests=None, successes=None, response=None, good=None, watched=None))
    assert {item.standing for level in period.levels for item in level.indicators} == {Standing.NA}
    assert next(level for level in period.levels if level.level.key == "sla").credit_pct is None


def test_the_newest_month_is_judged_unless_another_is_named() -> None:
    runs = (evidence("a", "2026-02", successes=10), evidence("b", "2026-03"))
    newest, named = track(runs, (), DEFAULT_LEVELS), track(runs, (), DEFAULT_LEVELS, "2026-02")
    assert newest.judged is not None
    assert named.judged is not None
    assert (newest.judged.standing, named.judged.standing) == (Standing.MET, Standing.MISSED)


def test_probes_stand_for_the_time_since_the_one_before() -> None:
    """Every 5 s, the fourth fails: 5 of 30 s down."""
    probes = [Probe(5.0 * at, at != 4) for at in range(1, 7)]
    assert watched_by(probes) == Watched(30.0, 25.0)


def test_a_long_gap_between_probes_was_not_watched() -> None:
    """5, 10, 15 and then 1,000 s: the last gap counts as three usual ones, 15 s."""
    assert watched_by([Probe(at, True) for at in (5.0, 10.0, 15.0, 1000.0)]) == Watched(30.0, 30.0)


def test_without_probes_availability_is_unknown() -> None:
    assert watched_by([]) is None


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        (quick_run(), "its profile is dev"),
        (RunOnDisk(kind="capacity"), "its kind is capacity"),
        (RunOnDisk(metadata={"synthetic": True}), "its data are synthetic"),
        (RunOnDisk(metadata={"validity": {"state": "INVALID"}}), "its measurement is INVALID"),
        (RunOnDisk(metadata={"start_timestamp": None, "t0": None}), "its time is not on record"),
    ],
    ids=["profile", "kind", "synthetic", "INVALID", "no time"],
)
def test_runs_that_say_nothing_about_ordinary_operation_are_left_out(
    tmp_path: Path, run: RunOnDisk, reason: str
) -> None:
    found = evidence_of(load(run.write(tmp_path / "run")), (), "production")
    assert found == LeftOut("run", reason)


def test_a_tripped_run_counts_and_is_remarked(tmp_path: Path) -> None:
    run = RunOnDisk(status="aborted_circuit_breaker", failed={"http_5xx": 10})
    found = evidence_of(load(run.write(tmp_path / "run")), (), "production")
    assert isinstance(found, Evidence)
    assert found.remarks == ("the circuit breaker ended it",)
    assert (found.requests, found.successes) == (72_000, 71_990)


def test_a_log_that_lacks_requests_gives_no_latency(tmp_path: Path) -> None:
    place = RunOnDisk().write(tmp_path / "run")
    lines = (place / "latency.hlog").read_text().splitlines(keepends=True)
    (place / "latency.hlog").write_text("".join(lines[:-5]))
    found = evidence_of(load(place), (), "production")
    assert isinstance(found, Evidence)
    assert found.response is None
    assert "latency.hlog lacks requests of the account, so its latencies are not used" in found.remarks


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(report, ["slo", *arguments], standalone_mode=False)


def probed(place: Path, *, failing: int = 0) -> None:
    lines = [f"x,{5 * at}.0,1.0,{int(at > failing)}," for at in range(1, 101)]
    (place / "probes.csv").write_text("timestamp,t_s,took_ms,ok,error\n" + "\n".join(lines) + "\n")


def test_the_verb_judges_all_runs_of_a_directory(tmp_path: Path) -> None:
    for name in ("phase5-prod-1", "phase5-prod-2"):
        probed(RunOnDisk(latencies_ms={20: 100}).write(tmp_path / "results" / name))
    quick_run().write(tmp_path / "results" / "phase5-dev-1")
    result = invoke(str(tmp_path / "results"))
    assert result.return_value == 0
    assert "**Standing:** SLO MET, SLA MET; compliance MET" in result.output
    assert "- Left out: `phase5-dev-1`, its profile is dev" in result.output
    assert "Counted: `phase5-prod-1`, `phase5-prod-2`" in result.output


def test_the_exit_codes_are_missed_and_unknown(tmp_path: Path) -> None:
    place = RunOnDisk(latencies_ms={20: 100}).write(tmp_path / "run")
    probed(place, failing=1)
    assert invoke(str(place)).return_value == 1
    (place / "probes.csv").unlink()
    assert invoke(str(place)).return_value == 3
    assert invoke(str(place), "--month", "2020-01").return_value == 3
    assert invoke(str(place), "--profile", "staging").return_value == 3


def test_bad_places_and_months_are_one_message(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    message = str(invoke(str(tmp_path / "empty"), str(tmp_path / "gone")).exception)
    assert "empty': holds no run directory" in message
    assert "gone': no such directory" in message
    assert "is no month: write it as 2026-03" in str(invoke("--month", "March").exception)


def test_levels_of_your_own(tmp_path: Path) -> None:
    file = tmp_path / "levels.toml"
    file.write_text("compliance_pct = 90\n[sla]\navailability_pct = 99\nlatency_ms = 300\ncredits = [[95, 5]]\n")
    levels = load_service_levels(file)
    assert (levels.compliance_pct, levels.sla.availability_pct, levels.sla.latency_s) == (90.0, 99.0, 0.3)
    assert levels.sla.credit_for(96.0) == 5.0
    assert levels.slo == DEFAULT_LEVELS.slo


def test_every_problem_of_a_levels_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "levels.toml"
    file.write_text(
        'other = 1\n[slo]\navailability_pct = 101\nlatency_ms = "fast"\n[sla]\ncredits = [[1, 2], [3, 4]]\n'
    )
    result = invoke(str(tmp_path), "--levels", str(file))
    for told in (
        "other = '1': is unknown", "slo.availability_pct = '101': must be a number above 0 and at most 100",
        "slo.latency_ms = 'fast': must be a number above 0", "sla.credits = '[[1, 2], [3, 4]]': must be a list",
    ):  # fmt: skip
        assert told in str(result.exception)


@pytest.mark.parametrize("text", ["= broken", "\x00"])
def test_a_levels_file_that_is_none_is_one_message(tmp_path: Path, text: str) -> None:
    file = tmp_path / "levels.toml"
    file.write_text(text)
    assert "is not TOML" in str(invoke(str(tmp_path), "--levels", str(file)).exception)
