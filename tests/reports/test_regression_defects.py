"""Defects of the published scripts that comparisons must not have, numbered as REQUIREMENTS §3 numbers them."""

from __future__ import annotations

import json
import os
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from reports.analysis.change import Change
from reports.analysis.server_change import server_changes
from reports.analysis.tolerances import Tolerances, check_tolerances
from reports.model.measurement import Latencies, Measurement
from reports.model.server import Bounds
from tests.support.baselines import GET, call, code, long_run, validation, write_json, write_nights

if TYPE_CHECKING:
    from pathlib import Path

INF = float("inf")


def server_p95(now: tuple[tuple[float, float], ...], before: tuple[tuple[float, float], ...]) -> Any:
    """Compare two histograms of the service, given as cumulative buckets."""
    from reports.analysis.quantile import bounds_of

    runs = []
    for buckets in (now, before):
        bounds = bounds_of(buckets, 95.0)
        assert bounds is not None
        runs.append(Measurement("run", "", percentiles={"p95": bounds}, buckets=buckets))
    found = server_changes(runs[:1], runs[1:], np.random.default_rng(1))
    return next(finding for finding in found if finding.gauge.key == "p95_server")


def test_defect_9_a_percentile_in_the_last_bucket_is_not_compared_and_never_zero() -> None:
    found = server_p95(((1.0, 10.0), (INF, 100.0)), ((1.0, 100.0), (INF, 100.0)))
    assert (found.change, found.current) == (Change.NOT_COMPARED, None)
    assert found.doubt == "the percentile of the run under test lies beyond the last bucket"


def test_defect_10_a_move_inside_a_coarse_bucket_is_no_measurement() -> None:
    """Interpolation says 50 to 95 ms, +90 %; all that is known is that both lie in the bucket up to 100 ms."""
    found = server_p95(((0.1, 100.0), (INF, 100.0)), ((0.1, 190.0), (0.25, 100.0 + 90.0), (INF, 190.0)))
    assert found.change is Change.UNDERPOWERED
    assert found.doubt.startswith("bucket 0 to 100 ms")


def test_defect_10_fine_buckets_are_compared() -> None:
    """p95 from the bucket of 100 to 101 ms to that of 150 to 151 ms."""
    fine = ((0.100, 0.0), (0.101, 100.0), (0.150, 100.0), (0.151, 100.0), (INF, 100.0))
    slower = ((0.100, 0.0), (0.101, 0.0), (0.150, 0.0), (0.151, 100.0), (INF, 100.0))
    assert server_p95(slower, fine).change is Change.REGRESSED


def test_defect_11_missing_values_are_listed_as_skipped() -> None:
    checks = check_tolerances(Measurement("now", ""), Measurement("old", ""), Tolerances())
    assert len(checks) == 18
    assert {str(check.outcome) for check in checks} == {"skipped"}
    assert checks[0].text == "no figure in the run and the baseline"


def test_defect_11_a_baseline_of_zero_can_regress() -> None:
    name = 'metasheet_snapshot_operation_duration_seconds{operation="create"}'
    old, slow, quick = (
        Measurement("run", "", latencies={name: Latencies(0.0, p95, 0.0, 10, 0.0)}) for p95 in (0.0, 0.5, 0.001)
    )
    outcome = {item.name: item for item in check_tolerances(slow, old, Tolerances())}["snapshot_create_p95"]
    assert (str(outcome.outcome), outcome.text) == ("BROKEN", "0.5 s where the baseline has 0; at most 0.002 s")
    kept = {item.name: item for item in check_tolerances(quick, old, Tolerances())}["snapshot_create_p95"]
    assert str(kept.outcome) == "kept"


def test_defect_11_relative_percent_are_called_relative(tmp_path: Path) -> None:
    counters = [{"cache_hit_rate": value} for value in (80.0, 90.0)]
    files = [write_json(tmp_path / f"{at}.json", validation(counters=each)) for at, each in enumerate(counters)]
    output = call("regress", *files).output
    assert "90 % to 80 %, -11.1 % relative; at most -5 %" in output


def test_defect_12_a_streak_of_passes_rotates_and_the_link_holds(tmp_path: Path) -> None:
    """The published script stopped with code 1 at the first pass, and linked to baseline/baseline/…."""
    write_nights(tmp_path / "nightly", date(2026, 3, 15), 15)
    result = call("baseline", "rotate", "--nightly", tmp_path / "nightly", "--dir", tmp_path / "baseline")
    assert code(result) == 0
    assert "baseline_rotated=true" in result.output
    link = tmp_path / "baseline" / "phase5-baseline.json"
    assert os.sep not in os.readlink(link)
    assert json.loads(link.read_text())["summary"]["overall_status"] == "pass"


def test_defect_12_many_files_of_one_day_are_one_day(tmp_path: Path) -> None:
    """Only the name tells the day, so copies beside it under other names do not count."""
    write_nights(tmp_path, date(2026, 3, 15), 1)
    for number in range(20):
        write_json(tmp_path / f"phase5-20260315-{number}.json", validation())
    output = call("baseline", "rotate", "--nightly", tmp_path, "--dir", tmp_path / "baseline").output
    assert "streak: 1 of 14 days" in output


def test_defect_18_a_night_with_missing_figures_is_no_pass(tmp_path: Path) -> None:
    write_nights(tmp_path / "nightly", date(2026, 3, 15), 14)
    write_json(tmp_path / "nightly" / "phase5-20260315.json", validation("na"))
    result = call("baseline", "rotate", "--nightly", tmp_path / "nightly", "--dir", tmp_path / "baseline")
    assert "streak: 0 of 14 days" in result.output


@pytest.mark.parametrize(("mean", "kept"), [(0.000_010, False), (0.000_020, False), (0.000_021, True)])
def test_defect_20_samples_of_ten_microseconds_make_no_baseline(tmp_path: Path, mean: float, kept: bool) -> None:
    """A cache without its server observes 0.00001 s for every operation, which looks excellent."""
    figures = {"p50": 0.00025, "p95": 0.000475, "p99": 0.000495, "count": 400, "sum": 400 * mean, "mean": None}
    place = write_json(tmp_path / "now.json", validation(percentiles={GET: figures}))
    result = call("baseline", "save", place, "--dir", tmp_path / "baseline", "--impl", "redis")
    assert code(result) == (0 if kept else 1)
    assert ("it is synthetic: redis_operation_duration_seconds" in result.output) is not kept


def test_defect_20_synthetic_runs_are_not_compared(tmp_path: Path) -> None:
    runs = [long_run(run_id=name).write(tmp_path / name) for name in ("now", "old")]
    figures = {"p50": 0.00025, "p95": 0.000475, "p99": 0.000495, "count": 400, "sum": 0.004, "mean": 0.00001}
    write_json(runs[0] / "validation.json", validation(percentiles={GET: figures}))
    result = call("regress", *runs)
    assert (code(result), "now holds synthetic figures" in result.output) == (3, True)


def test_bounds_of_a_percentile_beyond_the_last_bucket_survive_the_file(tmp_path: Path) -> None:
    """+Inf must not become null and then 0."""
    from reports.loader.baseline_file import _percentiles
    from reports.loader.fields import Fields

    found = _percentiles(Fields({"p95": {"value": 5.0, "lower": 5.0, "upper": None}}))
    assert found["p95"] == Bounds(5.0, 5.0, INF)
