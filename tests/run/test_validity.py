"""Judging the generator."""

from __future__ import annotations

from typing import Any

import pytest

from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run.validity import Evidence, State, judge, of_steps

WELL: dict[str, Any] = {"cpu_ns": 20, "wall_ns": 100, "descriptors": 5, "descriptor_limit": 100}


def test_a_generator_that_was_well_is_valid_without_reasons() -> None:
    verdict = judge(Evidence(1000, 1000, lag_p99_ns=NS_PER_MS, hosts=[WELL]))

    assert (verdict.state, verdict.reasons, verdict.target_limited) == (State.VALID, (), False)
    assert str(verdict) == "VALID"


@pytest.mark.parametrize(
    ("evidence", "state", "reason"),
    [
        (Evidence(lag_p99_ns=10 * NS_PER_MS), State.VALID, ""),
        (Evidence(lag_p99_ns=10 * NS_PER_MS + 20_000), State.DEGRADED, "lag p99 10.02ms, limit 10ms"),
        (Evidence(lag_p99_ns=150 * NS_PER_MS), State.INVALID, "lag p99 150ms, limit 100ms"),
        (Evidence(hosts=[WELL, {**WELL, "cpu_ns": 90}]), State.DEGRADED, "cpu 90 %, limit 85 %"),
        (Evidence(hosts=[{**WELL, "cpu_ns": 99}]), State.INVALID, "cpu 99 %, limit 97 %"),
        (Evidence(hosts=[{**WELL, "throttled_ns": 5}]), State.DEGRADED, "throttled 5 %, limit 1 %"),
        (Evidence(hosts=[{**WELL, "stall_max_ns": 6 * NS_PER_S}]), State.INVALID, "stall max 6s, limit 5s"),
        (Evidence(hosts=[{**WELL, "suspended_ns": NS_PER_S}]), State.DEGRADED, "suspended 1s, limit 0s"),
        (Evidence(hosts=[{**WELL, "overloaded_ns": 10}]), State.DEGRADED, "overloaded 10 %, limit 5 %"),
        (Evidence(hosts=[WELL, {**WELL, "overloaded_ns": 30}]), State.INVALID, "overloaded 30 %, limit 20 %"),
        (Evidence(hosts=[{**WELL, "gc_max_ns": 60 * NS_PER_MS}]), State.DEGRADED, "gc max 60ms, limit 50ms"),
        (Evidence(hosts=[{**WELL, "gc_ns": 5}]), State.DEGRADED, "gc 5 %, limit 2 %"),
        (Evidence(lost_accounts=1), State.DEGRADED, "lost accounts 1, limit 0"),
        (Evidence(before={"state": "INVALID", "reasons": ["x"]}), State.INVALID, "before the gap: x"),
        (Evidence(hosts=[{**WELL, "descriptors": 95}]), State.DEGRADED, "descriptor 95 %, limit 90 %"),
        (Evidence(1000, 999, dropped={"no_port": 1}), State.DEGRADED, "own fault 0.1 %, limit 0 %"),
        (Evidence(1000, 900, dropped={"no_descriptor": 100}), State.INVALID, "own fault 10 %, limit 1 %"),
        (Evidence(missing_seconds=1), State.DEGRADED, "missing seconds 1, limit 0"),
        (Evidence(unmatched=["worker 0: 1 done, 2"]), State.INVALID, "unmatched counts 1, limit 0"),
    ],
)
def test_each_figure_has_its_limits(evidence: Evidence, state: State, reason: str) -> None:
    verdict = judge(evidence)

    assert verdict.state is state
    assert "".join(verdict.reasons[:1]).startswith(reason)


def test_the_worst_figure_decides_and_comes_first() -> None:
    verdict = judge(Evidence(lag_p99_ns=20 * NS_PER_MS, hosts=[{**WELL, "cpu_ns": 99}]))

    assert verdict.state is State.INVALID
    assert [reason.split()[0] for reason in verdict.reasons] == ["cpu", "lag"]


