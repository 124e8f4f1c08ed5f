"""Recommended objectives, each formula worked by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.hdr_log import HdrLogWriter
from loadgen.core.histogram import Histogram
from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Question, assess
from reports.analysis.recommend import Recommendation, recommend
from reports.loader.directory import load
from tests.support.judging import judge
from tests.support.runs import T0, quick_run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.runs import RunOnDisk


def row_of(tmp_path: Path, run: RunOnDisk, key: str, memory_limit_mb: float | None = None) -> Recommendation:
    rows = recommend(judge(tmp_path, run), memory_limit_mb)
    return next(row for row in rows if row.key == key)


def test_success_is_one_point_below_what_was_seen(tmp_path: Path) -> None:
    """3 of 300 failed at the client: 99 % less 1 is 98 %."""
    assert row_of(tmp_path, quick_run(failed={"reset": 3}), "success").target == 98.0


def test_success_is_never_below_98(tmp_path: Path) -> None:
    """30 of 300: 90 % less 1 would be 89 %."""
    assert row_of(tmp_path, quick_run(errors_5xx=30), "success").target == 98.0


def test_success_of_a_faultless_run_is_99(tmp_path: Path) -> None:
    assert row_of(tmp_path, quick_run(), "success").target == 99.0


def test_p95_is_twice_what_was_seen(tmp_path: Path) -> None:
    """All responses took 60 ms: 120 ms (1.25 × 60 is only 75), rounded up to a tenth for the histogram's slot."""
    row = row_of(tmp_path, quick_run(latencies_ms={60: 100}), "p95")
    assert row.target == pytest.approx(0.120, abs=0.0002)
    assert row.against == "tighter"


def test_p95_is_at_least_one_and_a_quarter_of_the_slowest_sample(tmp_path: Path) -> None:
    """The whole run's P95 is 20 ms; had one sample 100 ms, 2 × 20 = 40 gives way to 1.25 × 100 = 125 ms."""
    run = quick_run(samples=40, interval_s=10.0, latencies_ms={20: 100})
    place = run.write(tmp_path / "slow")
    with (place / "latency.hlog").open("w") as stream:
        log = HdrLogWriter(stream, T0)
        for at in range(40):
            histogram = Histogram(60_000_000_000)
            histogram.record((100 if at == 7 else 20) * 1_000_000, 100)
            log.write("response", at * 10.0, 10.0, histogram)
    rows = recommend(assess(load(place), Question(SloTargets())))
    p95 = next(row for row in rows if row.key == "p95")
    assert p95.observed.value == pytest.approx(0.020, rel=0.001)
    assert p95.target == pytest.approx(0.125, abs=0.0002)


def test_p95_is_at_least_ten_ms(tmp_path: Path) -> None:
    assert row_of(tmp_path, quick_run(latencies_ms={1: 100}), "p95").target == pytest.approx(0.010, abs=0.0001)


@pytest.mark.parametrize(("seen_ms", "target_s"), [(100, 0.5), (400, 0.8), (3000, 2.0)])
def test_p99_is_twice_what_was_seen_between_half_a_second_and_two(
    tmp_path: Path, seen_ms: int, target_s: float
) -> None:
    row = row_of(tmp_path, quick_run(latencies_ms={seen_ms: 100}), "p99")
    assert row.target == pytest.approx(target_s, abs=0.001)


@pytest.mark.parametrize(("fallbacks", "target"), [(6, 4.0), (30, 10.0)])
def test_raw_fallback_is_twice_what_was_seen_and_at_most_ten(tmp_path: Path, fallbacks: int, target: float) -> None:
    """6 of 300 are 2 %: 4 %. 30 of 300 are 10 %: 20 % is cut to 10 %."""
    row = row_of(tmp_path, quick_run(raw_fallback=fallbacks, cache_miss=fallbacks), "raw_fallback")
    assert row.target == target


def test_effective_fallback_stays_below_the_breaker(tmp_path: Path) -> None:
    """12 of 300 degraded are 4 %: twice that is 8 %, cut to 5 %."""
    row = row_of(tmp_path, quick_run(raw_fallback=12, cache_miss=0), "effective_fallback")
    assert row.target == 5.0


