"""A recorded run gives exactly the reports that were read and found right."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from loadgen.core.slo import SloTargets
from reports.analysis.assessment import Question, Verdict, assess
from reports.loader.directory import load
from tests.support.golden import RUN, RUNS, judged, reports
from tests.support.judging import check_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_the_reports_of_the_recorded_runs_are_as_expected(run: Path) -> None:
    for path, text in reports(run).items():
        assert text == path.read_text(encoding="utf-8"), path.name


def test_the_recorded_runs_end_as_they_did() -> None:
    verdicts = [(judged(run).verdict, int(judged(run).exit_code)) for run in RUNS]
    assert verdicts == [(Verdict.GO, 0), (Verdict.NO_GO, 4), (Verdict.NO_GO, 1)]


def test_the_recorded_run_is_a_go_on_whole_evidence() -> None:
    run = load(RUN)
    assert run.damages == ()
    assert assess(run, Question(SloTargets())).verdict is Verdict.GO


def test_the_latency_log_and_the_summary_hold_the_same_requests() -> None:
    run = load(RUN)
    assert run.client.account is not None
    assert run.client.clocks["response"].total == run.client.account.ended == 1_440
    assert sum(part.total for part in run.client.intervals) == 1_440


def test_three_counts_of_requests_agree() -> None:
    """We sent 1,440 and exercised 34; the service counted 1,474; its own counters moved from 108 to 1,582."""
    flow = assess(load(RUN), Question(SloTargets())).throughput
    assert (flow.sent, flow.exercised, flow.served, flow.others) == (1_440, 34, 1_474, 0)
    metadata = orjson.loads((RUN / "metadata.json").read_bytes())
    assert metadata["counters_at_end"]["requests"] - metadata["counters_at_start"]["requests"] == 1_474


def test_the_rows_alone_give_nearly_the_same_ratios() -> None:
    """Without the closing account the differences of metrics.csv must say the same, up to the end."""
    run = load(RUN)
    closed, rebuilt = (assess(each, Question(SloTargets())) for each in (run, replace(run, window=None)))
    for key in ("success", "error", "raw_fallback", "effective_fallback", "cache_hit", "plugin_reload", "snapshot"):
        value, again = check_of(closed, key).value, check_of(rebuilt, key).value
        assert value is not None
        assert again == pytest.approx(value, abs=0.2)
