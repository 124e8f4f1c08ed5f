"""The distributions of pretended work."""

from __future__ import annotations

from random import Random

import pytest

from loadgen.demo.faults import FaultError, parse_faults
from loadgen.demo.latency import ORDINARY, Bimodal, Fixed, Lognormal


def latency_of(given: object) -> object:
    return parse_faults({"latency": given})[0].latency


def test_a_number_is_a_fixed_latency_in_milliseconds() -> None:
    latency = latency_of(400)

    assert latency == Fixed(ms=400)
    assert isinstance(latency, Fixed)
    assert latency.draw_s(Random(1)) == 0.4


def test_null_is_the_own_latency_of_the_service() -> None:
    assert latency_of(None) is None


def test_a_lognormal_latency_has_its_median_and_its_ceiling() -> None:
    latency = latency_of({"kind": "lognormal", "median_ms": 20, "sigma": 0.5, "max_ms": 60})
    assert isinstance(latency, Lognormal)
    rng = Random(1)

    draws = sorted(latency.draw_s(rng) for _ in range(4_001))

    assert draws[2_000] == pytest.approx(0.020, rel=0.05)
    assert draws[-1] == 0.060


def test_a_bimodal_latency_is_slow_for_its_share() -> None:
    latency = latency_of({"kind": "bimodal", "fast_ms": 5, "slow_ms": 300, "slow_share": 0.1})
    assert isinstance(latency, Bimodal)
    rng = Random(1)

    draws = [latency.draw_s(rng) for _ in range(2_000)]

    assert set(draws) == {0.005, 0.3}
    assert draws.count(0.3) == pytest.approx(200, abs=50)


def test_a_seed_repeats_the_draws() -> None:
    assert [ORDINARY.draw_s(Random(7)) for _ in range(3)] == [ORDINARY.draw_s(Random(7)) for _ in range(3)]


def test_the_ordinary_latency_leaves_room_below_the_objectives() -> None:
    rng = Random(1)
    draws = sorted(ORDINARY.draw_s(rng) for _ in range(10_000))

    assert draws[5_000] == pytest.approx(0.018, rel=0.05)
    assert draws[9_500] < 0.055
    assert draws[9_900] < 0.090
    assert draws[-1] <= 0.200


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (-1, "latency.fixed.ms: Input should be greater than or equal to 0"),
        ({"kind": "gamma"}, "latency: Input tag 'gamma'"),
        ({"kind": "lognormal", "median_ms": 5}, "latency.lognormal.sigma: Field required"),
        (True, "latency: "),
    ],
)
def test_a_latency_that_makes_no_sense_is_named(given: object, message: str) -> None:
    with pytest.raises(FaultError) as caught:
        latency_of(given)

    assert message in str(caught.value)
