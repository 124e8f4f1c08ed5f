"""The record of an execution: its keys, its steps, and what is not known before its end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from loadgen.core.clock import WallAnchor
from loadgen.core.execution_trace import MOST_STEPS, ExecutionTrace, StepStatus, is_trace

MS = 1_000_000


def new_trace() -> ExecutionTrace:
    started = WallAnchor(1_000 * MS, datetime(2026, 3, 1, 12, tzinfo=UTC))
    return ExecutionTrace("4bf92f3577b34da6a3ce929d0e0e4736", "baseline", "ann", started)


def test_a_finished_trace_says_everything() -> None:
    trace = new_trace()
    step = trace.begin("preflight", 1_500 * MS, checks=3)
    trace.end(step, StepStatus.SUCCESS, 1_750 * MS, failed=[])
    trace.complete(3_000 * MS)

    assert trace.to_dict() == {
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "command": "baseline",
        "user_id": "ann",
        "started_at": "2026-03-01T12:00:00.000Z",
        "completed_at": "2026-03-01T12:00:02.000Z",
        "duration_ms": 2_000.0,
        "steps": [
            {
                "name": "preflight",
                "timestamp": "2026-03-01T12:00:00.500Z",
                "status": "success",
                "duration_ms": 250.0,
                "details": {"checks": 3, "failed": []},
            }
        ],
        "error": None,
        "metadata": {},
    }


def test_what_is_not_over_has_no_duration() -> None:
    trace = new_trace()
    trace.begin("load", 1_000 * MS)

    body = trace.to_dict()
    assert (body["completed_at"], body["duration_ms"]) == (None, None)
    assert (body["steps"][0]["status"], body["steps"][0]["duration_ms"]) == ("in_progress", None)


def test_steps_that_last_share_the_fate_of_the_trace() -> None:
    failed, done = new_trace(), new_trace()
    for trace in (failed, done):
        trace.begin("load", 1_000 * MS)

    failed.complete(2_000 * MS, "the breaker tripped")
    done.complete(2_000 * MS)

    assert failed.steps[0].status is StepStatus.FAILURE
    assert done.steps[0].status is StepStatus.SUCCESS


def test_a_step_keeps_its_first_ending_and_a_trace_its_first_error() -> None:
    trace = new_trace()
    step = trace.begin("load", 1_000 * MS)
    trace.end(step, StepStatus.FAILURE, 1_100 * MS, why="tripped")
    trace.end(step, StepStatus.SUCCESS, 9_000 * MS, why="fine")
    trace.error = "first"
    trace.complete(2_000 * MS, "second")

    assert (step.status, step.duration_ms, step.details) == (StepStatus.FAILURE, 100.0, {"why": "tripped"})
    assert trace.error == "first"


def test_steps_beyond_a_bound_are_counted() -> None:
    trace = new_trace()
    for number in range(MOST_STEPS + 3):
        trace.begin(f"step {number}", 1_000 * MS)

    assert len(trace.to_dict()["steps"]) == MOST_STEPS
    assert trace.to_dict()["metadata"] == {"steps_left_out": 3}


@pytest.mark.parametrize(
    "change",
    [{"trace_id": 5}, {"steps": {}}, {"steps": [{"name": "x"}]}, {"steps": [7]}, {"metadata": None}, {"user_id": None}],
)
def test_something_else_is_no_trace(change: dict[str, object]) -> None:
    body = new_trace().to_dict()

    assert is_trace(body)
    assert not is_trace({**body, **change})
    assert not is_trace([body])
    assert not is_trace({key: value for key, value in body.items() if key != "error"})
