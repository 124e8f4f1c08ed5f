"""The dashboard's queries in PromQL's own hands: promtool reads all of them, and judges the scoreboard's."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from reports.analysis.dashboard.overview import FAIL, NA, PASS, status
from reports.loader.thresholds import load_thresholds
from tests.support.dashboards import expressions

if TYPE_CHECKING:
    from pathlib import Path

    from reports.model.thresholds import Threshold

pytestmark = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is missing: install prometheus")


def promtool(tmp_path: Path, *command: str, **files: Any) -> str:
    for name, content in files.items():
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(content))
    done = subprocess.run(["promtool", *command], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_query_is_promql(tmp_path: Path) -> None:
    asked = expressions(window="1m")
    rules = [{"record": f"query_{at}", "expr": expr} for at, expr in enumerate(asked)]
    told = promtool(tmp_path, "check", "rules", "rules.yml", rules={"groups": [{"name": "all", "rules": rules}]})
    assert f"{len(asked)} rules found" in told


def found(metric: str) -> Threshold:
    threshold = load_thresholds().find(metric)
    assert threshold is not None
    return threshold


def test_a_figure_at_its_threshold_passes_beyond_it_fails_and_none_or_nan_is_na(tmp_path: Path) -> None:
    upper, lower = found("fallback_effective_ratio"), found("http_success_rate")
    assert (upper.threshold, lower.threshold) == (0.6, 98)
    cases = [
        (upper, "at_upper", PASS), (upper, "above_upper", FAIL), (upper, "nothing", NA), (upper, "zero / zero", NA),
        (lower, "at_lower", PASS), (lower, "below_lower", FAIL), (lower, "nothing", NA), (lower, "zero / zero", NA),
        (upper, "zero", PASS),
    ]  # fmt: skip
    series = {
        "at_upper": "0.6", "above_upper": "0.6000001", "at_lower": "98", "below_lower": "97.999", "zero": "0",
    }  # fmt: skip
    tests = {
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": f"{value}x3"} for name, value in series.items()],
                "promql_expr_test": [
                    {"expr": status(threshold, f"max({name})"), "eval_time": "1m",
                     "exp_samples": [{"labels": "{}", "value": expected}]}
                    for threshold, name, expected in cases
                ],
            }
        ],
    }  # fmt: skip
    assert "SUCCESS" in promtool(tmp_path, "test", "rules", "tests.yml", tests=tests)


def test_the_queries_hold_no_word_that_only_one_grafana_knows() -> None:
    assert [expr for expr in expressions(window="1m") if "$" in expr] == []
    assert json.dumps(expressions(window="1m")).count("${DS_") == 0
