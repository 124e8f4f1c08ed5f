"""The first metadata.json, the fingerprint, probes.csv and what a view is shown: pure parts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from loadgen.core.events import BreakerLine, InputLine
from loadgen.core.messages import Probe, Ready, Tick
from loadgen.core.redact import Secret
from loadgen.core.units import NS_PER_MS, NS_PER_S, Rate, parse_rate
from loadgen.plan.model import Arrival, Closed, LoadPlan, Stage
from loadgen.run.document import initial_document, rate_text, without_userinfo
from loadgen.run.fingerprint import cgroup_cpus, take_fingerprint
from loadgen.run.guard import fresh_ns, least_window_ns
from loadgen.run.phases import LoadPhase, duration_ns, mean_rate_per_s, planned_requests
from loadgen.run.probes import COLUMNS, ProbesWriter, probe_row
from loadgen.run.progress import Around, Rows, progress_of
from loadgen.run.seconds import Standing
from loadgen.run.stages import StageBegins
from tests.support.supervised import load_plan, make_plan

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
STAGED = replace(load_plan(1), stages=(Stage(parse_rate("10"), 2 * NS_PER_S), Stage(parse_rate("40"), 3 * NS_PER_S)))


def phase_of(plan: LoadPlan) -> LoadPhase:
    return LoadPhase("main", plan, [], lambda row: None)


def test_the_first_document_names_the_run_and_no_secret() -> None:
    plan = replace(
        make_plan(3, observed=True),
        base_url="https://me:hunter2@host/x",  # not-a-secret
        jwt=Secret("tok-0123456789"),
    )

    document = initial_document(plan, "phase5-dev-1", AT, {"cpus": 2}, [{"name": "disk"}])

    assert (document["status"], document["run_id"], document["base_url"]) == (
        "running",
        "phase5-dev-1",
        "https://host/x",
    )
    assert (document["rate"], document["rate_per_s"], document["duration_seconds"]) == ("20/s", 20.0, 3.0)
    assert (document["samples"], document["interval_seconds"]) == (3, 1.0)
    assert (document["jwt_provided"], document["plan"]["jwt"]) == (True, "***6789")
    assert document["breaker"]["thresholds"] == {"error_rate": 0.02, "effective_fallback": 0.08}


def test_the_record_holds_no_value_of_the_query_of_a_metrics_address() -> None:
    plan = make_plan(3, observed=True)
    assert plan.observation is not None
    plan = replace(plan, observation=replace(plan.observation, metrics_urls=("https://host/m?t=hunter22",)))
    document = initial_document(plan, "phase5-dev-1", AT, {}, [])
    assert document["metrics_url"] == document["plan"]["observation"]["metrics_urls"] == ["https://host/m?t=***"]


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("http://host:1/a?b=c", "http://host:1/a?b=c"),
        ("http://u@host/", "http://host/"),
        ("http://u:p@[::1]:8/", "http://[::1]:8/"),
    ],
)
def test_user_and_password_leave_a_url(url: str, clean: str) -> None:
    assert without_userinfo(url) == clean


def test_the_rate_of_stages_is_arrivals_over_the_whole_schedule() -> None:
    assert duration_ns(STAGED) == 5 * NS_PER_S
    assert mean_rate_per_s(STAGED) == (2 * 10 + 3 * 40) / 5
    assert planned_requests(STAGED) == 140
    assert rate_text(STAGED) == "10/s → 40/s"


def test_a_ramp_counts_with_the_area_under_it_and_is_written_with_both_ends() -> None:
    ramp = replace(STAGED, stages=(Stage(Rate(0, 1), 10 * NS_PER_S, parse_rate("10")),))

    assert (mean_rate_per_s(ramp), planned_requests(ramp)) == (5, 50)
    assert phase_of(ramp).rate_at(4 * NS_PER_S) == 4
    assert rate_text(ramp) == "0/s..10/s"


def test_a_closed_load_has_no_rate_and_no_planned_number() -> None:
    closed = replace(STAGED, stages=(Stage(Rate(0, 1), 5 * NS_PER_S),), closed=Closed(20 * NS_PER_MS), concurrency=9)

    assert (mean_rate_per_s(closed), planned_requests(closed), phase_of(closed).rate_at(0)) == (None, None, None)
    assert rate_text(closed) == "closed, 9 at a time, 20ms think time"
    assert rate_text(replace(STAGED, arrival=Arrival.POISSON)) == "10/s → 40/s Poisson"


def test_of_many_stages_the_first_ones_and_the_last_are_named() -> None:
    steps = tuple(Stage(Rate(n, NS_PER_S), NS_PER_S) for n in range(1, 21))

    assert rate_text(replace(STAGED, stages=steps)) == "1/s → 2/s → 3/s → 4/s → 5/s → 6/s → 7/s → … → 20/s"


@pytest.mark.parametrize(("elapsed_s", "rate"), [(0, 10), (1.9, 10), (2, 40), (4.9, 40), (5, 0)])
def test_the_rate_asked_at_an_instant_is_that_of_its_stage(elapsed_s: float, rate: float) -> None:
    assert phase_of(STAGED).rate_at(round(elapsed_s * NS_PER_S)) == rate


@pytest.mark.parametrize(("text", "cpus"), [("max 100000", None), ("150000 100000", 1.5), ("", None)])
def test_the_cgroups_processors_are_its_quota(tmp_path: Path, text: str, cpus: float | None) -> None:
    (tmp_path / "cpu.max").write_text(text)

    assert cgroup_cpus(tmp_path) == cpus


def test_a_fingerprint_knows_this_host() -> None:
    fingerprint = take_fingerprint(3)

    assert fingerprint["workers"] == 3
    assert fingerprint["cpus"] >= 1
    assert fingerprint["versions"]["numpy"]


def test_a_probe_is_one_row_with_both_server_inputs(tmp_path: Path) -> None:
    probe = Probe(12 * NS_PER_S, 3 * NS_PER_MS, True, "", 100.0, 1.0, 2.0, 5.0, None, 0.5)
    lines = [BreakerLine("error_rate", InputLine.ARMED, 0.0125, 0.02)]
    row = dict(zip(COLUMNS, probe_row(probe, AT, 10 * NS_PER_S, lines), strict=True))

    assert (row["t_s"], row["took_ms"], row["ok"], row["requests"], row["degraded"]) == (
        "2.000",
        "3.000",
        "1",
        "100",
        "NA",
    )
    assert (row["error_rate_state"], row["error_rate_value"], row["error_rate_threshold"]) == (
        "ARMED",
        "0.0125",
        "0.02",
    )
    assert row["effective_fallback_state"] == "NA"

    writer = ProbesWriter(tmp_path / "probes.csv")
    writer.write(list(row.values()))
    assert len((tmp_path / "probes.csv").read_text().splitlines()) == 2
    writer.close()


async def test_a_view_is_shown_the_sum_of_the_workers() -> None:
    phase = LoadPhase("main", STAGED, [], lambda row: None)
    phase.t0_ns = 100 * NS_PER_S
    for worker in (0, 1):
        phase.take(worker, Tick(0, 15, 14, 12, {"timeout": 1}, {}, 0, 1, 1, 0))

    shown = progress_of(phase, Standing(sent=40, p99_ns=7), Around(Rows(1, 5, NS_PER_S)), 103 * NS_PER_S)

    assert (shown.elapsed_ns, shown.total_ns, shown.target_rate_per_s) == (3 * NS_PER_S, 5 * NS_PER_S, 40.0)
    assert (shown.scheduled, shown.sent, shown.failed, shown.p99_ns) == (30, 28, {"timeout": 2}, 7)
    assert (shown.sample, shown.samples, shown.next_sample_ns) == (1, 5, 0)


def test_connections_that_are_missing_at_the_start_are_counted_over_all_workers_with_a_reason() -> None:
    phase = LoadPhase("main", STAGED, [], lambda row: None)
    phase.take(0, Ready({"connections": 10, "asked": 10, "failed": {}, "why": ""}))
    assert phase.unopened == ""

    phase.take(
        1, Ready({"connections": 4, "asked": 10, "failed": {"tls_failed": 6}, "why": "the TLS handshake failed"})
    )
    assert phase.unopened == "14 of 20 connections are open at the start: the TLS handshake failed"


def test_windows_are_four_scrapes_long_where_a_prometheus_is_asked() -> None:
    assert least_window_ns({"mode": "prometheus", "scrape_interval_s": 15.0}) == 60 * NS_PER_S
    assert least_window_ns({"mode": "exposition", "scrape_interval_s": None}) == 0


def test_newer_data_is_waited_for_as_long_as_a_prometheus_needs_to_scrape_twice() -> None:
    assert fresh_ns({"mode": "prometheus", "scrape_interval_s": 15.0}) == 30 * NS_PER_S
    assert fresh_ns({"mode": "prometheus", "scrape_interval_s": None}) == 0
    assert fresh_ns({"mode": "exposition"}) == 0


def test_a_phase_that_was_stopped_ran_until_its_first_stop() -> None:
    phase = LoadPhase("main", STAGED, [], lambda row: None)
    phase.t0_ns = 100 * NS_PER_S
    assert phase.ran_ns == duration_ns(STAGED)

    phase.stop(102 * NS_PER_S, NS_PER_S, "SIGTERM")
    phase.stop(104 * NS_PER_S, 0, "again")
    assert phase.ran_ns == 2 * NS_PER_S

    late = LoadPhase("main", STAGED, [], lambda row: None)
    late.t0_ns = 100 * NS_PER_S
    late.stop(200 * NS_PER_S, 0, "in the drain")
    assert late.ran_ns == duration_ns(STAGED)


def test_stages_are_told_once_when_they_have_begun() -> None:
    begins = StageBegins(replace(STAGED, stages=(*STAGED.stages, Stage(parse_rate("5"), NS_PER_S, name="calm"))))

    assert list(begins.by(NS_PER_S)) == [(0, "stage 1 of 3 begins: 10/s for 2s")]
    assert list(begins.by(9 * NS_PER_S)) == [
        (2 * NS_PER_S, "stage 2 of 3 begins: 40/s for 3s"),
        (5 * NS_PER_S, "stage 3 of 3 begins: calm, 5/s for 1s"),
    ]
    assert list(StageBegins(load_plan(1)).by(NS_PER_S)) == []


def test_a_schedule_that_is_entered_later_has_less_to_do() -> None:
    rest = replace(STAGED, skip_ns=3 * NS_PER_S)

    assert (duration_ns(rest), mean_rate_per_s(rest), planned_requests(rest)) == (2 * NS_PER_S, 40, 80)
    assert list(StageBegins(rest).by(NS_PER_S)) == []
