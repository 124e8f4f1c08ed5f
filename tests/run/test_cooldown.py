"""A host is left alone after a trip."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson
import pytest

from loadgen.core.clock import iso_utc
from loadgen.core.errors import InputError
from loadgen.core.metadata import blank, write_metadata
from loadgen.core.rundir import RunDirectory
from loadgen.run.cooldown import keep_trip_record, refuse_after_trip

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def tripped(results: Path, minutes_ago: float, base_url: str = "https://api.example.com/v1") -> str:
    at = NOW - timedelta(minutes=minutes_ago)
    place = RunDirectory.create(results, "production", at)
    write_metadata(place.metadata, {**blank(), "base_url": base_url})
    place.breaker.write_bytes(orjson.dumps({"at": iso_utc(at)}))
    return place.run_id


def test_a_trip_blocks_the_host_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    run_id = tripped(tmp_path, 5)

    with pytest.raises(InputError, match=rf"tripped on this host in run {run_id}: wait 10 min"):
        refuse_after_trip(tmp_path, "https://API.example.com:443/other", NOW, None)


@pytest.mark.parametrize("minutes_ago", [15, 60])
def test_a_trip_of_long_ago_blocks_nothing(tmp_path: Path, minutes_ago: float) -> None:
    tripped(tmp_path, minutes_ago)

    refuse_after_trip(tmp_path, "https://api.example.com", NOW, None)


def test_another_host_is_not_blocked(tmp_path: Path) -> None:
    tripped(tmp_path, 1)

    refuse_after_trip(tmp_path, "https://other.example.com", NOW, None)


def test_only_the_newest_tripped_run_lifts_the_block(tmp_path: Path) -> None:
    older, newest = tripped(tmp_path, 10), tripped(tmp_path, 5)

    refuse_after_trip(tmp_path, "https://api.example.com", NOW, newest)
    with pytest.raises(InputError, match=f"--after-trip {newest}"):
        refuse_after_trip(tmp_path, "https://api.example.com", NOW, older)


def test_a_damaged_record_blocks_nothing(tmp_path: Path) -> None:
    place = RunDirectory.create(tmp_path, "production", NOW)
    place.breaker.write_text("{")

    refuse_after_trip(tmp_path, "https://api.example.com", NOW, None)


def test_a_run_that_was_killed_at_its_trip_blocks_too(tmp_path: Path) -> None:
    place = RunDirectory.create(tmp_path, "production", NOW)
    trip = {"trip": {"at": iso_utc(NOW - timedelta(minutes=1))}}
    write_metadata(place.metadata, {**blank(), "base_url": "https://api.example.com", "breaker": trip})

    with pytest.raises(InputError, match="wait 14 min"):
        refuse_after_trip(tmp_path, "https://api.example.com", NOW, "")


def test_a_run_kept_elsewhere_leaves_its_trip_below_the_results(tmp_path: Path) -> None:
    elsewhere = RunDirectory(tmp_path / "elsewhere")
    elsewhere.path.mkdir()
    write_metadata(elsewhere.metadata, {**blank(), "base_url": "https://api.example.com"})
    elsewhere.breaker.write_bytes(orjson.dumps({"at": iso_utc(NOW)}))

    keep_trip_record(tmp_path / "results", elsewhere, NOW)

    with pytest.raises(InputError, match="--after-trip phase5-prod-20260501-120000"):
        refuse_after_trip(tmp_path / "results", "https://api.example.com", NOW, None)


def test_a_run_below_the_results_needs_no_copy(tmp_path: Path) -> None:
    run_id = tripped(tmp_path, 1)

    keep_trip_record(tmp_path, RunDirectory(tmp_path / run_id), NOW)

    assert [path.name for path in tmp_path.iterdir()] == [run_id]
