"""Baselines are kept, refused, listed and found."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from reports.loader.shelf import Shelf, ShelfError
from reports.verbs.measuring import measure
from tests.support.baselines import GET, call, code, long_run, validation, write_json

if TYPE_CHECKING:
    from pathlib import Path

REAL_REDIS = {GET: {"p50": 0.001, "p95": 0.002, "p99": 0.004, "count": 400, "sum": 0.5, "mean": 0.00125}}


def test_a_good_run_is_kept_under_its_time_and_two_links(tmp_path: Path) -> None:
    run, shelf = long_run().write(tmp_path / "run"), tmp_path / "baseline"

    assert code(call("baseline", "save", run, "--dir", shelf)) == 0

    names = sorted(path.name for path in shelf.iterdir())
    assert names[1:] == ["phase5-baseline-memory.json", "phase5-baseline.json"]
    assert all(os.readlink(shelf / name) == names[0] for name in names[1:])


def test_links_hold_when_the_directory_is_moved(tmp_path: Path) -> None:
    run = long_run().write(tmp_path / "run")
    call("baseline", "save", run, "--dir", tmp_path / "baseline")
    shutil.move(tmp_path / "baseline", tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "phase5-baseline.json").exists()
    assert not any(slot.dangling for slot in Shelf(tmp_path / "elsewhere").slots())


def test_the_file_alone_compares_as_the_run_directory_does(tmp_path: Path) -> None:
    run, shelf = long_run().write(tmp_path / "run"), tmp_path / "baseline"
    call("baseline", "save", run, "--dir", shelf)

    kept, direct = measure(Shelf(shelf).find("memory")), measure(run)

    assert kept.requests == direct.requests == 1_200
    assert (kept.unit_s, kept.duration_s) == (direct.unit_s, direct.duration_s) == (10.0, 120.0)
    for one, other in zip(kept.blocks, direct.blocks, strict=True):
        assert one.ok == other.ok
        assert (one.slots == other.slots).all()
        assert (one.counts == other.counts).all()
    assert kept.parameters.workers == direct.parameters.workers
    assert kept.fingerprint == direct.fingerprint
    assert (kept.shares, kept.buckets, kept.percentiles) == (direct.shares, direct.buckets, direct.percentiles)
    assert [row.values["p95_latency"] for row in kept.rows] == [row.values["p95_latency"] for row in direct.rows]


def test_the_file_is_a_validation_with_a_schema_version(tmp_path: Path) -> None:
    run = long_run().write(tmp_path / "run")
    write_json(run / "validation.json", validation())
    call("baseline", "save", run, "--dir", tmp_path)
    body = json.loads((tmp_path / "phase5-baseline.json").read_text())
    assert set(validation()) <= set(body)
    assert body["percentiles"] == validation()["percentiles"]
    assert body["baseline"]["schema_version"] == 1
    assert body["client"]["p95_ms"] == pytest.approx(120, rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"failed": {"http_5xx": 100}}, "its report says NO-GO"),
        ({"metadata": {"validity": {"state": "INVALID", "reasons": ["lag"]}}}, "it is INVALID"),
        ({"metadata": {"synthetic": True}}, "it is synthetic: the run says that it is synthetic"),
        ({"status": "running"}, "it is partial: its status is running"),
        ({"status": "aborted_circuit_breaker"}, "it is partial: its status is aborted_circuit_breaker"),
    ],
)
def test_what_is_no_pass_is_refused_with_its_reason(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    run, shelf = long_run(**changes).write(tmp_path / "run"), tmp_path / "baseline"
    result = call("baseline", "save", run, "--dir", shelf)
    assert code(result) == 1
    assert reason in result.output
    assert not shelf.exists()


def test_force_keeps_it_and_the_file_says_so(tmp_path: Path) -> None:
    run, shelf = long_run(status="running").write(tmp_path / "run"), tmp_path / "baseline"
    result = call("baseline", "save", run, "--dir", shelf, "--force")
    assert code(result) == 0
    assert "forced although: it is partial: its status is running" in result.output
    body = json.loads((shelf / "phase5-baseline.json").read_text())
    assert "it is partial: its status is running" in body["baseline"]["forced"]
    assert "forced: it is partial" in call("baseline", "list", "--dir", shelf).output


def test_a_validation_json_is_kept_and_a_failed_one_is_not(tmp_path: Path) -> None:
    good, bad = (write_json(tmp_path / f"{status}.json", validation(status)) for status in ("pass", "fail"))
    result = call("baseline", "save", good, "--dir", tmp_path / "baseline", "--json")
    assert code(result) == 0
    assert json.loads(result.output)["notes"][0].startswith("it holds no latencies of blocks")
    refused = call("baseline", "save", bad, "--dir", tmp_path / "other")
    assert (code(refused), "its validation says fail" in refused.output) == (1, True)


def test_a_pass_that_its_own_assertions_contradict_is_not_believed(tmp_path: Path) -> None:
    body = validation()
    body["assertions"][0]["status"] = "fail"
    result = call("baseline", "save", write_json(tmp_path / "edited.json", body), "--dir", tmp_path / "baseline")
    assert (code(result), "its validation says na" in result.output) == (1, True)


def test_each_cache_has_its_own_baseline_and_the_generic_link_is_the_last_saved(tmp_path: Path) -> None:
    run, shelf = long_run(run_id="with-memory").write(tmp_path / "one"), tmp_path / "baseline"
    other = long_run(run_id="with-redis").write(tmp_path / "two")
    write_json(other / "validation.json", validation(percentiles=REAL_REDIS))
    call("baseline", "save", run, "--dir", shelf)
    assert code(call("baseline", "save", other, "--dir", shelf, env={"CACHE_IMPL": "redis"})) == 0

    assert measure(Shelf(shelf).find("memory")).name == "with-memory"
    assert measure(Shelf(shelf).find("redis")).name == "with-redis"
    assert measure(shelf / "phase5-baseline.json").name == "with-redis"
    assert measure(Shelf(shelf).find("null")).name == "with-redis"


def test_a_baseline_of_redis_needs_real_samples_of_redis(tmp_path: Path) -> None:
    run = long_run().write(tmp_path / "run")
    result = call("baseline", "save", run, "--dir", tmp_path / "baseline", "--impl", "redis")
    assert (code(result), "holds no sample of a Redis operation" in result.output) == (1, True)


def test_the_list_shows_status_links_and_damage(tmp_path: Path) -> None:
    shelf = tmp_path / "baseline"
    assert "no baselines" in call("baseline", "list", "--dir", shelf).output
    call("baseline", "save", long_run().write(tmp_path / "run"), "--dir", shelf)
    (shelf / "phase5-baseline-20260101-000000.json").write_text("{")
    (shelf / "phase5-baseline-old.json").symlink_to("baseline/gone.json")

    result, body = call("baseline", "list", "--dir", shelf), call("baseline", "list", "--dir", shelf, "--json")

    assert code(result) == 1
    assert "phase5-baseline-20260101-000000.json: not JSON" in result.output
    assert "phase5-baseline-old.json leads to baseline/gone.json, which is not there" in result.output
    first, second = json.loads(body.output)["baselines"]
    assert (first["status"], first["requests"], first["links"]) == (
        "pass", 1_200, ["phase5-baseline-memory.json", "phase5-baseline.json"],
    )  # fmt: skip
    assert second["error"].startswith("not JSON")


def test_a_link_that_leads_nowhere_is_said(tmp_path: Path) -> None:
    (tmp_path / "phase5-baseline-memory.json").symlink_to("gone.json")
    with pytest.raises(ShelfError, match=r"leads to gone\.json, which is not there"):
        Shelf(tmp_path).find("memory")


def test_two_baselines_of_one_second_do_not_meet(tmp_path: Path) -> None:
    run = long_run().write(tmp_path / "run")
    for _ in range(3):
        call("baseline", "save", run, "--dir", tmp_path / "baseline")
    shelf = Shelf(tmp_path / "baseline")
    assert len(shelf.files()) == 3
    assert os.readlink(shelf.directory / "phase5-baseline.json") == shelf.files()[0].name


def test_a_directory_that_cannot_be_written_is_one_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = call("baseline", "save", long_run().write(tmp_path / "run"), "--dir", tmp_path / "file" / "below")
    assert code(result) == 2


@pytest.mark.parametrize("impl", ["../evil", "", "Redis", "20260101"])
def test_a_cache_whose_name_is_no_word_is_refused(tmp_path: Path, impl: str) -> None:
    run = long_run().write(tmp_path / "run")
    assert code(call("baseline", "save", run, "--dir", tmp_path / "baseline", "--impl", impl)) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"baseline": {}}', '{"baseline": {"schema_version": 9}}'])
def test_a_file_that_is_none_is_one_message(tmp_path: Path, content: str) -> None:
    place = tmp_path / "file.json"
    place.write_text(content)
    for command in (
        ("baseline", "save", place, "--dir", tmp_path / "b"),
        ("regress", place),
        ("compare", place, place),
    ):
        result = call(*command)
        assert code(result) == 2
        assert "Traceback" not in result.output
