"""The weighted health of a service: six weights, worked by hand, and nothing made up for what is not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reports.analysis.bands import Level
from reports.analysis.health import WEIGHTS, WORTH
from tests.support.judging import judge
from tests.support.runs import RunOnDisk, quick_run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_weights_are_30_20_20_15_and_twice_7_5() -> None:
    assert {weight.key: weight.percent for weight in WEIGHTS} == {
        "p95": 30, "cache_hit": 20, "error": 20, "memory": 15, "plugin_reload": 7.5, "snapshot": 7.5,
    }  # fmt: skip
    assert sum(weight.percent for weight in WEIGHTS) == 100
    assert WORTH == {Level.QUIET: 1.0, Level.WARN: 0.5, Level.BEYOND: 0.0}


@pytest.mark.parametrize(
    ("run", "score"),
    [
        (quick_run(), 100.0),
        (quick_run(rss_mb=650.0), 92.5),
        (quick_run(rss_mb=900.0), 85.0),
        (quick_run(latencies_ms={170: 100}), 85.0),
        (quick_run(latencies_ms={300: 100}), 70.0),
        (quick_run(cache_hits=3, cache_misses=1), 90.0),
        (quick_run(errors_5xx=30), 80.0),
        (quick_run(plugin=(1, 1)), 92.5),
        (quick_run(snapshot=(1, 1), rss_mb=650.0), 85.0),
    ],
    ids=[
        "all met", "memory in band", "memory beyond", "p95 in band", "p95 beyond", "cache in band", "errors", "plugins",
        "snapshots and memory",
    ],
)  # fmt: skip
def test_met_counts_whole_in_the_band_half_and_beyond_nothing(tmp_path: Path, run: RunOnDisk, score: float) -> None:
    health = judge(tmp_path, run).insight.health
    assert (health.score_pct, health.known_pct, health.missing) == (score, 100.0, ())


def test_what_has_no_figure_is_left_out_and_named(tmp_path: Path) -> None:
    health = judge(tmp_path, quick_run(plugin=(0, 0), snapshot=(0, 0), rss_mb=650.0)).insight.health
    assert health.missing == ("plugin reloads", "snapshots")
    assert health.known_pct == 85.0
    assert health.score_pct == pytest.approx((70 + 7.5) / 85 * 100)


def test_the_health_changes_no_verdict(tmp_path: Path) -> None:
    assessment = judge(tmp_path, quick_run(errors_5xx=30))
    assert assessment.insight.health.score_pct == 80.0
    assert assessment.verdict == "NO-GO"
