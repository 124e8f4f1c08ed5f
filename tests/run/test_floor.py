"""How far above this generator's own floor a result lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loadgen.run.floor import NOT_MEASURED, Floor, key_of, prepare_record, read_floor, record_path, write_record

HERE: dict[str, Any] = {"host": "a", "kernel": "6.1", "python": "3.11.7", "cpus": 2, "versions": {"loadgen": "1.0"}}
RATES = {"80": {"p50_ms": 0.2, "p99_ms": 0.5}, "1000": {"p50_ms": 0.1, "p99_ms": 0.4}}


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "state" / "loadgen" / "floor.json"
    prepare_record(path)
    write_record(path, {"key": key_of(HERE), "rates": RATES})
    assert list(path.parent.iterdir()) == [path]
    return path


@pytest.mark.parametrize(
    ("rate", "p50_ms"), [(0.5, 0.2), (80, 0.2), (279, 0.2), (300, 0.1), (40_000, 0.1), (None, 0.1)]
)
def test_the_floor_is_that_of_the_nearer_rate(record: Path, rate: float | None, p50_ms: float) -> None:
    assert read_floor(record, HERE, rate).p50_ms == p50_ms


@pytest.mark.parametrize(
    "change", [{"host": "b"}, {"kernel": "6.2"}, {"python": "3.12"}, {"cpus": 4}, {"versions": {"loadgen": "1.1"}}]
)
def test_a_record_of_another_host_or_version_is_not_used(record: Path, change: dict[str, Any]) -> None:
    assert read_floor(record, HERE | change, 80) == Floor()


def test_a_record_of_another_hot_path_is_not_used(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_of(HERE)["hot_path"]
    monkeypatch.setenv("LOADGEN_KERNEL", "python")
    if key_of(HERE)["hot_path"] == before:
        pytest.skip("MISSING: the compiled hot path was not built")

    assert read_floor(record, HERE, 80) == Floor()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"key": 1}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "floor.json"
    path.write_text(text)

    assert read_floor(path, HERE, 80) == Floor()
    assert Floor().body(1.0, 2.0)["text"] == NOT_MEASURED


def test_the_record_lies_in_the_state_directory() -> None:
    assert record_path({"XDG_STATE_HOME": "/s", "HOME": "/h"}) == Path("/s/loadgen/floor.json")
    assert record_path({"HOME": "/h"}) == Path("/h/.local/state/loadgen/floor.json")


def test_a_median_within_twice_the_floor_is_the_floor() -> None:
    floor = Floor(0.2, 0.5, 80)

    assert floor.body(0.4, 2.0)["is_the_floor"] is True
    assert floor.body(0.4, 2.0)["text"] == (
        "p50 0.4 ms is 2 × the floor of this generator (p50 0.2 ms, p99 0.5 ms at 80/s): "
        "it is the generator's floor, the service is faster than can be told"
    )
    assert floor.body(0.41, 2.0)["is_the_floor"] is False


def test_a_result_above_the_floor_says_how_far() -> None:
    body = Floor(0.2, 0.5, 80).body(20.0, 60.0)

    assert (body["p50_times"], body["p99_times"]) == (100, 120)
    assert body["text"] == "p50 is 100 × and p99 120 × the floor of this generator (p50 0.2 ms, p99 0.5 ms at 80/s)"


def test_without_answers_there_is_nothing_to_compare() -> None:
    assert "no response time" in Floor(0.2, 0.5, 80).body(None, None)["text"]
