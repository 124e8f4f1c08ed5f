"""Change points of a series: found where they are, and hardly ever where they are not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reports.analysis.change_points import change_points
from reports.analysis.night_changes import night_changes
from tests.support.baselines import call, code, validation, write_json

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_change_hardly_ever_one_is_found() -> None:
    """At the bound of 5 % at most 5 % of series; with 400 of them the count stays below 31 with 99.5 %."""
    generator = np.random.default_rng(11)
    series = (100 * np.exp(generator.normal(0, 0.10, 40)) for _ in range(400))
    assert sum(bool(change_points(values.tolist(), 0.05)) for values in series) <= 30


def test_a_step_of_ten_percent_in_noise_of_three_is_found_where_it_is() -> None:
    generator = np.random.default_rng(12)
    found = 0
    for _ in range(60):
        noise = np.exp(generator.normal(0, 0.03, 45))
        levels = np.where(np.arange(45) < 30, 100.0, 110.0)
        points = change_points((levels * noise).tolist())
        found += len(points) == 1 and abs(points[0].at - 30) <= 2
    assert found >= 54


def test_two_steps_are_told_apart() -> None:
    generator = np.random.default_rng(13)
    levels = np.repeat([100.0, 120.0, 90.0], 20)
    points = change_points((levels * np.exp(generator.normal(0, 0.02, 60))).tolist())
    assert [point.at for point in points] == [20, 40]
    assert points[0].effect == pytest.approx(0.20, abs=0.03)
    assert points[1].effect == pytest.approx(-0.25, abs=0.03)


def test_one_wild_night_is_no_change() -> None:
    values = [100.0 + at % 3 for at in range(30)]
    values[15] = 5_000.0
    assert change_points(values) == ()


def test_small_steps_and_short_or_constant_series_give_nothing() -> None:
    assert change_points([100.0] * 15 + [102.0] * 15) == ()
    assert change_points([1.0] * 5 + [9.0] * 4) == ()
    assert change_points([7.0] * 30) == ()
    assert change_points([]) == ()


def test_a_level_that_rises_from_zero_is_a_change() -> None:
    (point,) = change_points([0.0] * 12 + [2.0] * 12)
    assert (point.at, point.effect) == (12, float("inf"))


def test_the_bound_is_shared_among_the_figures() -> None:
    days = [date(2026, 1, 1) + timedelta(days=at) for at in range(24)]
    nights = [(day, {"steady": 5.0, "stepped": 100.0 if at < 12 else 150.0}) for at, day in enumerate(days)]
    found = night_changes(nights, 0.01)
    assert [(name, day) for name, day, _ in found.changes] == [("stepped", days[12])]
    assert found.changes[0][2].p <= 0.005


def test_the_command_reads_nightlies_and_leaves_damaged_ones_out(tmp_path: Path) -> None:
    for at in range(24):
        day = date(2026, 1, 1) + timedelta(days=at)
        counters = {"memory_rss_mb": 200.0 + at % 2 if at < 12 else 300.0 + at % 2, "http_success_rate": 99.5}
        write_json(tmp_path / f"phase5-{day:%Y%m%d}.json", validation(counters=counters))
    (tmp_path / "phase5-20260130.json").write_text("{")
    (tmp_path / "phase5-99999999.json").write_text("{}")

    result = call("changes", tmp_path)

    assert code(result) == 0
    assert "Change points of 24 nights: 1" in result.output
    assert "| 2026-01-13 | memory\\_rss\\_mb" in result.output or "| 2026-01-13 | memory_rss_mb" in result.output
    assert "phase5-20260130.json: not JSON" in result.output
    assert code(call("changes", tmp_path / "nowhere")) == 2