def test_no_fallback_gives_a_target_of_none_and_says_so(tmp_path: Path) -> None:
    row = row_of(tmp_path, quick_run(), "effective_fallback")
    assert row.target == 0.0
    assert "none was seen, so this allows none" in row.rationale


@pytest.mark.parametrize(("errors", "target"), [(0, 1.0), (2, 1.34), (9, 2.0)])
def test_error_rate_is_twice_what_was_seen_at_most_two_and_one_without_errors(
    tmp_path: Path, errors: int, target: float
) -> None:
    """2 of 300 are 0.667 %: 1.333 %, rounded up. 9 of 300 are 3 %: cut to 2 %. 0 gives 1 %."""
    assert row_of(tmp_path, quick_run(errors_5xx=errors), "error").target == target


@pytest.mark.parametrize(("cpu_s", "target"), [(3.75, 42.5), (18.0, 70.0)])
def test_cpu_is_thirty_points_more_at_most_seventy(tmp_path: Path, cpu_s: float, target: float) -> None:
    """3.75 s of 30 s are 12.5 %."""
    assert row_of(tmp_path, quick_run(window={"cpu_s": cpu_s}), "cpu").target == target


def test_memory_in_percent_needs_a_limit(tmp_path: Path) -> None:
    """200 MB of 1,000 MB are 20 %: 50 %; of 300 MB 66.7 %: cut to 80 %."""
    assert row_of(tmp_path, quick_run(), "memory_pct").target is None
    assert row_of(tmp_path, quick_run(), "memory_pct", 1000).target == 50.0
    assert row_of(tmp_path, quick_run(), "memory_pct", 300).target == 80.0


def test_resident_memory_is_a_third_more_than_its_average(tmp_path: Path) -> None:
    assert row_of(tmp_path, quick_run(), "rss").target == 260.0


@pytest.mark.parametrize(("hits", "target"), [(9_000, 85.0), (8_200, 80.0)])
def test_cache_hit_rate_is_five_points_less_at_least_eighty(tmp_path: Path, hits: int, target: float) -> None:
    run = quick_run(cache_hits=hits, cache_misses=10_000 - hits)
    assert row_of(tmp_path, run, "cache_hit").target == target


def test_what_was_not_seen_has_no_recommendation(tmp_path: Path) -> None:
    row = row_of(tmp_path, quick_run(window={"cache_hits": None}, rows={1: {"cache_hit_rate": "NA"}}), "cache_hit")
    assert (row.target, row.bound, row.rationale) == (None, "NA", "not seen in this run: no recommendation")


def test_a_looser_target_is_called_looser(tmp_path: Path) -> None:
    assert row_of(tmp_path, quick_run(), "p99").against == "looser"
    assert row_of(tmp_path, quick_run(), "error").against == "same"


def test_defect_7_each_figure_comes_from_the_column_of_its_name(tmp_path: Path) -> None:
    """The published script read pre-v3 column numbers: fallback from P99, CPU from the effective ratio."""
    rows = {n: {"p99_latency": "0.9", "effective_fallback_ratio": "0.77", "cpu_percent": "12.5"} for n in (1, 2, 3)}
    run = quick_run(rows=rows)
    assert row_of(tmp_path, run, "raw_fallback").observed.value == pytest.approx(2.0)
    assert row_of(tmp_path, run, "cpu").observed.value == pytest.approx(12.5)


def test_ratios_are_weighted_by_requests_and_not_averaged_over_rows(tmp_path: Path) -> None:
    """Rows of 0 % and 10 % errors average to 5 %, but the busy one had almost all requests: 1 of 300 failed."""
    rows = {1: {"error_rate": "0"}, 2: {"error_rate": "0.1"}, 3: {"error_rate": "NA"}}
    row = row_of(tmp_path, quick_run(errors_5xx=1, rows=rows), "error")
    assert row.observed.value == pytest.approx(1 / 3, abs=1e-6)
    assert row.observed.average == pytest.approx(5.0)
