"""The judgement of one step on blocks made by hand."""

from __future__ import annotations

import pytest

from loadgen.core.histogram import Histogram
from loadgen.core.units import NS_PER_MS, NS_PER_S, Rate, parse_rate
from loadgen.run.capacity.block import Block, Second
from loadgen.run.capacity.conditions import parse_conditions
from loadgen.run.capacity.findings import STATIONARY, State
from loadgen.run.capacity.outcome import Purpose
from loadgen.run.capacity.schedule import Lengths, first_rate, step_terms, trouble_in
from loadgen.run.capacity.step import StepJudge, StepTerms, block_length_s

P99 = parse_conditions(["p99<250ms"])


def second(fast: int, slow: int = 0, *, failures: int = 0, waiting: int = 10, slow_ms: int = 400) -> Second:
    """Return a second in which `fast` requests took 20 ms and `slow` ones longer."""
    histogram = Histogram(60 * NS_PER_S)
    histogram.record(20 * NS_PER_MS, fast)
    histogram.record(slow_ms * NS_PER_MS, slow)
    ended = fast + slow
    return Second(ended, ended, ended - failures, failures, waiting, response=histogram)


def block(*seconds: Second, **server: float) -> Block:
    return Block(seconds, server)


def test_a_step_without_slow_requests_holds_at_the_first_look() -> None:
    standing = StepJudge(P99, StepTerms(400)).look(block(*[second(400)] * 5))

    assert (standing.state, standing.clear) == (State.HOLDS, True)


def test_a_step_that_is_all_slow_fails_at_the_first_look_and_says_what_broke() -> None:
    standing = StepJudge(P99, StepTerms(400)).look(block(*[second(200, 200)] * 5))

    assert standing.state is State.FAILS
    assert [str(one) for one in standing.broken] == ["p99<250ms: 400 ms (400 ms to 400 ms)"]


def test_a_percentile_is_not_decided_on_fewer_than_ten_expected_values_beyond_it() -> None:
    judge = StepJudge(P99, StepTerms(199))

    assert judge.look(block(*[second(199)] * 5)).state is State.OPEN, "995 requests"
    assert judge.look(block(*[second(199)] * 5)).state is State.HOLDS, "1,990 requests"


def test_slow_requests_that_come_in_one_clump_do_not_fail_a_step_at_once() -> None:
    judge = StepJudge(P99, StepTerms(400))

    assert judge.look(block(second(340, 60), *[second(400)] * 4)).state is State.OPEN


def test_what_no_look_decides_the_last_decides_by_its_estimate_and_says_so() -> None:
    judge = StepJudge(P99, StepTerms(400, looks=2))
    near = [second(397, 3), second(394, 6)] * 3

    assert judge.look(block(*near[:5])).state is State.OPEN
    standing = judge.look(block(*near[:5]))

    assert (standing.state, standing.clear) == (State.FAILS, False)


def test_a_rate_that_has_held_before_keeps_the_benefit_of_doubt() -> None:
    judge = StepJudge(P99, StepTerms(400, looks=2, benefit=True))
    near = [second(397, 3), second(394, 6)] * 3
    judge.look(block(*near[:5]))

    standing = judge.look(block(*near[:5]))

    assert (standing.state, standing.clear) == (State.HOLDS, False)


def test_a_growing_queue_does_not_hold_although_every_condition_does() -> None:
    judge = StepJudge(P99, StepTerms(400))
    seconds = [second(400, waiting=20 + 8 * number) for number in range(10)]

    assert judge.look(block(*seconds[:5])).state is State.OPEN
    standing = judge.look(block(*seconds[5:]))

    assert standing.state is State.FAILS
    assert standing.broken[0].condition == STATIONARY
    assert "open requests grow by 8/s" in str(standing.broken[0])


def test_a_queue_that_only_moves_is_stationary() -> None:
    judge = StepJudge(P99, StepTerms(400))
    seconds = [second(400, waiting=level) for level in (12, 30, 9, 22, 15)]

    assert judge.look(block(*seconds)).state is State.HOLDS


def test_response_times_that_drift_towards_the_limit_do_not_hold() -> None:
    judge = StepJudge(P99, StepTerms(400, looks=6, least_looks=6))
    drifting = [second(0, 400, slow_ms=100 + 5 * number) for number in range(30)]
    standings = [judge.look(block(*drifting[begin : begin + 5])) for begin in range(0, 30, 5)]

    failed = next(standing for standing in standings if standing.state is State.FAILS)
    assert failed.broken[0].condition == STATIONARY
    assert "response times rise" in failed.broken[0].note


