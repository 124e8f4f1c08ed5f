"""What a run that was cut short has to say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Question, assess
from reports.analysis.partial import elapsed_s, planned_text, summarize
from reports.loader.directory import load
from tests.support.judging import judge
from tests.support.runs import T0, RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path

TRIP = {"input": "client", "metric": "failures / scheduled", "value": 0.1, "threshold": 0.02, "window_s": 10.0}


def tripped(trip: dict[str, Any] | None, **settings: Any) -> RunOnDisk:
    breaker = {"enabled": True, "inputs": [], "trip": trip}
    metadata = {"breaker": breaker, "status": "aborted_circuit_breaker"}
    return quick_run(metadata=metadata, **settings)


@pytest.mark.parametrize(
    ("run", "action"),
    [
        (quick_run(status="running"), "If it still runs, follow it with `loadgen status`"),
        (quick_run(status="failed"), "Read `load.log` and `observe.log` for what failed"),
        (quick_run(status="stopped"), "Run again to the planned end when a verdict is needed"),
        (quick_run(), "The run is complete: read the production report"),
        (tripped(TRIP), "No load is on the service any more"),
    ],
)
def test_what_to_do_follows_from_how_the_run_ended(tmp_path: Path, run: RunOnDisk, action: str) -> None:
    assert summarize(judge(tmp_path, run)).actions[0].startswith(action)


def test_a_trip_in_production_tells_how_to_come_back(tmp_path: Path) -> None:
    actions = summarize(judge(tmp_path, tripped(TRIP, profile="production"))).actions
    assert any("`--after-trip run`" in action for action in actions)


def test_a_blind_trip_asks_for_the_metrics_endpoint(tmp_path: Path) -> None:
    partial = summarize(judge(tmp_path, tripped({**TRIP, "input": "blind"})))
    assert partial.actions[1].startswith(
        "Follow `docs/runbooks/METRICS_STALLED.md`, and begin the record: `loadgen report"
    )
    assert partial.actions[2].startswith("Find out why the metrics endpoint stopped answering")


def test_a_trip_without_its_particulars_is_still_told(tmp_path: Path) -> None:
    partial = summarize(judge(tmp_path, tripped(None)))
    assert partial.trip == "the breaker tripped; the record does not say why"


def test_the_duration_comes_from_the_best_source_there_is(tmp_path: Path) -> None:
    """30 s by the seconds; without them by the end, 20 s; without that by the last of three samples, 30 s."""
    run = load(quick_run().write(tmp_path / "run"))
    assert elapsed_s(run) == 30
    without_seconds = replace(run, client=replace(run.client, seconds=0), ended=T0 + timedelta(seconds=20))
    assert elapsed_s(without_seconds) == 20
    assert elapsed_s(replace(without_seconds, ended=None)) == 30
    assert elapsed_s(replace(without_seconds, ended=None, rows=())) is None
    assert planned_text(summarize(judge(tmp_path, quick_run()))) == "30s of 30s planned"


def test_nothing_recorded_is_said(tmp_path: Path) -> None:
    metadata: dict[str, Any] = {"server_window": None, "load": None}
    place = quick_run(status="running", metadata=metadata).write(tmp_path / "run")
    for name in ("summary.json", "metrics.csv", "latency.hlog", "load-stats.csv"):
        (place / name).unlink()
    partial = summarize(assess(load(place), Question(SloTargets())))
    assert partial.impact == ("Nothing was recorded from which an impact could be told.",)


def test_answers_from_a_substitute_are_part_of_the_impact(tmp_path: Path) -> None:
    window = {"effective_fallback": 30, "fallback": {"cache_miss": 6, "http_error": 10, "http_timeout": 20}}
    impact = summarize(judge(tmp_path, quick_run(window=window))).impact
    assert "30 fallbacks degraded answers (20 http_timeout, 10 http_error)." in impact
    assert not any("degraded" in sentence for sentence in summarize(judge(tmp_path, quick_run())).impact)
