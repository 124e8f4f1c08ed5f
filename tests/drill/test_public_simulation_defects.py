"""What was wrong with well-known simulation scripts, which simulated nothing, and is right here."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.demo.settings import CacheImpl, Settings
from loadgen.demo.valkey import with_server
from loadgen.drill.fallback_surge import MODES, ROUTE, FallbackCount
from loadgen.drill.http_errors import HttpErrorCount
from loadgen.drill.redis_latency import RedisLatency
from loadgen.drill.stage import staged
from tests.support.demo import INSTANT, running_demo
from tests.support.drills import drill_on_demo, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW = RedisLatency(120 * NS_PER_MS, NS_PER_S // 2)
GET_SUM = "redis_operation_duration_seconds_sum"


@pytest.fixture(scope="module")
def redis() -> Iterator[Settings]:
    with with_server(Settings(cache_impl=CacheImpl.REDIS), os.environ) as settings:
        yield settings


async def test_a_delay_in_the_drills_own_environment_is_not_taken_for_one_of_the_service(
    redis: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One script exported the delay in its own process: what counts is what the service's metrics show."""
    monkeypatch.setenv("REDIS_ARTIFICIAL_DELAY_MS", "100")
    async with running_demo(redis) as demo, staged(place_of(demo), SLOW, lambda _line: None) as (scene, _):
        await scene.load.send(SLOW.path(0))
        assert (await demo.page()).value(GET_SUM, op="get") < 0.1
        await SLOW.begin(scene)
        await scene.load.send(SLOW.path(1))
        await SLOW.lift(scene)

        assert (await demo.page()).value(GET_SUM, op="get") > 0.12


async def test_the_load_of_a_drill_goes_through_what_is_made_slow() -> None:
    """One script asked /health, which never asks Redis."""
    async with running_demo() as demo:
        for number in range(4):
            assert (await demo.get(SLOW.path(number)))[0] == 200

        page = await demo.page()
        assert page.value("cache_get_attempts_total") == 4
        assert page.total("cache_set_total") == 4, "writes too, or the p95 of set would have no data"


async def test_a_slow_redis_moves_the_percentile_that_the_alert_judges(redis: Settings) -> None:
    async with drill_on_demo(SLOW, redis) as (drill, _, _said):
        evidence = await drill.conduct()

    found = {finding.name: finding for finding in evidence.findings}
    before, during, _ = found["redis get p95"].values
    assert isinstance(before, float)
    assert isinstance(during, float)
    assert before < during
    assert during > 0.1
    assert all(finding.passed for finding in evidence.findings), evidence


async def test_fallbacks_are_forced_at_a_route_that_the_service_has() -> None:
    """One script posted to /fallback, a path that no version ever had, and took the 404 for success."""
    async with running_demo(Settings(faults=INSTANT)) as demo:
        assert (await demo.post("/fallback", json={"mode": "http_error"}))[0] == 404
        for mode in MODES:
            assert (await demo.post(ROUTE, json={"mode": mode}))[0] == 200, mode


async def test_a_route_that_refuses_to_be_forced_is_told_and_fails_the_drill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadgen.drill.fallback_surge.ROUTE", "/fallback")
    async with drill_on_demo(FallbackCount(5, 10 * NS_PER_MS, ("http_error",))) as (drill, _, said):
        evidence = await drill.conduct()

    assert "POST /fallback answered 404 to mode http_error" in said
    assert evidence.exit_code == 1


async def test_errors_are_counted_by_the_service_and_not_taken_from_what_was_sent() -> None:
    """One script said that it had simulated errors when its requests were answered 403, or not at all."""
    async with drill_on_demo(HttpErrorCount(5, 10 * NS_PER_MS, 100.0, "/nowhere")) as (drill, _, said):
        evidence = await drill.conduct()

    assert "/nowhere answered 404, not a server error" in said
    assert not evidence.findings[0].passed
    assert evidence.exit_code == 1