def test_errors_are_judged_over_all_endings() -> None:
    conditions = parse_conditions(["error_rate<1%"])

    failing = StepJudge(conditions, StepTerms(400)).look(block(*[second(400, failures=20)] * 5))
    holding = StepJudge(conditions, StepTerms(400)).look(block(*[second(400)] * 5))

    assert (failing.state, holding.state) == (State.FAILS, State.HOLDS)
    assert "error_rate<1%: 5 %" in str(failing.broken[0])


def test_a_column_of_the_service_is_judged_on_its_block_values() -> None:
    judge = StepJudge(parse_conditions(["cpu_percent<80"]), StepTerms(400))
    busy = [second(400)] * 5

    states = [judge.look(block(*busy, cpu_percent=value)).state for value in (90.0, 91.0, 90.5)]

    assert states == [State.OPEN, State.OPEN, State.FAILS]


def test_a_mean_is_judged_too() -> None:
    judge = StepJudge(parse_conditions(["avg<30ms"]), StepTerms(400))
    judge.look(block(*[second(400)] * 5))

    assert judge.look(block(*[second(400)] * 5)).state is State.HOLDS


def test_a_figure_that_the_service_does_not_show_is_unknown_in_the_end_and_never_holds() -> None:
    judge = StepJudge(parse_conditions(["cpu_percent<80"]), StepTerms(400, looks=2))

    assert judge.look(block(*[second(400)] * 5)).state is State.OPEN
    assert judge.look(block(*[second(400)] * 5)).state is State.UNKNOWN


def test_a_service_that_ends_nothing_fails() -> None:
    silent = Second(400, 20, 0, 0, 400)
    judge = StepJudge(P99, StepTerms(400, looks=1))

    assert judge.look(block(*[silent] * 5)).state is State.FAILS


@pytest.mark.parametrize(("rate", "length"), [(400, 5), (100, 5), (50, 10), (10, 50)])
def test_a_block_is_as_long_as_half_of_the_requests_that_are_needed(rate: float, length: int) -> None:
    assert block_length_s(P99, rate) == length


def test_a_search_begins_at_an_eighth_or_where_two_blocks_are_enough_but_never_above_half() -> None:
    rates = [first_rate(Rate.per_second(ceiling), P99, Lengths()).per_s for ceiling in (8_000, 400, 100)]

    assert rates == [1_000, 100, 50]


def test_the_purpose_decides_how_strict_a_step_is() -> None:
    rate = Rate.per_second(400)
    least = {purpose: step_terms(rate, purpose, P99, Lengths()).least_looks for purpose in Purpose}

    assert least == {
        Purpose.HOLD: 12, Purpose.BRACKET: 1, Purpose.BISECT: 2, Purpose.RETRY: 2, Purpose.CONFIRM: 3,
        Purpose.RECOVER: 1,
    }  # fmt: skip


def test_a_service_is_well_again_without_errors_and_slow_answers() -> None:
    conditions = parse_conditions(["p99<250ms", "error_rate<1%"])

    assert trouble_in(block(second(40)), conditions) == ()
    assert trouble_in(block(second(40, failures=2)), conditions)[0].text == "error_rate<1%: 5 % in the recovery"
    assert trouble_in(block(second(0, 40)), conditions)[0].condition == "p99<250ms"
    assert trouble_in(block(Second(40, 40, 0, 0, 40)), conditions)[0].text == "nothing ended"


def test_a_median_is_well_again_however_slow_the_tail_is() -> None:
    # 9 of 10 take 20 ms, one takes 1 s: the median is 20 ms, the mean 118 ms
    recovered = block(*[second(9, 1, slow_ms=1_000)] * 5)

    assert trouble_in(recovered, parse_conditions(["med<50ms"])) == ()
    assert [one.condition for one in trouble_in(recovered, parse_conditions(["avg<50ms"]))] == ["avg<50ms"]


@pytest.mark.parametrize(("rate", "length"), [("20", 5), ("1", 5), ("0.1", 50)])
def test_a_recovery_is_long_enough_for_five_requests(rate: str, length: int) -> None:
    assert step_terms(parse_rate(rate), Purpose.RECOVER, P99, Lengths()).block_s == length
