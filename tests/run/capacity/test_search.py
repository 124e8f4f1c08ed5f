"""The search as a function of what happened so far."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.errors import ExitCode
from loadgen.core.units import Rate
from loadgen.run.capacity.answer import Answer, Verdict
from loadgen.run.capacity.conditions import parse_conditions
from loadgen.run.capacity.outcome import Broke, Outcome, Purpose, Result
from loadgen.run.capacity.schedule import least_rate
from loadgen.run.capacity.search import MOST_RECOVERIES, Move, SearchTerms, answer_so_far, next_move

TERMS = SearchTerms(Rate.per_second(1_000), Rate.per_second(125))
ALONE = SearchTerms(Rate.per_second(300))


def run(terms: SearchTerms, knee: float, results: dict[int, Result] | None = None) -> tuple[Answer, list[Outcome]]:
    """Search a service that holds up to `knee`; `results` replace those of single steps, by number."""
    outcomes: list[Outcome] = []
    while isinstance(move := next_move(terms, outcomes), Move):
        number = len(outcomes) + 1
        held = move.rate.per_s <= knee
        result = (results or {}).get(number, Result.HELD if held else Result.FAILED)
        broke = () if result is Result.HELD else (Broke("p99<250ms", "client", f"too slow at {move.rate}"),)
        outcomes.append(Outcome(number, move.rate, move.purpose, result, broke=broke))
    return move, outcomes


def test_the_knee_is_bracketed_bisected_and_confirmed() -> None:
    answer, outcomes = run(TERMS, 400)

    assert answer.verdict is Verdict.FOUND
    assert answer.held is not None
    assert answer.failed is not None
    assert answer.held.per_s <= 400 < answer.failed.per_s
    assert answer.failed.per_s / answer.held.per_s <= 1.03
    assert [outcome.rate.per_s for outcome in outcomes[:4]] == [125, 250, 500, 353.6]
    assert outcomes[-1].purpose is Purpose.CONFIRM
    assert answer.broke[0].condition == "p99<250ms"
    assert str(answer).startswith("FOUND: 394.1/s is the highest rate that holds; the capacity is between 394.1/s and")


@pytest.mark.parametrize(("clear_up_to", "verdict"), [(0, Verdict.INCONCLUSIVE), (130, Verdict.FOUND)])
def test_an_answer_rests_on_a_rate_that_held_clearly(clear_up_to: float, verdict: Verdict) -> None:
    outcomes: list[Outcome] = []
    while isinstance(move := next_move(TERMS, outcomes), Move):
        per_s = move.rate.per_s
        result = Result.HELD if per_s <= 400 else Result.FAILED
        outcomes.append(Outcome(len(outcomes) + 1, move.rate, move.purpose, result, clear=per_s <= clear_up_to))

    assert move.verdict is verdict
    if verdict is Verdict.INCONCLUSIVE:
        assert move.reason == "394.1/s holds by an estimate only, and so does every lower rate that held"
        assert verdict.exit_code is ExitCode.INCOMPLETE


def test_nothing_is_sent_above_the_ceiling_which_is_confirmed_when_it_holds() -> None:
    answer, outcomes = run(TERMS, 1e9)

    assert (answer.verdict, answer.held, answer.failed) == (Verdict.CEILING_HOLDS, TERMS.ceiling, None)
    assert max(outcome.rate.per_s for outcome in outcomes) == 1_000
    assert outcomes[-1].purpose is Purpose.CONFIRM


def test_a_first_rate_that_fails_is_quartered_until_one_holds() -> None:
    answer, outcomes = run(TERMS, 20)

    assert [outcome.rate.per_s for outcome in outcomes[:3]] == [125, 31.25, 7.812]
    assert answer.held is not None
    assert answer.held.per_s == pytest.approx(20, rel=0.03)


def test_a_service_that_holds_nothing_ends_the_search() -> None:
    answer, outcomes = run(TERMS, 0)

    assert (answer.verdict, answer.held) == (Verdict.NOTHING_HOLDS, None)
    assert answer.verdict.exit_code is ExitCode.NO_GO
    assert len(outcomes) < 8


def test_no_rate_is_tried_at_which_a_block_takes_longer_than_two_minutes() -> None:
    # p99 needs 1,000 requests and a block half of them: two minutes at 500 / 120 = 4.17/s
    conditions = parse_conditions(["p99<250ms"])
    least = [least_rate(Rate.per_second(start), conditions) for start in (125, 5)]
    terms = SearchTerms(TERMS.ceiling, TERMS.start, least_per_s=least[0])

    answer, outcomes = run(terms, 0)

    assert least == [pytest.approx(4.1667, abs=1e-4), 1], "a first rate of 5/s may be quartered once"
    assert [outcome.rate.per_s for outcome in outcomes] == [125, 31.25, 7.812]
    assert answer.verdict is Verdict.NOTHING_HOLDS
    assert answer.reason == ("not even 7.812/s holds, and a search up to 1000/s goes no lower: give a lower rate")


def test_a_rate_that_fails_its_confirmation_is_a_failed_rate() -> None:
    answer, outcomes = run(TERMS, 400, {9: Result.FAILED})

    assert outcomes[8].purpose is Purpose.CONFIRM
    assert answer.verdict is Verdict.FOUND
    assert answer.failed is not None
    assert answer.failed.per_s <= outcomes[8].rate.per_s


def test_a_failure_by_an_estimate_is_tried_again_and_a_hold_raises_the_interval() -> None:
    outcomes: list[Outcome] = []
    while isinstance(move := next_move(TERMS, outcomes), Move):
        wrong = move.rate.per_s == pytest.approx(385.6, abs=0.1) and move.purpose is Purpose.BISECT
        held = move.rate.per_s <= 400 and not wrong
        result = Result.HELD if held else Result.FAILED
        outcomes.append(Outcome(len(outcomes) + 1, move.rate, move.purpose, result, clear=not wrong))

    assert [one.purpose for one in outcomes].count(Purpose.RETRY) == 1
    assert move.held is not None
    assert move.held.per_s == pytest.approx(400, rel=0.03)


def test_a_rate_that_held_when_it_was_tried_again_and_then_fails_its_confirmation_is_a_failed_rate() -> None:
    outcomes: list[Outcome] = []
    while isinstance(move := next_move(TERMS, outcomes), Move):
        near = move.rate.per_s == pytest.approx(385.6, abs=0.1)
        held = move.purpose is Purpose.RETRY if near else move.rate.per_s < 400
        result = Result.HELD if held else Result.FAILED
        outcomes.append(Outcome(len(outcomes) + 1, move.rate, move.purpose, result, clear=move.rate.per_s < 300))
        assert len(outcomes) < 30

    assert move.verdict is Verdict.FOUND


def test_three_confirmations_that_fail_are_inconclusive() -> None:
    outcomes: list[Outcome] = []
    while isinstance(move := next_move(TERMS, outcomes), Move):
        held = move.rate.per_s <= 400 and move.purpose is not Purpose.CONFIRM
        outcomes.append(Outcome(len(outcomes) + 1, move.rate, move.purpose, Result.HELD if held else Result.FAILED))
    assert move.verdict is Verdict.INCONCLUSIVE
    assert move.verdict.exit_code is ExitCode.INCOMPLETE


def test_after_a_trip_a_tenth_runs_until_it_holds_and_then_a_lower_rate() -> None:
    answer, outcomes = run(TERMS, 400, {3: Result.TRIPPED, 4: Result.FAILED})

    assert [(one.purpose, one.rate.per_s) for one in outcomes[2:6]] == [
        (Purpose.BRACKET, 500), (Purpose.RECOVER, 50), (Purpose.RECOVER, 50), (Purpose.BISECT, 353.6),
    ]  # fmt: skip
    assert answer.verdict is Verdict.FOUND


def test_the_third_trip_ends_the_search_with_the_interval_so_far() -> None:
    answer, outcomes = run(TERMS, 400, {3: Result.TRIPPED, 6: Result.TRIPPED, 8: Result.TRIPPED})

    assert [one.result for one in outcomes].count(Result.TRIPPED) == 3
    assert answer.verdict is Verdict.BREAKER
    assert answer.verdict.exit_code is ExitCode.BREAKER
    assert answer.held is not None
    assert answer.failed is not None
    assert answer.reason == "the circuit breaker tripped for the third time"


def test_the_first_trip_in_production_ends_it() -> None:
    terms = SearchTerms(TERMS.ceiling, TERMS.start, production=True)

    answer, outcomes = run(terms, 400, {3: Result.TRIPPED})

    assert len(outcomes) == 3
    assert answer.reason == "the circuit breaker tripped for the first time in production"
    assert (answer.held, answer.failed) == (Rate.per_second(250), Rate.per_second(500))


def test_a_service_that_does_not_recover_ends_it() -> None:
    answer, outcomes = run(TERMS, 400, {3: Result.TRIPPED, **dict.fromkeys(range(4, 40), Result.FAILED)})

    assert sum(one.purpose is Purpose.RECOVER for one in outcomes) == MOST_RECOVERIES
    assert answer.verdict is Verdict.BREAKER
    assert "was not well again" in answer.reason


@pytest.mark.parametrize(
    ("result", "verdict", "code"),
    [
        (Result.UNKNOWN, Verdict.INCONCLUSIVE, ExitCode.INCOMPLETE),
    ],
)
def test_what_cannot_be_judged_ends_it_with_the_interval_so_far(
    result: Result, verdict: Verdict, code: ExitCode
) -> None:
    answer, _ = run(TERMS, 400, {3: result})

    assert (answer.verdict, answer.verdict.exit_code) == (verdict, code)
    assert answer.held == Rate.per_second(250)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (Result.HELD, Verdict.HOLDS),
        (Result.FAILED, Verdict.DOES_NOT_HOLD),
        (Result.TRIPPED, Verdict.BREAKER),
    ],
)
def test_a_rate_alone_is_one_step(result: Result, verdict: Verdict) -> None:
    answer, outcomes = run(ALONE, 0, {1: result})

    assert len(outcomes) == 1
    assert outcomes[0].purpose is Purpose.HOLD
    assert answer.verdict is verdict


def test_a_step_in_which_the_generator_was_not_well_is_run_again() -> None:
    answer, outcomes = run(TERMS, 400, {3: Result.INVALID, 4: Result.INVALID})

    assert [one.rate.per_s for one in outcomes[2:5]] == [500, 500, 500]
    assert answer.verdict is Verdict.FOUND


def test_three_of_them_in_a_row_are_the_generators_own_limit() -> None:
    answer, outcomes = run(TERMS, 400, dict.fromkeys((3, 4, 5), Result.INVALID))

    assert len(outcomes) == 5
    assert (answer.verdict, answer.verdict.exit_code) == (Verdict.INVALID, ExitCode.INVALID)
    assert answer.held == Rate.per_second(250)
    assert run(ALONE, 0, dict.fromkeys((1, 2, 3), Result.INVALID))[0].verdict is Verdict.INVALID


def test_a_run_that_is_stopped_says_what_it_knows_so_far() -> None:
    _, outcomes = run(TERMS, 400)  # 125 and 250 hold, 500 does not

    stopped = [answer_so_far(outcomes[:count]) for count in (0, 2, 3)]

    assert {(one.verdict, one.reason) for one in stopped} == {(Verdict.INCONCLUSIVE, "the run has not come to its end")}
    assert [one.interval for one in stopped] == [
        "nothing is known of the capacity",
        "the capacity is at least 250/s",
        "the capacity is between 250/s and 500/s",
    ]


def test_an_outcome_is_read_back_as_it_was_written() -> None:
    _, outcomes = run(TERMS, 400)

    assert [Outcome.from_body(outcome.to_body()) for outcome in outcomes] == outcomes


@given(st.lists(st.sampled_from(list(Result)), max_size=80), st.floats(1, 1e5))
def test_every_search_ends_stays_below_its_ceiling_and_never_runs_a_rate_that_has_failed(
    results: list[Result], ceiling: float
) -> None:
    terms = SearchTerms(Rate.per_second(ceiling), Rate.per_second(ceiling / 8))
    outcomes: list[Outcome] = []
    given_results = iter(results)
    while isinstance(move := next_move(terms, outcomes), Move):
        assert move.rate.per_s <= ceiling * (1 + 1e-12)
        failed = [one.rate.per_s for one in outcomes if one.result in (Result.FAILED, Result.TRIPPED)]
        if move.purpose is not Purpose.RECOVER:
            assert (
                all(move.rate.per_s < rate for rate in failed if rate > 0)
                or not failed
                or any(one.purpose is Purpose.RECOVER for one in outcomes)
            )
        outcomes.append(Outcome(len(outcomes) + 1, move.rate, move.purpose, next(given_results, Result.FAILED)))
    assert len(outcomes) <= 61
    for one, other in pairwise(outcomes):
        assert not (one.result is Result.TRIPPED and other.rate.per_s > one.rate.per_s)


@pytest.mark.parametrize(
    ("unreached", "result", "verdict", "interval"),
    [
        (
            True,
            Result.TRIPPED,
            Verdict.BREAKER,
            "nothing is known of the capacity, since no request reached the service: connect_refused 21",
        ),
        (
            True,
            Result.FAILED,
            Verdict.INCONCLUSIVE,
            "nothing is known of the capacity, since no request reached the service: connect_refused 21",
        ),
        (
            False,
            Result.FAILED,
            Verdict.DOES_NOT_HOLD,
            "the capacity is below 300/s, and no request was answered well: connect_refused 21",
        ),
    ],
)
def test_a_service_that_answers_nothing_well_is_not_said_to_have_a_capacity(
    *, unreached: bool, result: Result, verdict: Verdict, interval: str
) -> None:
    outcome = Outcome(1, ALONE.ceiling, Purpose.HOLD, result, unserved="connect_refused 21", unreached=unreached)

    answer = next_move(ALONE, [Outcome.from_body(outcome.to_body())])

    assert isinstance(answer, Answer)
    assert (answer.verdict, answer.interval) == (verdict, interval)


def test_one_step_with_an_answer_is_enough_to_know_something() -> None:
    dead = Outcome(1, Rate.per_second(125), Purpose.BRACKET, Result.FAILED, unserved="http_5xx 9")
    alive = Outcome(2, Rate.per_second(31.25), Purpose.BRACKET, Result.FAILED)

    assert answer_so_far([dead, alive]).interval == "the capacity is below 31.25/s"
