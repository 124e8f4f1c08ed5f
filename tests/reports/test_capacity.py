"""The capacity report from a capacity.json."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from loadgen.core.rundir import RunDirectory
from reports.cli import report
from reports.loader.capacity import load_capacity
from reports.render.capacity import capacity_lines, capacity_report

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 1, tzinfo=UTC)


def document(**answer: Any) -> dict[str, Any]:
    broke = [{"condition": "p99<250ms", "side": "client", "text": "p99<250ms: 400 ms (390 ms to 410 ms)"}]
    return {
        "schema_version": 1,
        "run_id": "phase5-dev-x",
        "asked": {"target": "http://127.0.0.1:1", "conditions": ["p99<250ms"], "mode": "search", "block_s": 5},
        "answer": {
            "verdict": "FOUND", "exit_code": 0, "held_per_s": 394.1, "failed_per_s": 402.7, "clear": True,
            "reason": "394.1/s is the highest rate that holds", "broke": broke,
            "interval": "the capacity is between 394.1/s and 402.7/s", **answer,
        },
        "steps": [
            {
                "number": 1, "rate_per_s": 402.7, "purpose": "bracket", "result": "failed", "clear": False,
                "broke": broke, "detail": "",
                "figures": {"done_per_s": 399.6, "p99_ms": 400.2, "error_rate": 0.0125, "open": 44, "judged_s": 10},
            },
            {"number": 2, "rate_per_s": 40, "purpose": "recover", "result": "held", "clear": True, "broke": [],
             "detail": "", "figures": {}},
        ],
        "scalability": {"one_per_s": 13.7, "sigma": 0.01, "kappa": 1e-4, "r_squared": 0.98, "peak_n": 99.5,
                        "peak_per_s": 460.2},
        "bends": {
            "client": [{"name": "p99_ms", "rate_per_s": 394.1, "slope_before": -0.1, "slope_after": 3.0}],
            "server": [{"name": "server.cpu_percent", "rate_per_s": 250, "slope_before": 0.1, "slope_after": 0.3}],
        },
        "headroom": {"usual_per_s": 80, "share": 0.797},
    }  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> RunDirectory:
    made = RunDirectory(tmp_path)
    made.capacity.write_text(json.dumps(document()))
    made.metadata.write_text(json.dumps({"validity": {"state": "DEGRADED", "reasons": ["lag p99 12ms, limit 10ms"]}}))
    return made


def test_the_report_has_the_answer_the_reason_and_every_step(place: RunDirectory) -> None:
    text = capacity_report(load_capacity(place), AT)

    for line in (
        "**FOUND**: 394.1/s is the highest rate that holds; **the capacity is between 394.1/s and 402.7/s**.",
        "- First: p99&lt;250ms: 400 ms (390 ms to 410 ms), seen by the client, at 402.7/s.",
        "- Of the service's own figures, cpu_percent at 250/s bent first.",
        "- Seen by the client, client p99 at 394.1/s bent first.",
        "- Headroom: 80 % of the rate that holds is left above the usual 80/s.",
        "R² = 0.980; peak 460.2/s with 99.5 requests inside.",
        "failed (close)",
        "1.25 %",
        "- Generator: DEGRADED",
        "- lag p99 12ms, limit 10ms",
    ):
        assert line in text


def test_a_terminal_gets_the_first_lines_unescaped(place: RunDirectory) -> None:
    lines = capacity_lines(load_capacity(place)).splitlines()

    assert lines[0] == "FOUND: the capacity is between 394.1/s and 402.7/s"
    assert lines[1] == "  First: p99<250ms: 400 ms (390 ms to 410 ms), seen by the client, at 402.7/s."


def test_what_is_missing_or_of_another_type_is_said_and_not_guessed(tmp_path: Path) -> None:
    broken = document(held_per_s="many", broke=[], clear=False)
    broken["scalability"] = None
    broken["headroom"] = {"usual_per_s": 80, "share": -1.0}
    RunDirectory(tmp_path).capacity.write_text(json.dumps(broken))

    text = capacity_report(load_capacity(RunDirectory(tmp_path)), AT)

    assert "No condition broke." in text
    assert "One end of the interval is close" in text
    assert "not fitted" in text
    assert "Headroom: none; the usual 80/s is 100 % more than the rate that holds." in text
    assert "answer.held\\_per\\_s is not a number" in text or "answer.held_per_s is not a number" in text


def test_a_rate_below_the_usual_one_that_holds_leaves_the_headroom_open(tmp_path: Path) -> None:
    held = document(held_per_s=60, failed_per_s=None, interval="the capacity is at least 60/s")
    held["headroom"] = {"usual_per_s": 80, "share": -1 / 3}
    RunDirectory(tmp_path).capacity.write_text(json.dumps(held))

    lines = capacity_lines(load_capacity(RunDirectory(tmp_path))).splitlines()

    assert "  Headroom: not known; the usual 80/s is more than was tried." in lines


def test_the_verb_writes_the_file_and_shows_the_first_lines(place: RunDirectory) -> None:
    ended = CliRunner().invoke(report, ["capacity", str(place.path), "-o", str(place.capacity_report)])

    assert ended.exit_code == 0, ended.output
    assert ended.output.startswith("FOUND: the capacity is between")
    assert place.capacity_report.read_text().startswith("# Capacity Report")


@pytest.mark.parametrize(("text", "why"), [(None, "missing"), ("{", "not JSON"), ("{}", "has no answer")])
def test_a_directory_of_another_run_is_refused(tmp_path: Path, text: str | None, why: str) -> None:
    if text is not None:
        (tmp_path / "capacity.json").write_text(text)

    ended = CliRunner().invoke(report, ["capacity", str(tmp_path)])

    assert ended.exit_code != 0
    assert why in str(ended.exception)
