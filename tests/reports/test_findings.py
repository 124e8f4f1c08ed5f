"""Traffic, absences, irregularities, the breaker's words and the next actions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from loadgen.core.errors import InputError
from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Question, Verdict, assess
from reports.analysis.check import Status
from reports.analysis.conduct import explain
from reports.analysis.targets import targets_of
from reports.loader.directory import load
from reports.model.run import Trip
from reports.render.verdict import head
from reports.render.write_markdown import write_head
from tests.support.judging import check_of, judge
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path


def test_fallback_sources_are_set_against_their_own_operations(tmp_path: Path) -> None:
    """3 HTTP fallbacks in 1,000 adapter operations are 0.3 %; 6 misses in 10,000 look-ups 0.06 %."""
    window = {"fallback": {"http_error": 2, "http_timeout": 1, "cache_miss": 6}}
    http, message, cache = judge(tmp_path, quick_run(window=window)).fallback
    assert http.events == 3
    assert http.window_pct == pytest.approx(0.3)
    assert (message.events, message.window_pct) == (0, 0)
    assert cache.events == 6
    assert cache.window_pct == pytest.approx(0.06)


def test_both_sides_count_of_requests_are_compared(tmp_path: Path) -> None:
    exercise = {"requests": 5, "by_outcome": {"http_2xx": 5}}
    flow = judge(tmp_path, quick_run(window={"requests": 312}, metadata={"exercise": exercise})).throughput
    assert (flow.served, flow.sent, flow.exercised, flow.others) == (312, 300, 5, 7)
    assert flow.in_rows == pytest.approx(300)
    assert flow.average_per_s == pytest.approx(10.4)


def test_rates_that_a_prometheus_dates_are_not_added_up(tmp_path: Path) -> None:
    assert judge(tmp_path, quick_run(metadata={"metrics_mode": "prometheus"})).throughput.in_rows is None


def test_how_evenly_requests_left_is_told_by_their_gaps_where_these_are_known(tmp_path: Path) -> None:
    assert judge(tmp_path, quick_run()).evenness == ("Requests sent per second", 1.0)
    by_gaps = quick_run(summary={"rate": {"gap_cv": 0.25, "second_cv": 0.01}})
    assert judge(tmp_path, by_gaps).evenness == ("The gaps between requests", 25.0)
    assert judge(tmp_path, quick_run(summary={"rate": {}})).evenness is None


def test_what_a_run_says_of_itself_twice_is_told_once(tmp_path: Path) -> None:
    run = quick_run(metadata={"error": "the disk is full", "notes": ["the disk is full"]})
    assert judge(tmp_path, run).irregularities == ("the disk is full",)


def test_errors_are_split_by_status(tmp_path: Path) -> None:
    split = judge(tmp_path, quick_run(errors_4xx=3, errors_5xx=6)).status_split
    assert split.share_4xx_pct == pytest.approx(1)
    assert split.share_5xx_pct == pytest.approx(2)


def test_columns_without_figures_are_gathered_by_where_they_are_missing(tmp_path: Path) -> None:
    rows = {2: {"cache_hit_rate": "NA", "p50_latency": "NA"}}
    everywhere, somewhere = judge(tmp_path, quick_run(rows=rows)).column_absences
    assert "plugin_reload_p95" in everywhere.columns
    assert somewhere.columns == ("p50_latency", "cache_hit_rate")
    assert somewhere.reason == "NA in 1 sample (2): nothing of the kind had happened by then"


def test_resets_restarts_and_gaps_are_told(tmp_path: Path) -> None:
    metadata = {"gaps": [{"t_s": 12.5, "text": "the host slept"}], "notes": ["late"]}
    run = quick_run(window={"resets": 2, "restarts": 1, "failed_scrapes": 1, "scrapes": 5}, metadata=metadata)
    assert judge(tmp_path, run).irregularities == (
        "The service restarted (1 restart seen); its counters are joined across it.",
        "1 scrape of 5 failed.",
        "Gap at 12.5 s: the host slept",
        "late",
    )


def test_several_processes_behind_one_url_spoil_the_record(tmp_path: Path) -> None:
    check = check_of(judge(tmp_path, quick_run(window={"incomplete": True})), "record")
    assert check.status is Status.NA
    assert "several processes answered behind one metrics URL" in check.reason


@pytest.mark.parametrize(
    ("breaker", "reason"),
    [
        ({"enabled": False, "inputs": [], "trip": None}, "switched off for this run"),
        (
            {"enabled": True, "trip": None, "inputs": [{"input": "blind", "armed": False, "reason": "allowed"}]},
            "quiet, but not armed on every input: blind (allowed)",
        ),
    ],
)
def test_a_breaker_that_did_not_watch_everything_is_a_warning(
    tmp_path: Path, breaker: dict[str, Any], reason: str
) -> None:
    check = check_of(judge(tmp_path, quick_run(metadata={"breaker": breaker})), "breaker")
    assert (check.status, check.reason) == (Status.WARN, reason)


def test_a_breaker_file_alone_says_that_it_tripped(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "breaker.json").write_text('{"input": "client", "val')
    check = check_of(judge(tmp_path, quick_run()), "breaker")
    assert (check.status, check.reason) == (Status.FAIL, "it tripped; the record does not say why")


@pytest.mark.parametrize(
    ("trip", "sentence"),
    [
        (
            Trip("client", "failures / scheduled", 0.0712, 0.02, 10.0, "12:00:10", "wilson"),
            "tripped on the client's own count of failures, failures / scheduled 7.12 % against 2 %, over 10 s, "
            "rule: wilson, at 12:00:10",
        ),
        (
            Trip("blind", "failed probes", 6.0, 6.0, None, "", "failed probes", "warmup", "connection refused"),
            "tripped on the loss of the service's metrics, failed probes 6 against 6, rule: failed probes, "
            "during warmup",
        ),
        (
            Trip("error_rate", "errors / requests", 0.020004, 0.02, None, "", ""),
            "tripped on the service's error rate, errors / requests 2.0004 % against 2 %",
        ),
    ],
)
def test_a_trip_is_explained_in_one_sentence(trip: Trip, sentence: str) -> None:
    assert explain(trip) == sentence


def test_actions_follow_the_findings(tmp_path: Path) -> None:
    first, *_ = judge(tmp_path, RunOnDisk(latencies_ms={20: 90, 200: 10})).actions
    assert first.startswith("Compare response, service and wait in the client table")
    assert judge(tmp_path, RunOnDisk()).actions == (
        "Keep this directory as the baseline that later runs are compared with.",
    )
    assert judge(tmp_path, quick_run()).actions == (
        "Take the same run against production when you need a production baseline.",
    )


def test_the_environment_overrides_the_runs_own_targets() -> None:
    targets, overrides = targets_of({"p95_s": 0.2}, {"SLO_P95": "0.3", "SLO_ERROR": "2", "SLO_MEM": ""})
    assert (targets.p95_s, targets.error_pct, targets.rss_mb) == (0.3, 2.0, 500.0)
    assert overrides == ("SLO_P95", "SLO_ERROR")


def test_the_runs_own_targets_hold_without_an_override() -> None:
    targets, overrides = targets_of({"p95_s": 0.2}, {"SLO_P95": "0.2"})
    assert (targets, overrides) == (SloTargets(p95_s=0.2), ())


def test_every_bad_override_is_named_at_once() -> None:
    with pytest.raises(InputError, match=r"(?s)2 problems.*SLO_SUCCESS = 'high'.*SLO_P99 = '-1'"):
        targets_of({}, {"SLO_SUCCESS": "high", "SLO_P99": "-1"})


def test_everything_the_client_noticed_is_told(tmp_path: Path) -> None:
    place = quick_run(metadata={"synthetic": True}).write(tmp_path / "run")
    summary = orjson.loads((place / "summary.json").read_bytes())
    summary["out_of_range"] = dict.fromkeys(("response", "response_ok", "service", "lag", "wait"), 2)
    summary["totals"] = {**summary["totals"], "scheduled": 302, "sent": 302, "done": 302}
    summary["outcomes"] = {"ok": 302}
    (place / "summary.json").write_bytes(orjson.dumps(summary))
    seconds = (place / "load-stats.csv").read_text().replace("299,299,299", "301,301,301")
    (place / "load-stats.csv").write_text(seconds)
    (place / "probes.csv").write_text("timestamp,ok\na,1\nb,0\n")
    assessment = assess(load(place), Question(SloTargets()))
    assert assessment.irregularities == (
        *(f"2 values of the clock “{clock}” lay above the histogram's range." for clock in summary["out_of_range"]),
        "1 fast probe of 2 failed.",
    )
    assert (
        "Synthetic data: made up, or brought about on purpose; this is no measurement of a service."
        in assessment.banners
    )
    assert check_of(assessment, "account").status is Status.PASS


def test_a_reset_without_a_restart_is_told(tmp_path: Path) -> None:
    assert judge(tmp_path, quick_run(window={"resets": 2})).irregularities == (
        "2 counter resets seen; the new values were added.",
    )


def test_an_observation_alone_is_no_run_that_failed(tmp_path: Path) -> None:
    run = quick_run(kind="observation", metadata={"load": None}).write(tmp_path / "run")
    for name in ("summary.json", "latency.hlog", "load-stats.csv"):
        (run / name).unlink()
    assessment = assess(load(run), Question(SloTargets()))
    assert assessment.verdict is Verdict.INCOMPLETE
    assert (
        check_of(assessment, "load").reason == check_of(assessment, "account").reason == "an observation sends nothing"
    )
    assert len(assessment.actions) == 1
    assert "that needs `loadgen baseline`" in assessment.actions[0]


def test_what_a_metric_profile_lacks_is_named_under_the_verdict(tmp_path: Path) -> None:
    assessment = judge(tmp_path, quick_run(metadata={"not_applicable": ["effective_fallback", "snapshot"]}))
    told = "**Not applicable:** effective fallback, snapshot (the metric profile has no such metric)  "
    assert told in write_head(head(assessment, "Production Report", datetime(2026, 5, 1, tzinfo=UTC)))
