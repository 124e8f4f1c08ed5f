"""The steps of the scheduled workflows run here, in their order, on the demo service: night, rotation, thresholds."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from loadgen.core.clock import utc_now
from tests.support.local_workflows import (
    GOOD_NIGHTS,
    Outcome,
    Runner,
    clone_of_this,
    keep_good_nights,
    keep_plan,
    main,
    variables_of,
)
from tests.support.processes import service
from tests.support.workflows import workflows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALL = workflows()
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def clone() -> Iterator[Path]:
    with clone_of_this() as place:
        keep_good_nights(place)
        keep_plan(place)
        yield place


def told(outcomes: list[Outcome]) -> dict[str, int | None]:
    return {outcome.step.name: outcome.code for outcome in outcomes}


@pytest.mark.stack
def test_defects_4_and_16_a_night_without_a_terminal_is_kept_and_its_suggestions_fit_the_thresholds(
    clone: Path,
) -> None:
    with service("loadgen.demo") as demo:
        runner = Runner(clone, variables_of(demo.url), {"apply": True})
        night = runner.run(ALL["nightly"])
    ended = told(night)
    # whether a figure of a busy machine is within its threshold is not the question here
    assert ended["The round of the service"] in (0, 1, 3), night
    assert ended["The round of the demo service"] is None
    assert ended["Summary"] == 0
    kept = json.loads((clone / "results" / "nightly" / f"phase5-{utc_now():%Y%m%d}.json").read_text())
    assert kept["client"]["requests"] == 240, "a night of a load holds its latencies"

    shown = runner.run(ALL["thresholds"])
    assert told(shown)["Difference"] == told(shown)["Apply"] == told(shown)["The file is still sound"] == 0
    assert told(shown)["The alert rules that they give"] == 0
    assert "--- a/reports/data/phase5-thresholds.json" in (clone / "results/thresholds/tighter.patch").read_text()
    thresholds = json.loads((clone / "reports/data/phase5-thresholds.json").read_text())["thresholds"]
    assert {one["metric"]: one["threshold"] for one in thresholds}["plugin_reload_latency_p95"] < 2
    changed = subprocess.run(["git", "status", "--short"], cwd=clone, capture_output=True, text=True, check=True).stdout
    assert " M ops/prometheus/alerts.yml" in changed.splitlines(), "the rules follow the thresholds"


@pytest.mark.stack
def test_staging_is_measured_unattended_and_its_run_is_kept(clone: Path) -> None:
    with service("loadgen.demo") as demo:
        outcomes = Runner(clone, variables_of(demo.url)).run(ALL["staging"])
    assert told(outcomes)["Preflight, warm-up, load, breaker, report"] in (0, 1, 3), outcomes
    assert told(outcomes)["Summary"] == 0
    (report,) = (clone / "results").glob("phase5-staging-*/production-report.md")
    assert "“staging”" in report.read_text()


@pytest.mark.stack
def test_what_a_dispatch_says_is_never_a_command(clone: Path) -> None:
    foul = Runner(clone, inputs={"scenario": "mime-slow", "duration": '5m"; touch caught; "'})
    assert told(foul.run(ALL["alert-synth"]))["Play on the demo service"] == 2
    assert not (clone / "caught").exists()


@pytest.mark.stack
def test_defect_12_fourteen_good_nights_are_rotated_and_the_pull_request_is_asked_for(clone: Path) -> None:
    today = clone / "results" / "nightly" / f"phase5-{utc_now():%Y%m%d}.json"
    yesterday = sorted(today.parent.glob("phase5-*.json"))[GOOD_NIGHTS - 1]
    night = json.loads(yesterday.read_text())
    today.write_text(json.dumps({**night, "timestamp": f"{utc_now():%Y-%m-%d}T02:00:00Z"}))
    outcomes = Runner(clone).run(ALL["baseline-rotation"])
    assert told(outcomes)["Rotate"] == told(outcomes)["What stands on the shelf"] == 0
    assert outcomes[-1].told == "an action", "the pull request"
    assert (clone / "baseline" / "phase5-baseline.json").resolve().is_file()


def test_without_a_history_nothing_is_rotated_and_nothing_fails() -> None:
    with clone_of_this() as clone:
        outcomes = Runner(clone, say=lambda _: None).run(ALL["baseline-rotation"])
        assert not (clone / "baseline").exists()
    assert [outcome.code for outcome in outcomes if outcome.step.name == "Rotate"] == [None]
    assert outcomes[-1].told == "its condition does not hold"


def test_a_step_after_a_failed_one_is_left_out_unless_it_says_otherwise(tmp_path: Path) -> None:
    """A tree without a set-up: every command fails, and the steps that never look at failure still run."""
    (tmp_path / "Makefile").write_text("setup:\n\t@true\nsummary:\n\t@echo told\n")
    outcomes = Runner(tmp_path, {"LOAD_BASE_URL": "http://127.0.0.1:1"}, say=lambda _: None).run(ALL["nightly"])
    assert told(outcomes)["make setup"] == 0
    assert told(outcomes)["The round of the service"] == 127
    assert told(outcomes)["Summary"] == 0
    propose = [outcome for outcome in outcomes if outcome.step.job == "propose"]
    assert len(propose) == 3, "a failed night is proposed too"


def test_a_name_that_is_no_workflow_and_a_job_that_is_none_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nightly", "weekly", "ci/gard"]) == 2
    assert re.search(r"no such workflow: ci/gard, weekly; there are .*nightly", capsys.readouterr().err)
