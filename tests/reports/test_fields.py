"""Values out of JSON that may have been edited: what does not fit is no value and a complaint."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from reports.loader.directory import load
from reports.loader.fields import Fields, parse_instant
from reports.loader.files import Unreadable, read_object
from tests.support.runs import quick_run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("value", "number", "complaint"),
    [
        (3, 3.0, None),
        (0.5, 0.5, None),
        (None, None, None),
        (True, None, "rate is not a number"),
        ("3", None, "rate is not a number"),
        (-1, None, "rate is negative"),
        (float("inf"), None, "rate is not a number"),
        (1e25, None, "rate is too great to be true"),
        (2.0**63, None, "rate is too great to be true"),
    ],
)
def test_numbers_are_finite_and_not_negative(value: object, number: float | None, complaint: str | None) -> None:
    fields = Fields({"rate": value})
    assert fields.number("rate") == number
    assert fields.complaints == ([] if complaint is None else [complaint])


def test_whole_numbers_have_no_fraction() -> None:
    fields = Fields({"a": 2.0, "b": 2.5})
    assert (fields.whole("a"), fields.whole("b")) == (2, None)
    assert fields.complaints == ["b is not a whole number"]


def test_complaints_name_the_whole_path() -> None:
    fields = Fields({"validity": {"reasons": 5, "state": []}, "breaker": {"inputs": [1]}, "t0": 7})
    inner = fields.below("validity")
    assert (inner.texts("reasons"), inner.text("state")) == ((), "")
    assert fields.below("breaker").each("inputs") == ()
    assert not fields.below("t0")
    assert fields.complaints == [
        "validity.reasons is not a list",
        "validity.state is not a text",
        "breaker.inputs[0] is not an object",
        "t0 is not an object",
    ]


@pytest.mark.parametrize("text", ["2026-03-01T12:00:00.000Z", "2026-03-01T13:00:00+01:00", "2026-03-01 12:00:00"])
def test_instants_are_utc(text: str) -> None:
    assert parse_instant(text) == datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_instant_is_none(text: str) -> None:
    assert parse_instant(text) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "^empty$"), (b" \n", "^empty$"),
     (b'{"a": ', "^not JSON: truncated or edited"), (b"[1]", "^not a JSON object$"),
     (b"\xff\xfe", "^not JSON")],
)  # fmt: skip
def test_an_unreadable_object_says_why(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "metadata.json"
    path.write_bytes(content)
    with pytest.raises(Unreadable, match=message):
        read_object(path)


def test_a_missing_object_and_a_directory_say_so(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"^missing$"):
        read_object(tmp_path / "none.json")
    with pytest.raises(Unreadable, match=r"^cannot be read \(Is a directory\)$"):
        read_object(tmp_path)


@pytest.mark.parametrize(
    ("changes", "damage"),
    [
        ({"slo_targets": {"p95_s": 0.1, "http_success_rate": 0.98}},
         "metadata.json: slo_targets.http_success_rate is no objective of this version"),
        ({"schema_version": 2}, "metadata.json: schema_version is 2, this program reads 1"),
        ({"samples": "twelve"}, "metadata.json: samples is not a number"),
        ({"server_window": {"requests": 1, "latency_buckets": [[1, "many"]]}},
         "metadata.json: server_window.latency_buckets holds something that is no bucket"),
    ],
)  # fmt: skip
def test_edited_metadata_is_damaged_metadata(tmp_path: Path, changes: dict[str, Any], damage: str) -> None:
    run = load(quick_run(metadata=changes).write(tmp_path / "run"))
    assert damage in [str(found) for found in run.damages]


def test_a_share_above_the_whole_in_the_csv_is_a_damage(tmp_path: Path) -> None:
    """A ratio of fallbacks to operations may be above 1, a success rate may not."""
    run = load(quick_run(rows={2: {"http_success_rate": "2", "fb_http_ratio": "2"}}).write(tmp_path / "run"))
    assert [str(found) for found in run.damages] == ["metrics.csv: row 2, http_success_rate is 2, more than the whole"]


def test_a_number_that_is_none_in_the_csv_is_a_damage(tmp_path: Path) -> None:
    run = load(quick_run(rows={2: {"rss_mb": "nan", "timestamp": "noon"}}).write(tmp_path / "run"))
    assert [str(found) for found in run.damages] == [
        "metrics.csv: row 2 has no readable time",
        "metrics.csv: row 2, rss_mb is no figure",
    ]


def test_what_preflight_warned_of_and_the_warm_up_are_kept(tmp_path: Path) -> None:
    metadata = {
        "preflight": [
            {"name": "jwt", "status": "WARN", "message": "ends in 1 h"},
            {"name": "disk", "status": "PASS", "message": "20 GB free"},
        ],
        "warmup": {"duration_seconds": 600.0, "rate_per_s": 20.0, "concurrency": 5, "sent": 12_000},
    }
    run = load(quick_run(metadata=metadata).write(tmp_path / "run"))
    assert run.preflight == ("Preflight WARN: jwt: ends in 1 h",)
    assert run.warmup is not None
    assert run.warmup.sent == 12_000
