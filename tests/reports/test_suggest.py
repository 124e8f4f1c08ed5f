"""Suggestions from the nights, and the thresholds file that takes them."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from reports.analysis.suggest import significant
from reports.cli import report
from reports.loader.thresholds import bundled_text, load_thresholds
from tests.support.nightlies import LAST, PLUGIN, percentiles, validation, write, write_nights

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result


def invoke(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(report, list(arguments), standalone_mode=False, env=env)


def suggested(directory: Path, *arguments: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    out = directory.parent / "suggestions.json"
    result = invoke("suggest", str(directory), str(out), *arguments, env=env)
    assert result.return_value == 0, result.exception
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def by_metric(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {item["metric"]: item for item in document["suggestions"]}


def test_a_latency_is_its_median_times_the_multiplier(tmp_path: Path) -> None:
    """Medians of 0.5 s: 0.575 s for the plugin, whose threshold is 2 s."""
    document = suggested(write_nights(tmp_path / "n", 5))
    assert by_metric(document)["plugin_reload_latency_p95"] == {
        "metric": "plugin_reload_latency_p95", "current_threshold": 2.0, "median_observed": 0.5,
        "suggested_threshold": 0.575, "sample_count": 5,
    }  # fmt: skip
    assert (document["window_days"], document["file_count"]) == (30, 5)


def test_the_multiplier_comes_from_the_environment(tmp_path: Path) -> None:
    document = suggested(write_nights(tmp_path / "n", 5), env={"MULTIPLIER_LATENCY": "1.5"})
    assert by_metric(document)["plugin_reload_latency_p95"]["suggested_threshold"] == 0.75
    assert document["rules"]["multiplier_latency"] == 1.5


@pytest.mark.parametrize("value", ["0.9", "lots", "inf", "-1"])
def test_a_multiplier_that_is_none_is_refused(tmp_path: Path, value: str) -> None:
    env = {"MULTIPLIER_LATENCY": value, "FLOOR_SUCCESS_RATE": "101"}
    message = str(invoke("suggest", str(write_nights(tmp_path / "n", 5)), env=env).exception)
    assert "MULTIPLIER_LATENCY" in message
    assert "FLOOR_SUCCESS_RATE" in message


def test_small_latencies_keep_three_digits() -> None:
    """The published script rounded 0.0008 × 1.15 to 0.00."""
    assert significant(0.0008 * 1.15) == 0.00092
    assert significant(1234.5) == 1230.0
    assert significant(0.0) == 0.0


def test_a_median_near_the_threshold_gives_no_suggestion(tmp_path: Path) -> None:
    """1.8 s is 90 % of 2 s; 1.75 s would give 2.0125 s, which is looser than 2 s."""
    for p95 in (1.8, 1.75):
        document = suggested(write_nights(tmp_path / f"n{p95}", 5, p95=p95))
        assert "plugin_reload_latency_p95" not in by_metric(document)


def test_rates_keep_half_a_percent_of_room_and_their_floor(tmp_path: Path) -> None:
    """100 × 0.995 = 99.5; 95 × 0.995 = 94.525, rounded 94.52 (half to even of the float)."""
    found = by_metric(suggested(write_nights(tmp_path / "n", 5)))
    assert found["http_success_rate"]["suggested_threshold"] == 99.5
    assert found["cache_hit_rate"]["suggested_threshold"] == pytest.approx(94.525, abs=0.006)


def test_a_floor_is_the_least_that_is_suggested(tmp_path: Path) -> None:
    """81 × 0.995 = 80.595 is below a floor of 85."""
    document = suggested(write_nights(tmp_path / "n", 5, cache=81.0), env={"FLOOR_CACHE_HIT_RATE": "85"})
    assert by_metric(document)["cache_hit_rate"]["suggested_threshold"] == 85.0


def test_five_nights_are_needed(tmp_path: Path) -> None:
    document = suggested(write_nights(tmp_path / "n", 4))
    assert document["suggestions"] == []
    reasons = {item["reason"] for item in document["unsuggested"]}
    assert reasons == {"4 nights with a figure, 5 are needed"}


def test_nights_without_a_figure_and_zeros_do_not_count(tmp_path: Path) -> None:
    nights = write_nights(tmp_path / "n", 8, p95=1.0)
    for back, value in enumerate((None, 0.0, percentiles(0.001, count=2))):
        day = LAST - timedelta(days=back)
        document = validation(day)
        document["percentiles"] = {PLUGIN: value if isinstance(value, dict) else percentiles(value)}
        write(nights, day, document)
    found = by_metric(suggested(nights))["plugin_reload_latency_p95"]
    assert (found["sample_count"], found["median_observed"]) == (5, 1.0)


def test_only_the_last_days_count(tmp_path: Path) -> None:
    nights = write_nights(tmp_path / "n", 40)
    assert suggested(nights)["file_count"] == 30
    assert suggested(nights, "7")["file_count"] == 7


def test_defect_10_a_suggestion_from_a_coarse_bucket_uses_its_bound_and_says_so(tmp_path: Path) -> None:
    """0.095 s interpolated in 0 to 0.1 s: 0.1 × 1.15 = 0.115, not 0.109."""
    nights = write_nights(tmp_path / "n", 5)
    for back in range(5):
        day = LAST - timedelta(days=back)
        document = validation(day)
        document["percentiles"] = {PLUGIN: percentiles(0.095, coarse=True)}
        write(nights, day, document)
    found = by_metric(suggested(nights))["plugin_reload_latency_p95"]
    assert found["suggested_threshold"] == 0.115
    assert "5 of 5 figures are a bucket's bound" in found["note"]


def test_no_nights_are_no_suggestions(tmp_path: Path) -> None:
    assert invoke("suggest", str(tmp_path)).return_value == 3


# --- into the thresholds file ---------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Suggestions from five nights, and a thresholds file of its own to change."""
    suggested(write_nights(tmp_path / "n", 5))
    thresholds = tmp_path / "thresholds.json"
    thresholds.write_text(bundled_text())
    return tmp_path / "suggestions.json", thresholds


