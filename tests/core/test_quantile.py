"""Quantiles as PromQL computes them, by hand and against promtool."""

from __future__ import annotations

import math
import random
import shutil
import subprocess
from math import inf, nan
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.quantile import Quantile, bucket_quantile

if TYPE_CHECKING:
    from pathlib import Path

ONE_TO_FOUR = {1.0: 10.0, 2.0: 30.0, 4.0: 40.0, inf: 40.0}


@pytest.mark.parametrize(
    ("q", "buckets", "expected"),
    [
        # 40 observations: rank 20 is the 10th of 20 in (1, 2]
        (0.5, ONE_TO_FOUR, 1.5),
        # rank 36 is the 6th of 10 in (2, 4]
        (0.9, ONE_TO_FOUR, 3.2),
        # the first bucket begins at 0: rank 4 of 10 in (0, 1]
        (0.1, ONE_TO_FOUR, 0.4),
        # a rank on a bucket's edge is its bound
        (0.25, ONE_TO_FOUR, 1.0),
        (1.0, ONE_TO_FOUR, 4.0),
        (0.0, ONE_TO_FOUR, 0.0),
        # in the +Inf bucket: the highest finite bound
        (0.9, {1.0: 10.0, 2.0: 12.0, inf: 20.0}, 2.0),
        # a first bucket whose bound is not above 0 answers with the bound
        (0.1, {-1.0: 5.0, 0.0: 6.0, inf: 10.0}, -1.0),
        (0.1, {0.0: 5.0, 1.0: 6.0, inf: 10.0}, 0.0),
        # q outside 0..1
        (-0.1, ONE_TO_FOUR, -inf),
        (1.1, ONE_TO_FOUR, inf),
        (nan, ONE_TO_FOUR, nan),
        # no observations, no +Inf bucket, nothing finite, nothing at all
        (0.5, {1.0: 0.0, inf: 0.0}, nan),
        (0.5, {1.0: 5.0, 2.0: 6.0}, nan),
        (0.5, {inf: 6.0}, nan),
        (0.5, {}, nan),
        # a fall is levelled to the count before: 10, 10, 20
        (0.75, {1.0: 10.0, 2.0: 8.0, 4.0: 20.0, inf: 20.0}, 3.0),
        # a fall in +Inf counts as the highest before it
        (0.5, {1.0: 10.0, 2.0: 20.0, inf: 19.0}, 1.0),
    ],
)
def test_the_value_is_what_promql_says(q: float, buckets: dict[float, float], expected: float) -> None:
    value = bucket_quantile(q, buckets).value
    assert math.isnan(value) if math.isnan(expected) else value == pytest.approx(expected)


def test_the_bucket_that_holds_the_quantile_is_told() -> None:
    assert bucket_quantile(0.5, ONE_TO_FOUR) == Quantile(1.5, 1.0, 2.0)


def test_public_defect_9_a_quantile_in_the_inf_bucket_is_the_highest_bound_and_flagged() -> None:
    found = bucket_quantile(0.95, {0.5: 10.0, 5.0: 11.0, inf: 100.0})
    assert found == Quantile(5.0, 5.0, inf, saturated=True)


def test_public_defect_10_a_coarse_bucket_shows_its_bounds_so_that_nobody_trusts_the_digits() -> None:
    # every reload took 0.7 ms; the smallest bucket ends at 100 ms, so interpolation says 95 ms
    found = bucket_quantile(0.95, {0.1: 200.0, 0.5: 200.0, inf: 200.0})
    assert found.value == pytest.approx(0.095)
    assert (found.lower, found.upper) == (0.0, 0.1)


def test_rounding_noise_between_buckets_is_not_a_rise() -> None:
    # 1e-13 relative: the observation counts as lying in the first bucket
    noisy = {1.0: 10.0, 2.0: 10.0 * (1 + 1e-14), inf: 10.0 * (1 + 1e-14)}
    assert bucket_quantile(1.0, noisy).value == pytest.approx(1.0)


@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=12),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_a_higher_quantile_is_never_lower(steps: list[int], one: float, other: float) -> None:
    bounds = [0.01 * 2**i for i in range(len(steps) - 1)] + [inf]
    counts, total = {}, 0
    for bound, step in zip(bounds, steps, strict=True):
        total += step
        counts[bound] = float(total)
    low, high = (bucket_quantile(q, counts).value for q in sorted((max(one, 1e-9), max(other, 1e-9))))
    assert (math.isnan(low) and math.isnan(high)) if total == 0 else low <= high + 1e-12


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_agrees_on_random_histograms(tmp_path: Path) -> None:
    source = random.Random(20260102)
    series, checks = [], []
    for case in range(60):
        bounds = sorted({round(source.uniform(0.001, 10), 3) for _ in range(source.randint(1, 8))})
        counts, total = {}, 0
        for bound in (*bounds, inf):
            total += source.choice([0, 0, 1, 5, 100])
            counts[bound] = float(total)
        q = source.choice([0.01, 0.5, 0.9, 0.95, 0.99, 1.0])
        expected = bucket_quantile(q, counts).value
        if math.isnan(expected):
            continue
        for bound, count in counts.items():
            le = "+Inf" if bound == inf else f"{bound:g}"
            series.append(f"      - series: 'h_bucket{{case=\"{case}\",le=\"{le}\"}}'\n        values: '{count:g}'")
        checks.append(
            f'      - expr: abs(histogram_quantile({q}, h_bucket{{case="{case}"}}) - {expected!r}) < bool 1e-9\n'
            f"        eval_time: 0m\n        exp_samples: [{{labels: '{{case=\"{case}\"}}', value: 1}}]"
        )
    test_file = tmp_path / "quantile.yml"
    test_file.write_text(
        "evaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n"
        + "\n".join(series)
        + "\n    promql_expr_test:\n"
        + "\n".join(checks)
        + "\n"
    )
    result = subprocess.run(
        ["promtool", "test", "rules", str(test_file)], capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert len(checks) > 30