def test_a_shortfall_with_a_well_generator_is_the_targets() -> None:
    verdict = judge(Evidence(1000, 980, unsent=5, dropped={"dropped_late": 15}, lag_p99_ns=NS_PER_MS))

    assert (verdict.state, verdict.target_limited) == (State.VALID, True)
    assert str(verdict) == "VALID, TARGET-LIMITED"


def test_a_shortfall_that_the_drain_made_up_for_is_the_targets_when_connections_were_busy() -> None:
    late = Evidence(1000, 1000, sent_in_time=900, wait_p99_ns=100 * NS_PER_MS, lag_p99_ns=NS_PER_MS)

    assert judge(late).target_limited
    assert not judge(Evidence(1000, 1000, sent_in_time=900, wait_p99_ns=0, lag_p99_ns=NS_PER_MS)).target_limited


def test_a_shortfall_of_a_generator_that_never_rested_is_not_the_targets() -> None:
    verdict = judge(Evidence(1000, 500, unsent=500, hosts=[{**WELL, "overloaded_ns": 90}]))

    assert (verdict.state, verdict.target_limited) == (State.INVALID, False)


@pytest.mark.parametrize(
    ("seen", "share", "state"),
    [
        (10, 0.0, State.VALID),
        (11, 0.0, State.VALID),
        (13, 0.1538, State.VALID),
        (20, 0.45, State.VALID),
        (25, 0.56, State.DEGRADED),
        (9, 0.0, State.VALID),
        (0, 0.9, State.DEGRADED),
    ],
)
def test_requests_in_flight_must_be_throughput_times_service_time(seen: int, share: float, state: State) -> None:
    """100 s with 10 requests in flight by the service times; one more or less means nothing, then it is a share."""
    host = {**WELL, "wall_ns": 100 * NS_PER_S, "cpu_ns": 0, "in_flight_ns": seen * 100 * NS_PER_S}
    verdict = judge(Evidence(hosts=[host], service_ns=1_000.0 * NS_PER_S))

    assert verdict.figures["little_share"] == share
    assert verdict.state is state


def test_without_a_complete_account_of_service_times_the_law_of_little_is_not_applied() -> None:
    assert "little_share" not in judge(Evidence(hosts=[{**WELL, "in_flight_ns": 10**12}])).figures


def test_exactly_one_percent_short_is_not_target_limited() -> None:
    assert not judge(Evidence(1000, 990, unsent=10)).target_limited


def test_the_body_names_every_limit_with_its_reason() -> None:
    body = judge(Evidence(lag_p99_ns=1)).to_body()

    assert body["state"] == "VALID"
    assert all(limit["because"] for limit in body["limits"].values())


def test_a_step_that_was_run_again_does_not_spoil_the_whole_run() -> None:
    spoiled = judge(Evidence(hosts=[{**WELL, "cpu_ns": 99}]))
    slow = judge(Evidence(lag_p99_ns=20 * NS_PER_MS, hosts=[WELL]))
    well = judge(Evidence(lag_p99_ns=NS_PER_MS, hosts=[WELL]))

    run = of_steps(spoiled, [well, spoiled, slow])

    assert run.state is State.DEGRADED
    assert run.reasons[0].startswith("1 step was run again, because the generator was not well: cpu 99 %, limit 97 %")
    assert run.reasons[1].startswith("lag p99 20ms, limit 10ms")
    assert (run.figures["cpu_share"], run.figures["lag_p99_ns"]) == (0.2, 20 * NS_PER_MS)


def test_a_last_step_that_was_invalid_leaves_the_whole_run_invalid() -> None:
    spoiled, well = judge(Evidence(hosts=[{**WELL, "cpu_ns": 99}])), judge(Evidence(hosts=[WELL]))

    assert of_steps(spoiled, [well, spoiled]) is spoiled
    assert of_steps(spoiled, []) is spoiled


def test_seconds_missing_here_and_there_in_good_steps_do_not_make_the_run_invalid() -> None:
    steps = [judge(Evidence(missing_seconds=1))] * 3

    assert of_steps(judge(Evidence(missing_seconds=3)), steps).state is State.DEGRADED
