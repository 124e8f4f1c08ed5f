"""What a verb tells the workflow around it, and the check of a thresholds file."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import click
import pytest

from loadgen.core.errors import InputError, LoadgenError
from reports.loader.thresholds import bundled_text
from reports.verbs.hosting import tell_workflow
from tests.support.baselines import call, code, write_nights

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    place = tmp_path / "outputs"
    place.write_text("earlier=1\n")
    return place


def test_an_output_is_added_to_those_before_it(outputs: Path) -> None:
    tell_workflow("done", True, {"GITHUB_OUTPUT": str(outputs)})
    tell_workflow("rest", False, {"GITHUB_OUTPUT": str(outputs)})
    assert outputs.read_text() == "earlier=1\ndone=true\nrest=false\n"


def test_elsewhere_nothing_is_told(tmp_path: Path) -> None:
    tell_workflow("done", True, {})
    tell_workflow("done", True, {"GITHUB_OUTPUT": ""})
    assert list(tmp_path.iterdir()) == []


def test_outputs_that_cannot_be_written_are_an_error(tmp_path: Path) -> None:
    """A later job that depends on the output would otherwise be left out in silence."""
    with pytest.raises(LoadgenError, match=r"GITHUB_OUTPUT: .*cannot be written"):
        tell_workflow("done", True, {"GITHUB_OUTPUT": str(tmp_path)})


@pytest.mark.parametrize(("days", "told"), [(14, "true"), (13, "false")])
def test_a_rotation_tells_whether_it_rotated(tmp_path: Path, outputs: Path, days: int, told: str) -> None:
    write_nights(tmp_path / "nightly", date(2026, 3, 20), days)
    place = ("--nightly", tmp_path / "nightly", "--dir", tmp_path / "baseline")
    call("baseline", "rotate", *place, env={"GITHUB_OUTPUT": str(outputs)})
    assert outputs.read_text().splitlines()[-1] == f"baseline_rotated={told}"


@pytest.mark.parametrize(("count", "told"), [(1, "true"), (0, "false")])
def test_an_update_tells_whether_there_is_anything_to_change(
    tmp_path: Path, outputs: Path, count: int, told: str
) -> None:
    thresholds, suggestions = tmp_path / "thresholds.json", tmp_path / "suggestions.json"
    thresholds.write_text(bundled_text())
    one = {
        "metric": "plugin_reload_latency_p95", "current_threshold": 2.0, "suggested_threshold": 0.58,
        "median_observed": 0.5, "unit": "seconds",
    }  # fmt: skip
    suggestions.write_text(json.dumps({"generated_at": "2026-03-31T04:00:00Z", "suggestions": [one] * count}))
    result = call("thresholds", suggestions, thresholds, env={"GITHUB_OUTPUT": str(outputs)})
    assert code(result) == 0, result.output
    assert outputs.read_text().splitlines()[-1] == f"thresholds_changed={told}"


def test_a_sound_thresholds_file_is_said_to_be(tmp_path: Path) -> None:
    place = tmp_path / "thresholds.json"
    place.write_text(bundled_text())
    result = call("thresholds", "--check", place)
    assert (code(result), result.output) == (0, f"{place}: sound, 18 thresholds\n")


def test_every_problem_of_a_thresholds_file_is_told(tmp_path: Path) -> None:
    place = tmp_path / "thresholds.json"
    place.write_text(json.dumps({"version": "1", "thresholds": [{"metric": "x"}, {"metric": "y", "kind": "speed"}]}))
    error = call("thresholds", "--check", place).exception
    assert isinstance(error, InputError)
    told = " ".join(str(problem) for problem in error.problems)
    assert "thresholds[0].threshold" in told
    assert "thresholds[1].kind" in told


@pytest.mark.parametrize(
    "more", [["--apply"], ["--backup"], ["--patch", "a.patch"], ["--env-file", "a.env"], ["suggestions.json"]]
)
def test_a_check_goes_alone(tmp_path: Path, more: list[str]) -> None:
    place = tmp_path / "thresholds.json"
    place.write_text(bundled_text())
    error = call("thresholds", *more, "--check", place).exception
    assert isinstance(error, click.UsageError)
    assert "--check goes alone" in error.message


def test_without_files_both_are_asked_for() -> None:
    error = call("thresholds").exception
    assert isinstance(error, click.UsageError)
    assert "give SUGGESTIONS and THRESHOLDS, or --check FILE" in error.message
