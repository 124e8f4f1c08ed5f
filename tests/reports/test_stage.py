"""Nights keep what a comparison needs, so that `report regress` judges them by intervals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.baselines import call, code, long_run, validation, write_json

if TYPE_CHECKING:
    from pathlib import Path

DAY = "phase5-20260301.json"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of two minutes with a validation that it passed."""
    place = long_run(run_id="phase5-prod-20260301-020000").write(tmp_path / "run")
    write_json(place / "validation.json", validation())
    return place


def staged(tmp_path: Path, *arguments: object) -> tuple[int, dict[str, Any]]:
    ended = code(call("stage", *arguments, "--into", tmp_path / "nightly"))
    place = tmp_path / "nightly" / DAY
    return ended, json.loads(place.read_text()) if place.exists() else {}


def test_a_validation_alone_is_kept_as_it_is(tmp_path: Path, run: Path) -> None:
    ended, night = staged(tmp_path, run / "validation.json")
    assert (ended, night) == (0, validation())


@pytest.mark.parametrize("by_option", [True, False], ids=["--run", "the run itself"])
def test_a_night_of_a_run_holds_its_validation_and_its_blocks(tmp_path: Path, run: Path, by_option: bool) -> None:
    ended, night = staged(tmp_path, *((run / "validation.json", "--run", run) if by_option else (run,)))
    assert ended == 0
    assert {key: night[key] for key in validation()} == validation()
    assert len(night["client"]["blocks"]) == 12
    assert night["client"]["requests"] == 1_200
    assert night["baseline"]["source"] == "phase5-prod-20260301-020000"
    assert night["run"]["rate_per_s"] == 10


def test_a_run_is_compared_with_such_a_night_by_intervals(tmp_path: Path, run: Path) -> None:
    staged(tmp_path, run)
    night = tmp_path / "nightly" / DAY
    slower = long_run(slower=2.0, run_id="now").write(tmp_path / "now")
    body = json.loads(call("regress", slower, night, "--json").output)
    p95 = next(item for item in body["figures"] if item["figure"] == "p95")
    assert (body["verdict"], p95["verdict"]) == ("REGRESSED", "REGRESSED")
    assert p95["interval"][0] > 0.05


def test_good_nights_are_the_history_that_tells_how_runs_differ(tmp_path: Path, run: Path) -> None:
    """One baseline alone cannot tell; eleven nights like it can; the bad and the empty ones are no part of that."""
    staged(tmp_path, run)
    night = json.loads((tmp_path / "nightly" / DAY).read_text())
    for day in range(2, 13):
        earlier = {**night, "baseline": {**night["baseline"], "source": f"night {day}"}}
        write_json(tmp_path / "nightly" / f"phase5-202602{day:02}.json", earlier)
    failed = {**night, **validation("fail"), "baseline": {**night["baseline"], "source": "a bad night"}}
    write_json(tmp_path / "nightly" / "phase5-20260213.json", failed)
    (tmp_path / "nightly" / "phase5-20260214.json").write_text("")
    same = long_run(run_id="now").write(tmp_path / "now")
    shelf = tmp_path / "baseline"
    assert code(call("baseline", "save", run, "--dir", shelf, "--force")) == 0
    assert json.loads(call("regress", same, shelf, "--json").output)["verdict"] == "UNDERPOWERED"
    told = call("regress", same, shelf, "--nights", tmp_path / "nightly", "--json")
    assert json.loads(told.output)["verdict"] == "EQUIVALENT"
    assert "a bad night" not in told.output
    assert code(call("regress", same, shelf, "--nights", tmp_path / "not-yet")) == 3


def test_a_baseline_that_was_rotated_from_such_nights_keeps_the_blocks(tmp_path: Path, run: Path) -> None:
    staged(tmp_path, run)
    turned = call(
        "baseline", "rotate", "--nightly", tmp_path / "nightly", "--dir", tmp_path / "baseline", "--days", "1"
    )
    assert turned.output.splitlines()[-1] == "baseline_rotated=true"
    same = long_run(run_id="now").write(tmp_path / "now")
    body = json.loads(call("regress", same, tmp_path / "baseline", "--json").output)
    assert "no latencies of blocks" not in json.dumps(body)


def test_the_history_of_nights_reads_such_a_night(tmp_path: Path, run: Path) -> None:
    staged(tmp_path, run)
    shown = call("trend", tmp_path / "nightly")
    assert "| 2026-03-01 |      1 |      0 |   0 |   pass |" in shown.output
    assert "does not" not in shown.output


def test_a_run_without_a_validation_is_refused_with_the_remedy(tmp_path: Path) -> None:
    bare = long_run(run_id="bare").write(tmp_path / "bare")
    result = call("stage", bare, "--into", tmp_path / "nightly")
    assert code(result) == 2
    assert f"has no validation.json: `loadgen report validate {bare}` writes it" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["{run}", "--run", "{run}"], "is a run itself"),
        (["{run}/validation.json", "--run", "nowhere"], "is no run directory"),
        (["{run}/metadata.json"], "not a validation JSON"),
        (["--unreachable", "refused", "--run", "{run}"], "a night that was not reached has no run"),
        (["{run}", "--unreachable", "refused"], "give either VALIDATION or RUN"),
        (["{run}", "--impl", "../x"], "write a small word"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, run: Path, arguments: list[str], reason: str) -> None:
    result = call("stage", *[word.format(run=run) for word in arguments], "--into", tmp_path / "nightly")
    assert code(result) == 2
    assert reason in str(result.exception)
    assert not (tmp_path / "nightly").exists()


def test_a_run_without_latencies_is_kept_and_that_is_told(tmp_path: Path, run: Path) -> None:
    (run / "latency.hlog").unlink()
    result = call("stage", run, "--into", tmp_path / "nightly")
    assert code(result) == 0
    assert "can only check tolerances" in result.output
