"""Whole searches against simulated services whose knee is known."""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING

import pytest

from loadgen.core.units import Rate
from loadgen.run.capacity.answer import Answer, Verdict
from loadgen.run.capacity.conditions import parse_conditions
from loadgen.run.capacity.findings import STATIONARY
from loadgen.run.capacity.outcome import Outcome, Purpose, Result
from loadgen.run.capacity.schedule import Lengths, first_rate, least_rate
from loadgen.run.capacity.search import SearchTerms
from tests.support.queueing import Climb, Service

if TYPE_CHECKING:
    from random import Random

SEEDS = 5
MANY_SEEDS = 40
CEILING = Rate.per_second(1_000)


def climb(service: Service, slo: str, seed: int, *, trip_share: float = 1.1) -> tuple[Answer, list[Outcome]]:
    conditions = parse_conditions([slo])
    start = first_rate(CEILING, conditions, Lengths())
    terms = SearchTerms(CEILING, start, least_per_s=least_rate(start, conditions))
    return Climb(service, conditions, terms, seed, trip_share=trip_share).run()


def within_5_percent(service: Service, slo: str, knee: float, seeds: int = SEEDS) -> int:
    """Return how many of the searches find the knee within 5 %."""
    answers = [climb(service, slo, seed)[0] for seed in range(seeds)]
    return sum(
        answer.verdict is Verdict.FOUND and answer.held is not None and abs(answer.held.per_s / knee - 1) <= 0.05
        for answer in answers
    )


def steady(rng: Random, at: float) -> float:
    return 0.1


def noisy(rng: Random, at: float) -> float:
    return 0.1 * exp(rng.gauss(0, 0.3) - 0.045)


def exponential(rng: Random, at: float) -> float:
    return rng.expovariate(500)


def test_a_hard_knee_is_found() -> None:
    # 40 servers, 100 ms each: 400/s and not one more
    assert within_5_percent(Service(40, steady), "p99<250ms,error_rate<1%", 400, seeds=2) == 2


@pytest.mark.timeout(180)
def test_a_hard_knee_with_noisy_service_times_is_found() -> None:
    assert within_5_percent(Service(40, noisy), "p99<300ms,error_rate<1%", 400) >= 0.95 * SEEDS


@pytest.mark.timeout(180)
def test_the_soft_knee_of_a_queue_is_found() -> None:
    # M/M/1: the response time is exponential with the rate mu - lambda, so p95 = ln 20 / (mu - lambda)
    knee = 500 - log(20) / 0.03
    assert within_5_percent(Service(1, exponential, poisson=True), "p95<30ms", knee) >= 0.95 * SEEDS


@pytest.mark.stack
@pytest.mark.timeout(900)
def test_a_hard_knee_with_noise_is_found_over_many_seeds() -> None:
    found = within_5_percent(Service(40, noisy), "p99<300ms,error_rate<1%", 400, MANY_SEEDS)
    assert found >= 0.95 * MANY_SEEDS


@pytest.mark.stack
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("slo", "knee"), [("p99<50ms", 500 - log(100) / 0.05), ("p95<30ms", 500 - log(20) / 0.03)])
def test_the_soft_knee_is_found_over_many_seeds(slo: str, knee: float) -> None:
    assert within_5_percent(Service(1, exponential, poisson=True), slo, knee, MANY_SEEDS) >= 0.95 * MANY_SEEDS


def test_a_service_that_refuses_beyond_its_queue_breaks_on_errors() -> None:
    answer, _ = climb(Service(40, steady, queue=10), "p99<250ms,error_rate<1%", 1)

    assert answer.held is not None
    assert answer.held.per_s == pytest.approx(400, rel=0.05)
    assert "error_rate<1%" in [broke.condition for broke in answer.broke]


def test_a_service_that_fails_too_often_at_every_rate_is_never_said_to_hold_one() -> None:
    # 1.3 % against a limit of 1 %: some of the rates hold by their estimate, which is chance
    answers = [climb(Service(40, steady, failing=0.013), "error_rate<1%", seed)[0] for seed in range(SEEDS)]

    assert {answer.verdict for answer in answers} <= {Verdict.NOTHING_HOLDS, Verdict.INCONCLUSIVE}


def test_a_service_that_slows_down_while_it_is_loaded_does_not_hold() -> None:
    def leaking(rng: Random, at: float) -> float:
        return 0.05 * (1 + at / 8)

    answer, outcomes = climb(Service(400, leaking), "p99<160ms", 1)

    assert answer.verdict is not Verdict.FOUND
    assert STATIONARY in {broke.condition for outcome in outcomes for broke in outcome.broke}


def test_a_service_that_trips_the_breaker_is_given_time_and_still_found() -> None:
    answer, outcomes = climb(Service(40, steady, queue=10), "p99<250ms,error_rate<1%", 1, trip_share=0.15)

    assert [one.result for one in outcomes].count(Result.TRIPPED) == 1
    assert Purpose.RECOVER in [one.purpose for one in outcomes]
    assert answer.held is not None
    assert answer.held.per_s == pytest.approx(400, rel=0.05)


def test_a_column_of_the_service_limits_as_well_as_the_client() -> None:
    service = Service(40, steady, server_columns=lambda rate: {"cpu_percent": rate / 4})

    answer, _ = climb(service, "p99<250ms,cpu_percent<50", 1)

    assert answer.held is not None
    assert answer.held.per_s == pytest.approx(200, rel=0.03)
    assert [(broke.condition, broke.side) for broke in answer.broke] == [("cpu_percent<50", "server")]


def test_a_search_takes_less_than_three_minutes_where_the_knee_is_clear() -> None:
    _, outcomes = climb(Service(40, steady), "p99<250ms,error_rate<1%", 1)

    assert sum(outcome.figures["run_s"] for outcome in outcomes) < 120
