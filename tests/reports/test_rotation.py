"""The newest nightly becomes the baseline after fourteen good days in a row."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

from loadgen.core.histogram import Histogram
from reports.loader.shelf import Shelf
from reports.verbs.measuring import measure
from tests.support.baselines import call, code, long_run, validation, write_json, write_nights

if TYPE_CHECKING:
    from pathlib import Path

LAST = date(2026, 3, 20)


def rotate(place: Path, *more: object) -> tuple[int, str]:
    result = call("baseline", "rotate", "--nightly", place / "nightly", "--dir", place / "baseline", *more)
    return code(result), result.output


def test_fourteen_days_are_enough_and_the_links_lead_to_the_newest(tmp_path: Path) -> None:
    write_nights(tmp_path / "nightly", LAST, 14)
    ended, output = rotate(tmp_path)
    assert ended == 0
    assert output.splitlines()[-1] == "baseline_rotated=true"
    assert "streak: 14 of 14 days; before it: there is no earlier nightly" in output
    held = measure(Shelf(tmp_path / "baseline").find("memory"))
    assert f"{held.at:%Y-%m-%d}" == "2026-03-20"


def test_only_the_night_that_is_kept_has_its_latencies_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A night holds up to 240 histograms; to decode those of a whole year would take many seconds."""
    run = long_run(run_id="phase5-prod-20260320-020000").write(tmp_path / "run")
    write_json(run / "validation.json", validation(timestamp="2026-03-20T02:00:00Z"))
    call("stage", run, "--into", tmp_path / "nightly")
    night = json.loads((tmp_path / "nightly" / "phase5-20260320.json").read_text())
    for day in range(7, 20):
        write_json(tmp_path / "nightly" / f"phase5-202603{day:02}.json", night)
    decoded: list[str] = []
    decode = Histogram.decode

    def counted(text: str) -> Histogram:
        decoded.append(text)
        return decode(text)

    monkeypatch.setattr(Histogram, "decode", counted)
    assert rotate(tmp_path)[1].splitlines()[-1] == "baseline_rotated=true"
    assert len(decoded) == len(night["client"]["blocks"])


def test_thirteen_are_not(tmp_path: Path) -> None:
    write_nights(tmp_path / "nightly", LAST, 13)
    assert rotate(tmp_path) == (
        0,
        "".join(f"2026-03-{day:02}  pass  phase5-202603{day:02}.json\n" for day in range(20, 7, -1))
        + "streak: 13 of 14 days; before it: there is no earlier nightly\n"
        "not rotated: 14 good days in a row are needed\nbaseline_rotated=false\n",
    )
    assert not (tmp_path / "baseline").exists()


def test_a_missing_day_ends_the_streak(tmp_path: Path) -> None:
    write_nights(tmp_path / "nightly", LAST, 20)
    (tmp_path / "nightly" / "phase5-20260315.json").unlink()
    _, output = rotate(tmp_path)
    assert "streak: 5 of 14 days; before it: there is no nightly of 2026-03-15" in output
    assert output.endswith("baseline_rotated=false\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (json.dumps(validation("fail")), "its validation says fail"),
        (json.dumps(validation("na")), "its validation says na"),
        ('{"summary": {"overall_status": "na"}}', "its validation says na"),
        ("", "empty"),
        ("{", "not JSON"),
    ],
)
def test_a_night_that_is_no_pass_ends_the_streak(tmp_path: Path, content: str, reason: str) -> None:
    write_nights(tmp_path / "nightly", LAST, 20)
    (tmp_path / "nightly" / "phase5-20260318.json").write_text(content)
    _, output = rotate(tmp_path)
    assert "streak: 2 of 14 days" in output
    assert reason in output


def test_a_dry_run_says_what_it_would_do_and_changes_nothing(tmp_path: Path) -> None:
    write_nights(tmp_path / "nightly", LAST, 15)
    ended, output = rotate(tmp_path, "--dry-run", "--json")
    body = json.loads(output)
    assert ended == 0
    assert (body["baseline_rotated"], body["dry_run"], body["streak_days"]) == (False, True, 15)
    assert body["why_not"] == "dry run: phase5-20260320.json would become the baseline of memory"
    assert not (tmp_path / "baseline").exists()


def test_the_same_nightly_is_not_made_a_baseline_twice(tmp_path: Path) -> None:
    write_nights(tmp_path / "nightly", LAST, 14)
    rotate(tmp_path)
    _, output = rotate(tmp_path)
    assert "not rotated: phase5-20260320.json is the baseline of memory already" in output
    assert len(Shelf(tmp_path / "baseline").files()) == 1


def test_fewer_days_can_be_asked_for(tmp_path: Path) -> None:
    write_nights(tmp_path / "nightly", LAST, 3)
    assert rotate(tmp_path, "--days", 3)[1].endswith("baseline_rotated=true\n")
    assert rotate(tmp_path, "--days", 0)[0] == 2


def test_without_nightlies_nothing_is_rotated(tmp_path: Path) -> None:
    assert rotate(tmp_path)[0] == 2
    (tmp_path / "nightly").mkdir()
    write_json(tmp_path / "nightly" / "phase5-notes.json", {})
    ended, output = rotate(tmp_path)
    assert ended == 0
    assert "holds no nightly" in output