def test_a_dry_run_shows_and_changes_nothing(files: tuple[Path, Path]) -> None:
    before = files[1].read_bytes()
    result = invoke("thresholds", *map(str, files))
    assert result.return_value == 0
    line = next(line for line in result.output.splitlines() if "plugin_reload_latency_p95" in line)
    assert [cell.strip() for cell in line.split("|")[1:-1]] == [
        "plugin_reload_latency_p95", "2", "0.575", "seconds", "-71.2 %",
    ]  # fmt: skip
    assert "dry run: nothing was changed" in result.output
    assert files[1].read_bytes() == before


def test_defect_16_suggester_and_updater_share_one_schema_and_multiply_once(files: tuple[Path, Path]) -> None:
    """The published updater read another schema, so it proposed nothing, and would have multiplied by 1.15 again."""
    assert invoke("thresholds", *map(str, files), "--apply", env={"MULTIPLIER_LATENCY": "1.15"}).return_value == 0
    found = load_thresholds(files[1]).find("plugin_reload_latency_p95")
    assert found is not None
    assert found.threshold == 0.575


def test_defect_16_only_the_numbers_and_the_date_of_the_file_change(files: tuple[Path, Path]) -> None:
    """The published patch added keys that nobody read and formatted the whole file anew."""
    before = files[1].read_text().splitlines()
    invoke("thresholds", *map(str, files), "--apply")
    after = files[1].read_text().splitlines()
    changed = [old for old, new in zip(before, after, strict=True) if old != new]
    suggestions = json.loads(files[0].read_text())["suggestions"]
    assert len(changed) in (len(suggestions), len(suggestions) + 1)
    assert all('"threshold"' in line or '"updated"' in line for line in changed)


def test_apply_keeps_a_backup_when_asked(files: tuple[Path, Path]) -> None:
    before = files[1].read_bytes()
    assert invoke("thresholds", *map(str, files), "--apply", "--backup").return_value == 0
    assert files[1].with_name("thresholds.json.bak").read_bytes() == before
    assert files[1].read_bytes() != before


def test_the_patch_is_a_diff_that_patch_applies(files: tuple[Path, Path], tmp_path: Path) -> None:
    patch = tmp_path / "change.patch"
    invoke("thresholds", *map(str, files), "--patch", str(patch))
    copy = tmp_path / "copy.json"
    copy.write_text(files[1].read_text())
    subprocess.run(["patch", "--quiet", str(copy), str(patch)], check=True, capture_output=True)
    invoke("thresholds", *map(str, files), "--apply")
    assert copy.read_text() == files[1].read_text()


