"""The faults as data, and what is drawn from them."""

from __future__ import annotations

import pytest

from loadgen.core.errors import InputError
from loadgen.demo.fallback import Reason
from loadgen.demo.faults import FaultError, Faults, initial_faults, parse_faults
from loadgen.demo.injector import Injector, OverloadedError, Turnstile


async def injector_with(**faults: object) -> Injector:
    return Injector(seed=1, faults=parse_faults(faults)[0])


def test_naming_a_fault_leaves_the_others_as_they_are() -> None:
    first, _ = parse_faults({"error_share": 0.06, "latency": 20})
    second, actions = parse_faults({"error_every": 50, "freeze": 1.5}, first)

    assert (second.error_share, second.error_every) == (0.06, 50)
    assert second.latency == first.latency
    assert actions.freeze == 1.5


def test_every_problem_is_named_and_nothing_changes() -> None:
    with pytest.raises(FaultError) as caught:
        parse_faults({"error_share": 2, "eror_every": 5, "freeze": -1, "capacity": {"concurrent": 0, "service_ms": 1}})

    text = str(caught.value)
    for name in ("error_share: ", "eror_every: Extra inputs", "freeze: ", "capacity.concurrent: "):
        assert name in text


@pytest.mark.parametrize("given", [None, [], 5, "hang"])
def test_faults_are_an_object(given: object) -> None:
    with pytest.raises(FaultError, match="faults are a JSON object"):
        parse_faults(given)


def test_initial_faults_must_be_json_and_no_actions() -> None:
    assert initial_faults('{"error_every": 3}').error_every == 3
    with pytest.raises(InputError, match=r"--faults = '\{': not JSON"):
        initial_faults("{")
    with pytest.raises(InputError, match="freeze can only be asked of a running service"):
        initial_faults('{"freeze": 1}')
    with pytest.raises(InputError, match="hung: Extra inputs are not permitted"):
        initial_faults('{"hung": true}')


async def test_every_fiftieth_request_fails_from_when_it_was_set() -> None:
    injector = await injector_with(error_every=50)

    failed = [number for number in range(1, 201) if injector.fails()]
    assert failed == [50, 100, 150, 200]


async def test_a_share_of_the_requests_fails_and_a_seed_repeats_which() -> None:
    first, second = await injector_with(error_share=0.06), await injector_with(error_share=0.06)

    draws = [first.fails() for _ in range(5_000)]

    assert draws == [second.fails() for _ in range(5_000)]
    assert sum(draws) == pytest.approx(300, abs=60)


async def test_seeding_again_repeats_from_the_start() -> None:
    injector = await injector_with(error_share=0.5)
    injector.seed(9)
    draws = [injector.fails() for _ in range(50)]

    injector.seed(9)

    assert [injector.fails() for _ in range(50)] == draws


async def test_a_fallback_surge_goes_through_its_modes_in_turn() -> None:
    injector = await injector_with(fallback_share=1.0, fallback_modes=["http_error", "message_error"])

    drawn = [injector.trouble() for _ in range(3)]

    assert drawn == [Reason.HTTP_ERROR, Reason.MESSAGE_ERROR, Reason.HTTP_ERROR]


async def test_without_faults_only_api_work_takes_time() -> None:
    injector = await injector_with()

    assert injector.work_s(ordinary=False) == 0
    assert injector.work_s(ordinary=True) > 0
    injector.set(Faults())
    assert not injector.fails()
    assert injector.trouble() is None


async def test_a_full_queue_turns_requests_away() -> None:
    capacity = parse_faults({"capacity": {"concurrent": 1, "service_ms": 0, "queue": 0}})[0].capacity
    assert capacity is not None
    turnstile = Turnstile(capacity)

    async with turnstile.slot():
        with pytest.raises(OverloadedError):
            async with turnstile.slot():
                pass

    async with turnstile.slot():
        pass
