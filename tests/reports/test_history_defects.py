"""Defects of the published scripts that the history must not have, numbered as REQUIREMENTS §3 numbers them.

Others stand beside what they are about: 7 in test_recommend, 10 in test_trend and test_suggest, 15 in test_retention,
16 in test_suggest, 25 in test_slo_tracking.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from click.testing import CliRunner

from reports.analysis.nightly_figures import COLUMNS, figure
from reports.analysis.suggest import suggest
from reports.cli import report
from reports.loader.nightlies import read_nightlies
from reports.loader.thresholds import load_thresholds
from reports.model.suggestion import Rules
from tests.support.nightlies import LAST, PLUGIN, validation, write, write_nights
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path

MADE = datetime(2026, 4, 1, tzinfo=UTC)


def test_defect_6_a_metric_that_no_sample_has_is_not_zero(tmp_path: Path) -> None:
    """NA became 0 there: latency of 0 passed, success of 0 failed. Here a night without figures has none."""
    write(tmp_path, LAST, validation(LAST, percentiles={}, counters={}))
    (night,) = read_nightlies(tmp_path)
    assert {figure(night.validation, column) for column in COLUMNS} == {None}


def test_defect_9_a_percentile_of_null_is_neither_a_figure_nor_a_sample(tmp_path: Path) -> None:
    """A percentile in the +Inf bucket became null, then 0 s, then a pass; a suggestion from it would be 0."""
    nights = write_nights(tmp_path, 6)
    document = validation(LAST)
    document["percentiles"][PLUGIN] |= {"p50": None, "p95": None, "p99": None}
    write(nights, LAST, document)
    last = read_nightlies(nights)[-1]
    assert figure(last.validation, next(column for column in COLUMNS if column.key == "plugin_reload_p95")) is None
    found = suggest(read_nightlies(nights), 30, load_thresholds(), Rules(), MADE)
    plugin = next(item for item in found.suggestions if item.metric == "plugin_reload_latency_p95")
    assert (plugin.sample_count, plugin.suggested_threshold) == (5, 0.575)


def test_defect_11_what_has_no_suggestion_is_named_with_its_reason(tmp_path: Path) -> None:
    """Missing values were passed over in silence there."""
    nights = write_nights(tmp_path, 3)
    found = suggest(read_nightlies(nights), 30, load_thresholds(), Rules(), MADE)
    considered = {item.metric for item in found.suggestions} | {item.metric for item in found.unsuggested}
    assert {"plugin_reload_latency_p95", "snapshot_create_latency_p99", "cache_hit_rate"} <= considered
    assert all(item.reason for item in found.unsuggested)


def test_defect_17_no_password_reaches_a_draft_or_a_report_of_service_levels(tmp_path: Path) -> None:
    metadata = {
        "run_id": "run token=tok123456789",
        "rate": "Bearer abcdef0123456789abcdef",
        "validity": {"state": "INVALID", "reasons": ["https://admin:hunter2secret@service.example"]},
    }
    for run, verb in (
        (quick_run(metadata={**metadata, "validity": {"state": "VALID"}}), ["recommend"]),
        (quick_run(metadata=metadata), ["recommend"]),
        (RunOnDisk(metadata=metadata), ["slo"]),
    ):
        place = run.write(tmp_path / f"{verb[0]}-{run.profile}-{len(run.metadata['validity'])}")
        result = CliRunner().invoke(report, [*verb, str(place)], standalone_mode=False)
        for secret in ("hunter2secret", "abcdef0123456789abcdef", "tok123456789"):
            assert secret not in result.output


def test_defect_22_a_low_rate_is_not_understated(tmp_path: Path) -> None:
    """Ratios were divided by max(rate, 1) there: 1 failure of 2 requests in 10 s read as 10 %."""
    place = RunOnDisk(samples=12, interval_s=600.0, rate_per_s=1, failed={"reset": 3_600}).write(tmp_path / "run")
    output = CliRunner().invoke(report, ["slo", str(place)], standalone_mode=False).output
    line = next(line for line in output.splitlines() if line.startswith("| Success"))
    assert "50.00 %" in line