def test_applying_twice_is_refused(files: tuple[Path, Path]) -> None:
    invoke("thresholds", *map(str, files), "--apply")
    message = str(invoke("thresholds", *map(str, files), "--apply").exception)
    assert "was made for 2, the file says 0.575: make suggestions anew" in message


def test_every_suggestion_that_must_not_be_applied_is_named(files: tuple[Path, Path]) -> None:
    document = {"suggestions": [
        {"metric": "plugin_reload_latency_p95", "current_threshold": 2, "median_observed": 1, "suggested_threshold": 3},
        {"metric": "plugin_reload_latency_p99", "current_threshold": 5, "median_observed": 1, "suggested_threshold": 0},
        {"metric": "cache_hit_rate", "current_threshold": 80, "median_observed": 90, "suggested_threshold": 79},
        {"metric": "http_success_rate", "current_threshold": 98, "median_observed": 99, "suggested_threshold": 101},
        {"metric": "redis_get_p95", "current_threshold": 1, "median_observed": 1, "suggested_threshold": 0.5},
    ]}  # fmt: skip
    files[0].write_text(json.dumps(document))
    before = files[1].read_bytes()
    message = str(invoke("thresholds", *map(str, files), "--apply").exception)
    for told in (
        "plugin_reload_latency_p95 = '3': is not tighter than 2",
        "plugin_reload_latency_p99 = '0': must be greater than 0",
        "cache_hit_rate = '79': is not tighter than 80", "cache_hit_rate = '79': is below the floor 80",
        "http_success_rate = '101': a percentage is at most 100", "has no such threshold",
    ):  # fmt: skip
        assert told in message
    assert files[1].read_bytes() == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ('{"plugin_reload": {"p95_suggest": 1}}', "suggestions: is missing: not a suggestions file"),
        ('{"suggestions": [{"metric": "x"}]}', "suggestions[0].suggested_threshold: is missing"),
        ('{"suggestions": [{"metric": "x", "suggested_threshold": "1"}]}', "suggested_threshold is not a number"),
        ('{"suggestions": 3}', "suggestions is not a list"),
    ],
)
def test_a_file_of_no_suggestions_is_refused(files: tuple[Path, Path], text: str, told: str) -> None:
    files[0].write_text(text)
    assert told in str(invoke("thresholds", *map(str, files)).exception)


def test_a_layout_that_cannot_be_edited_in_place_is_left_alone(files: tuple[Path, Path]) -> None:
    document = json.loads(files[1].read_text())
    entry = document["thresholds"][0]
    entry["description"] = 'a } and "threshold": 9'
    document["thresholds"][0] = {"metric": entry.pop("metric"), "description": entry.pop("description"), **entry}
    files[1].write_text(json.dumps(document))
    before = files[1].read_bytes()
    assert "cannot be edited in place" in str(invoke("thresholds", *map(str, files), "--apply").exception)
    assert files[1].read_bytes() == before


def test_nothing_suggested_changes_nothing(files: tuple[Path, Path]) -> None:
    files[0].write_text('{"suggestions": []}')
    result = invoke("thresholds", *map(str, files), "--apply")
    assert result.return_value == 0
    assert result.output.strip() == "nothing to change"


def test_the_problems_of_all_inputs_come_in_one_message(tmp_path: Path) -> None:
    result = invoke(
        "thresholds", str(tmp_path / "s.json"), str(tmp_path / "t.json"), env={"MULTIPLIER_LATENCY": "many"}
    )
    message = str(result.exception)
    assert message.startswith("3 problems")
    for told in ("MULTIPLIER_LATENCY", "s.json", "t.json"):
        assert told in message


def test_the_rules_may_stand_in_an_env_file_below_the_environment(tmp_path: Path) -> None:
    file = tmp_path / ".env.phase5"
    file.write_text("MULTIPLIER_LATENCY=1.5\nFLOOR_CACHE_HIT_RATE=99\n")
    nights, options = write_nights(tmp_path / "n", 5), ("--env-file", str(file))
    found = by_metric(suggested(nights, *options))
    assert found["plugin_reload_latency_p95"]["suggested_threshold"] == 0.75
    assert found["cache_hit_rate"]["suggested_threshold"] == 99.0
    again = by_metric(suggested(nights, *options, env={"MULTIPLIER_LATENCY": "2"}))
    assert again["plugin_reload_latency_p95"]["suggested_threshold"] == 1.0
