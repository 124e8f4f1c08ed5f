"""How a scenario is pushed, what happens when the sink fails, and that everything is taken back."""

from __future__ import annotations

import pytest

from loadgen.drill.round import Asked
from loadgen.drill.scenario import SCENARIOS, scenario_named
from loadgen.drill.sink import SinkError
from tests.support.demo import HandClock
from tests.support.drilling import RememberingSink, play

WARN = scenario_named("error-rate-warn")
M = 60_000_000_000


async def test_pushes_lie_on_a_grid_and_the_scenario_ends_at_its_time() -> None:
    drilled = await play(WARN, RememberingSink(HandClock()), duration_s=35)
    assert [at_s for at_s, _ in drilled.sink.pages] == [0, 10, 20, 30]
    assert drilled.played.lasted_ns == 35_000_000_000
    assert drilled.sink.calls == ["begin", *["push"] * 4, "end"]


async def test_a_slow_push_leaves_the_missed_ones_out() -> None:
    drilled = await play(WARN, RememberingSink(HandClock(), push_takes_s=12), duration_s=60)
    assert [at_s for at_s, _ in drilled.sink.pages] == [0, 20, 40]


async def test_the_counts_are_those_of_the_moment_of_the_push() -> None:
    drilled = await play(WARN, RememberingSink(HandClock()), duration_s=30)
    assert [page.total("action_exec_total") for _, page in drilled.sink.pages] == [0, 500, 1_000]
    assert [page.total("action_error_total") for _, page in drilled.sink.pages] == [0, 10, 20]


async def test_progress_is_told_every_minute() -> None:
    drilled = await play(WARN, RememberingSink(HandClock()), duration_s=200)
    progress = [line for line in drilled.told if " of 3m20s: " in line]
    assert [line.split(" of ")[0] for line in progress] == [f"[error-rate-warn] {minute}m" for minute in (1, 2, 3)]
    assert progress[0].endswith("3000 actions, 60 failed, 30 rejected, 120 changes; 7 pushes")


async def test_being_asked_to_end_takes_everything_back() -> None:
    drilled = await play(WARN, RememberingSink(HandClock()), duration_s=600, ask_at_s=25)
    assert [at_s for at_s, _ in drilled.sink.pages] == [0, 10, 20]
    assert drilled.sink.calls[-1] == "end"
    assert drilled.played.removed
    assert drilled.played.lasted_ns == 25_000_000_000


async def test_a_sink_that_is_not_there_yet_gets_two_more_tries() -> None:
    gone = SinkError("not there")
    drilled = await play(WARN, RememberingSink(HandClock(), refusals=[gone, gone]))
    assert drilled.sink.calls[:4] == ["begin", "begin", "begin", "push"]
    assert drilled.played.problem == ""


async def test_a_sink_that_never_comes_is_a_problem_and_nothing_is_pushed() -> None:
    drilled = await play(WARN, RememberingSink(HandClock(), refusals=[SinkError("not there")] * 3))
    assert drilled.played.problem == "not there"
    assert drilled.sink.calls == ["begin", "begin", "begin", "end"]


async def test_a_refusal_is_not_asked_again() -> None:
    drilled = await play(WARN, RememberingSink(HandClock(), refusals=[SinkError("no gateway", final=True)]))
    assert drilled.sink.calls == ["begin", "end"]
    assert drilled.played.problem == "no gateway"


async def test_six_failed_pushes_in_a_row_end_it() -> None:
    sink = RememberingSink(HandClock(), failures=[None, *[SinkError("away")] * 6])
    drilled = await play(WARN, sink, duration_s=600)
    assert (drilled.played.pushes, drilled.played.failed) == (1, 6)
    assert drilled.played.problem == "6 pushes in a row failed, the last because away"
    assert drilled.sink.calls[-1] == "end"


async def test_failures_that_are_not_in_a_row_do_not_end_it() -> None:
    away = SinkError("away")
    sink = RememberingSink(HandClock(), failures=[*[away] * 5, None, *[away] * 5])
    drilled = await play(WARN, sink, duration_s=200)
    assert drilled.played.problem == ""
    assert drilled.played.failed == 10


async def test_a_push_that_is_refused_for_good_ends_it_at_once() -> None:
    sink = RememberingSink(HandClock(), failures=[SinkError("400: bad page", final=True)])
    drilled = await play(WARN, sink, duration_s=600)
    assert drilled.played.problem == "400: bad page"
    assert drilled.sink.calls == ["begin", "push", "end"]


async def test_what_cannot_be_taken_back_is_said_with_the_command_that_does_it() -> None:
    drilled = await play(WARN, RememberingSink(HandClock(), endings=[SinkError("away")] * 3))
    assert not drilled.played.removed
    assert drilled.played.problem == "what was pushed is still there (away); remove it with: by hand"


async def test_taking_back_is_tried_three_times() -> None:
    drilled = await play(WARN, RememberingSink(HandClock(), endings=[SinkError("away")] * 2))
    assert drilled.played.removed
    assert drilled.sink.calls[-3:] == ["end"] * 3


async def test_a_fault_of_ours_takes_everything_back_as_well() -> None:
    sink = RememberingSink(HandClock(), failures=[RuntimeError("ours")])  # type: ignore[list-item]
    with pytest.raises(RuntimeError, match="ours"):
        await play(WARN, sink)
    assert sink.calls[-1] == "end"


async def test_the_record_has_the_counts_that_were_reached() -> None:
    drilled = await play(WARN, RememberingSink(HandClock()), duration_s=60)
    record = drilled.played.as_json()
    assert record["counts"] == {
        "actions": 3_000, "errors": 60, "rejected": 30, "sanitization_changes": 120, "decisions": None,
    }  # fmt: skip
    assert (record["lasted_s"], record["pushes"], record["removed"], record["problem"]) == (60.0, 6, True, None)
    assert str(drilled.played) == "error-rate-warn: 1m, 6 pushes; all of it was taken back"


def test_a_duration_too_short_for_the_alert_is_said() -> None:
    asked = Asked((WARN, scenario_named("controller-stalled")), 14 * M, M // 6, 0)
    (sentence,) = asked.too_short()
    assert sentence == "controller-stalled: 14m is too short for RelayControllerStalled to fire; they need 1h8m"


def test_without_a_duration_each_scenario_lasts_as_long_as_its_rule_needs() -> None:
    asked = Asked(SCENARIOS, None, M // 6, 0)
    assert asked.too_short() == []
    assert {scenario.name: asked.lasts_ns(scenario) // M for scenario in SCENARIOS} == {
        "error-rate-warn": 14, "error-rate-crit": 14, "latency-crit": 14, "controller-stalled": 68,
        "validation-spike": 14, "mime-slow": 14, "sanitization-spike": 12,
    }  # fmt: skip
