"""The simulation of comparisons, short: the long one is `python -m benchmarks regress`, its result is kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks import regress
from benchmarks.__main__ import RESULTS, main
from reports.analysis.ranks import rank_test

if TYPE_CHECKING:
    from pathlib import Path


def test_the_simulated_level_resembles_itself_from_second_to_second() -> None:
    run = regress.simulate(np.random.default_rng(1), 4_000, 20, 0.0)
    levels = np.log(run.latencies_ns).mean(axis=1)
    levels -= levels.mean()
    neighbours = float((levels[1:] * levels[:-1]).mean())
    # the noise of 20 requests a second is no part of what neighbours share
    assert neighbours == pytest.approx(regress.RHO * regress.SECOND_DEVIATION**2, rel=0.2)


def test_a_simulated_run_is_measured_as_it_is_slowed_down() -> None:
    run = regress.simulate(np.random.default_rng(1), 300, 20, 0.0)
    plain, slower = run.measured(), run.measured(0.10)
    assert plain.requests == slower.requests == 6_000
    assert plain.duration_s == 300
    assert np.median(run.rows_p95(0.10) / run.rows_p95()) == pytest.approx(1.1)


def test_the_rank_test_takes_two_runs_of_one_service_for_different_ones() -> None:
    """Rows of a run are not independent, and runs differ by 3 %: at 5 % it errs many times as often."""
    generator = np.random.default_rng(4)
    runs = [regress.simulate(generator, 600, 80, regress.BETWEEN_DEVIATION).rows_p95() for _ in range(60)]
    differ = sum(rank_test(one, other) < 0.05 for one, other in zip(runs[::2], runs[1::2], strict=True))
    assert differ >= 15


def test_the_rank_test_knows_ties_and_empty_samples() -> None:
    assert rank_test(np.array([]), np.array([1.0])) == 1
    assert rank_test(np.ones(10), np.ones(10)) == 1
    assert rank_test(np.arange(10.0), np.arange(10.0)) == pytest.approx(1.0)


def test_thirty_requests_cannot_tell() -> None:
    assert regress.thirty_requests(np.random.default_rng(2)) == "UNDERPOWERED"


def test_the_command_stores_its_table_with_the_environment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "regress.json"
    code = main(["regress", "--comparisons", "2", "--seconds", "120", "--out", str(out)])
    stored = json.loads(out.read_text(encoding="utf-8"))
    assert code == (0 if stored["ok"] else 1)
    assert [row["effect"] for row in stored["table"]] == [0.0, 0.05, 0.10]
    assert all(sum(row["one_run"].values()) == pytest.approx(1.0) for row in stored["table"])
    assert "false REGRESSED on p95 at most 5 %" in capsys.readouterr().out


def test_the_kept_result_is_of_two_hour_runs_and_meets_every_bar() -> None:
    kept = json.loads((RESULTS / "regress.json").read_text(encoding="utf-8"))
    assert kept["ok"], kept["bars"]
    assert kept["model"]["seconds"] == 7_200
    assert kept["table"][0]["comparisons"] >= 400
    none, _, ten = kept["table"]
    assert none["second_run_where_underpowered"]["REGRESSED"] <= 0.05
    assert ten["second_run_where_underpowered"]["REGRESSED"] >= 0.90
    assert none["other_rules_saying_slower"]["rank test on rows of a second"] >= 0.25
