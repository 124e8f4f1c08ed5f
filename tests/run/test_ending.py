"""Why runs end, and with which code."""

from __future__ import annotations

from loadgen.core.errors import ExitCode
from loadgen.core.metadata import Status
from loadgen.core.units import NS_PER_S
from loadgen.run.ending import Cause, End, drain_ns


async def test_a_run_that_nobody_ended_is_completed() -> None:
    ending = End().ending()

    assert (ending.status, ending.exit_code, ending.sentence) == (Status.COMPLETED, ExitCode.OK, "completed")


async def test_an_invalid_measurement_gives_the_exit_code_of_a_completed_run() -> None:
    assert End().ending(ExitCode.INVALID).exit_code is ExitCode.INVALID


async def test_a_trip_wins_over_what_came_before_it() -> None:
    end = End()
    assert end.ask(Cause.SIGTERM)
    assert not end.ask(Cause.BREAKER, "error_rate 0.06 > 0.02")

    ending = end.ending()

    assert (ending.status, ending.exit_code) == (Status.ABORTED_CIRCUIT_BREAKER, ExitCode.BREAKER)
    assert ending.sentence == "the circuit breaker tripped: error_rate 0.06 > 0.02"


async def test_a_second_interrupt_is_urgent_and_a_first_one_is_not() -> None:
    end = End()
    end.ask(Cause.SIGINT)
    assert not end.urgent.is_set()

    end.ask(Cause.SIGINT)
    assert end.urgent.is_set()
    assert len(end.reasons) == 1


async def test_the_same_cause_is_noted_once() -> None:
    end = End()
    end.ask(Cause.FAILURE, "worker 0 is gone")
    end.ask(Cause.FAILURE, "worker 1 is gone")

    assert [str(reason) for reason in end.reasons] == ["the run failed: worker 0 is gone"]


def test_a_trip_gives_the_grace_and_a_signal_a_bounded_drain() -> None:
    assert drain_ns(Cause.BREAKER, 30 * NS_PER_S, 2 * NS_PER_S) == 2 * NS_PER_S
    assert drain_ns(Cause.SIGTERM, 30 * NS_PER_S, 2 * NS_PER_S) == 7 * NS_PER_S
    assert drain_ns(Cause.SIGINT, 3 * NS_PER_S, 2 * NS_PER_S) == 3 * NS_PER_S
