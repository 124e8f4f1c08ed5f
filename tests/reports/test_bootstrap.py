"""Blocks are drawn again, merged, and their percentiles taken from the merged histogram."""

from __future__ import annotations

import numpy as np
import pytest

from loadgen.core.histogram import Histogram, slot_of
from reports.analysis.between import ASSUMED, between_runs, student_t
from reports.analysis.bootstrap import (
    block_length_s,
    block_units,
    draw_weights,
    grid_of,
    merge,
    percentile_ns,
    replicate,
)
from reports.analysis.client_change import client_changes
from reports.model.measurement import Block, Measurement


def run_of(*blocks_ms: list[int], unit_s: float = 10.0) -> Measurement:
    """Return a run whose blocks hold these response times."""
    blocks = []
    for at, values in enumerate(blocks_ms):
        slots, counts = np.unique(slot_of(np.array(values, np.int64) * 1_000_000), return_counts=True)
        blocks.append(Block(at * unit_s, unit_s, slots, counts.astype(np.int64), len(values)))
    return Measurement("run", "", unit_s=unit_s, blocks=tuple(blocks))


def test_blocks_are_at_least_ten_seconds_and_grow_with_the_run() -> None:
    assert (block_length_s(60), block_length_s(600), block_length_s(7_200), block_length_s(36_000)) == (
        10,
        20,
        120,
        120,
    )
    assert block_units(60, 1.0) == 10
    assert block_units(240, 30.0) == 4


def test_a_replicate_is_made_of_neighbours() -> None:
    weights = draw_weights(6, 3, 200, np.random.default_rng(1))
    assert weights.sum(axis=1).tolist() == [6.0] * 200
    # the middle units lie in more stretches than the first and the last
    assert weights[:, 2].sum() > weights[:, 0].sum()
    # two stretches of three: every unit comes with a neighbour
    assert all((row[:-1] * row[1:]).any() for row in weights)


def test_percentiles_come_from_merged_counts_and_are_never_averaged() -> None:
    """Blocks of 1 and of 99 requests: the mean of their medians would be 55 ms, the merged median is 10 ms."""
    run = run_of([100], [10] * 99)
    merged = merge([run])
    assert percentile_ns(merged, 50.0) == pytest.approx(10e6, rel=1e-3)
    histogram = Histogram(60_000_000_000)
    histogram.counts[: len(merged)] = merged
    for quantile in (50.0, 95.0, 99.0, 99.5):
        assert percentile_ns(merged, quantile) == histogram.percentile(quantile)


def test_replicates_of_equal_blocks_do_not_differ() -> None:
    run = run_of(*[[10, 20, 30, 40]] * 12)
    again = replicate([run], 50, np.random.default_rng(1))
    found = again.percentiles(grid_of([run]), (50.0, 99.0))
    assert np.unique(found.merged[0]).tolist() == [float(percentile_ns(merge([run]), 50.0))]
    assert np.unique(found.merged[1]).tolist() == [float(percentile_ns(merge([run]), 99.0))]


def test_a_drifting_run_knows_that_it_is_noisy() -> None:
    steady, drifting = (run_of(*[[base + at * step] * 20 for at in range(24)]) for base, step in ((100, 0), (100, 4)))
    spread = []
    for run in (steady, drifting):
        found = replicate([run], 300, np.random.default_rng(1)).percentiles(grid_of([run]), (50.0,))
        spread.append(float(np.log(found.merged[0]).std()))
    assert spread[0] < 1e-12
    assert spread[1] > 0.02


def test_the_same_runs_give_the_same_interval() -> None:
    generator = np.random.default_rng(3)
    runs = [run_of(*[generator.integers(50, 150, 40).tolist() for _ in range(12)]) for _ in range(2)]
    first, second = (client_changes(runs[:1], runs[1:], np.random.default_rng(5)) for _ in range(2))
    assert first == second


def test_between_runs_without_history_is_three_percent() -> None:
    found = between_runs([[1.0], [1.0]], [], ASSUMED)
    assert found.deviation == pytest.approx(0.03)
    assert found.freedom == 3


def test_between_runs_weighs_the_history_against_the_assumption_by_hand() -> None:
    """Squares 2 x 0.05² = 0.005 over 1 degree, and 3 x 0.03² = 0.0027 over 3: 0.0077 / 4."""
    found = between_runs([[0.0, 0.1]], [], ASSUMED)
    assert found.deviation == pytest.approx((0.0077 / 4) ** 0.5)
    assert found.freedom == 4
    assert found.reach(1, 2) == pytest.approx(student_t(0.975, 4) * found.deviation * 1.5**0.5)


def test_a_runs_own_noise_is_not_counted_twice() -> None:
    values = [0.0, 0.1]
    assert between_runs([values], [0.005, 0.005], ASSUMED).deviation == pytest.approx((0.0027 / 4) ** 0.5)


@pytest.mark.parametrize(("freedom", "tabled"), [(3, 3.182), (4, 2.776), (7, 2.365), (30, 2.042)])
def test_quantiles_of_student_are_those_of_the_tables(freedom: int, tabled: float) -> None:
    assert student_t(0.975, freedom) == pytest.approx(tabled, rel=0.01)
