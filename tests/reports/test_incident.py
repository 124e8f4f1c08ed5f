"""The skeleton of an incident: seven stages, what the run knows, and nothing that it cannot know."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from loadgen.core.errors import InputError
from loadgen.notify.response import BREAKER_RUNBOOKS, Level
from loadgen.run.breaker_inputs import Input
from reports.analysis.incident import incident_of, level_of, page_of
from reports.cli import report
from tests.support.golden import GOLDEN, judged
from tests.support.judging import judge
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

STAGES = ["Detection", "Alert", "Acknowledgement", "Assessment", "Mitigation", "Recovery", "Post-Incident"]
TRIPPED = GOLDEN / "demo-tripped"


def trip(source: str, **more: object) -> RunOnDisk:
    found = {"input": source, "metric": "m", "value": 0.1, "threshold": 0.02, "window_s": 10.0, **more}
    breaker = {"enabled": True, "inputs": [], "trip": found}
    return quick_run(metadata={"breaker": breaker, "status": "aborted_circuit_breaker"})


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(report, ["incident", *arguments], standalone_mode=False)


def test_the_seven_stages_stand_in_their_order() -> None:
    page = invoke(str(TRIPPED)).output
    headings = [line.removeprefix("## ") for line in page.splitlines() if line.startswith("## ")]
    assert headings == ["Facts", *STAGES, "Timeline", "Evidence"]


def test_what_a_tripped_run_knows_is_filled_in() -> None:
    incident = incident_of(judged(TRIPPED))
    stages = {stage.title: " ".join(stage.known) for stage in incident.stages}
    assert incident.response == "CRITICAL: respond within 2 min"
    assert dict(incident.facts)["Runbook"] == "docs/runbooks/ERROR_RATE.md"
    assert "second 11 of the load (2026-11-21T05:46:01.277Z)" in stages["Detection"]
    assert "3.06s after the first failed request" in stages["Detection"]
    assert "by 2026-11-21T05:48:04.338Z" in stages["Acknowledgement"]
    assert "31 of 1,125 that ended failed" in stages["Assessment"]
    assert "no load since 2026-11-21T05:46:04.535Z" in stages["Mitigation"]
    assert "error rate 9.51 %, P95 49.2 ms" in stages["Recovery"]
    assert incident.timeline[0] == ("2026-11-21T05:45:44.966Z", "the run began")


def test_what_only_people_know_is_an_empty_box() -> None:
    page = invoke(str(TRIPPED)).output
    assert "- [ ] Acknowledged by, at:" in page
    assert "- [ ] Root cause:" in page
    assert "[x]" not in page


def test_nothing_is_said_about_the_time_after_the_run() -> None:
    recovery = next(stage for stage in incident_of(judged(TRIPPED)).stages if stage.title == "Recovery")
    assert recovery.known[-1].startswith("Nothing was measured after the run")


@pytest.mark.parametrize(
    ("run", "level"),
    [
        (trip("client"), Level.CRITICAL),
        (quick_run(failed={"http_5xx": 78}), Level.HIGH),
        (quick_run(latencies_ms={600: 100}), Level.HIGH),
        (quick_run(metadata={"status": "failed"}), Level.HIGH),
        (quick_run(failed={"http_5xx": 9}), Level.MEDIUM),
        (quick_run(metadata={"validity": {"state": "INVALID", "reasons": ["lag"]}}), Level.LOW),
        (quick_run(), Level.LOW),
    ],
    ids=["tripped", "a quarter fails", "p95 above 500 ms", "the run failed", "objective missed", "INVALID", "healthy"],
)
def test_the_level_follows_from_what_happened(tmp_path: Path, run: RunOnDisk, level: Level) -> None:
    assert run.scheduled == 300
    assert level_of(judge(tmp_path, run)) is level


@pytest.mark.parametrize("source", list(Input))
def test_a_trip_of_every_input_has_its_runbook(tmp_path: Path, source: Input) -> None:
    assert page_of(judge(tmp_path, trip(source.value))) == f"docs/runbooks/{BREAKER_RUNBOOKS[source.value]}"


def test_every_input_of_the_breaker_has_a_runbook() -> None:
    assert set(BREAKER_RUNBOOKS) == {source.value for source in Input}


@pytest.mark.parametrize(
    ("run", "page"),
    [
        (quick_run(latencies_ms={400: 100}), "LATENCY.md"),
        (quick_run(rss_mb=900), "MEMORY.md"),
        (RunOnDisk(cache_hits=1, cache_misses=9), "CACHE.md"),
        (RunOnDisk(cache_hits=0, cache_misses=0), "METRICS_STALLED.md"),
        (quick_run(window={"restarts": 1}), "TARGET_RESTART.md"),
        (quick_run(metadata={"validity": {"state": "INVALID", "reasons": ["lag"]}}), "GENERATOR_INVALID.md"),
        (RunOnDisk(), "README.md"),
    ],
)
def test_each_kind_of_trouble_leads_to_its_runbook(tmp_path: Path, run: RunOnDisk, page: str) -> None:
    assert page_of(judge(tmp_path, run)) == f"docs/runbooks/{page}"


def test_a_trip_in_production_names_when_the_host_is_free_again(tmp_path: Path) -> None:
    run = trip("error_rate", at="2026-03-01T12:00:20.000Z")
    production = replace(run, profile="production", environment="production")
    mitigation = next(stage for stage in incident_of(judge(tmp_path, production)).stages if stage.title == "Mitigation")
    assert "refused until 2026-03-01T12:15:20.000Z" in mitigation.known[-1]


def test_a_file_that_people_write_into_is_not_overwritten(tmp_path: Path) -> None:
    page = tmp_path / "incident.md"
    assert invoke(str(TRIPPED), "-o", str(page)).return_value == 0
    page.write_text("ours")
    assert isinstance(invoke(str(TRIPPED), "-o", str(page)).exception, InputError)
    assert page.read_text() == "ours"
    assert invoke(str(TRIPPED), "-o", str(page), "--force").return_value == 0
    assert page.read_text().startswith("# Incident: ")
