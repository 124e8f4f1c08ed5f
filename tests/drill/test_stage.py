"""Where a drill is refused, with everything that speaks against it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import BaseTestServer, TestServer

from loadgen.core.errors import InputError
from loadgen.core.redact import Secret
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.demo.settings import Settings
from loadgen.drill.fallback_surge import USUAL, FallbackCount, FallbackShare
from loadgen.drill.freeze import Freeze
from loadgen.drill.http_errors import HttpErrorCount
from loadgen.drill.look import Source
from loadgen.drill.redis_disconnect import KILL, RedisDisconnect
from loadgen.drill.redis_latency import RedisLatency
from loadgen.drill.stage import Place, staged
from tests.support.demo import running_demo
from tests.support.drills import place_of

if TYPE_CHECKING:
    from loadgen.drill.incident import Incident

ERRORS = HttpErrorCount(5, 10 * NS_PER_MS, 20.0, at_base=True)
COUNTED = FallbackCount(5, 100 * NS_PER_MS, USUAL)


def quiet(_line: str) -> None:
    """Say nothing."""


async def refusal(place: Place, incident: Incident) -> str:
    with pytest.raises(InputError) as raised:
        async with staged(place, incident, quiet):
            pass
    return str(raised.value)


def somewhere(server: BaseTestServer) -> Place:
    url = str(server.make_url("")).rstrip("/")
    return Place(url, Source((f"{url}/metrics",)), rate_per_s=20, most=10)


def pretender(panel: object) -> TestServer:
    """A service with something at the address of the fault panel."""
    app = web.Application()

    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(panel)

    app.router.add_get("/internal/fault", answer)
    return TestServer(app, host="127.0.0.1")


@pytest.mark.parametrize("panel", [{}, {"error_share": 0}, [], "fault panel"])
async def test_a_service_is_known_by_what_its_panel_answers(panel: object) -> None:
    async with pretender(panel) as server:
        told = await refusal(somewhere(server), ERRORS)

    assert "no demo service answers there" in told
    assert "--demo" in told


async def test_who_insists_gets_incidents_that_need_no_panel_and_no_other() -> None:
    async with pretender({}) as server:
        place = replace(somewhere(server), allow_target=True)
        async with staged(place, ERRORS, quiet) as (scene, _):
            assert scene.panel is None
            assert ERRORS.path(3) == ""

        told = await refusal(place, Freeze(NS_PER_S))
    assert "freeze as asked needs the fault panel" in told


async def test_faults_that_are_in_force_already_are_not_lifted_by_a_drill() -> None:
    async with running_demo(Settings()) as demo:
        await demo.fault(error_share=0.1, hang=False)
        told = await refusal(place_of(demo), Freeze(NS_PER_S))

    assert "faults in force already (error_share)" in told
    assert "is another drill under way?" in told


async def test_a_second_drill_beside_the_first_is_refused() -> None:
    async with running_demo(Settings()) as demo:
        await demo.fault(lease=5.0)
        assert "faults in force already (lease)" in await refusal(place_of(demo), Freeze(NS_PER_S))


async def test_incidents_of_redis_want_a_redis_cache() -> None:
    async with running_demo(Settings()) as demo:
        for incident in (RedisLatency(120 * NS_PER_MS, NS_PER_S), RedisDisconnect("blackhole", NS_PER_S)):
            assert "CACHE_IMPL = 'memory': this incident needs a Redis cache" in await refusal(place_of(demo), incident)


async def test_only_a_server_of_the_service_itself_is_killed() -> None:
    async with running_demo(Settings()) as demo, staged(place_of(demo), Freeze(NS_PER_S), quiet) as (scene, _):
        scene.cache = {"impl": "redis", "enabled": True}
        problems = RedisDisconnect(KILL, NS_PER_S).problems(scene)

    assert "needs a Valkey server of the service's own" in str(problems[0])


async def test_flags_that_make_an_incident_impossible_are_told_before_it() -> None:
    settings = Settings(allow_unsafe_admin=False, enable_fallback_test=False, count_cache_miss_as_fallback=True)
    async with running_demo(settings) as demo:
        place = place_of(demo)
        assert "ALLOW_UNSAFE_ADMIN = 'false'" in await refusal(place, ERRORS)
        told = await refusal(place, COUNTED)
        assert "2 problems" in told
        assert "ENABLE_FALLBACK_TEST = 'false'" in told
        assert "COUNT_CACHE_MISS_AS_FALLBACK" in await refusal(place, FallbackShare(0.5, NS_PER_S, USUAL))


async def test_the_token_of_internal_routes_opens_the_panel() -> None:
    async with running_demo(Settings(internal_api_token=Secret("let-me-in"))) as demo:
        assert "no demo service answers there" in await refusal(place_of(demo), COUNTED)

        place = replace(place_of(demo), internal_token=Secret("let-me-in"))
        async with staged(place, COUNTED, quiet) as (scene, _):
            await COUNTED.last(scene)
        assert scene.load.outcomes() == {"http 2xx": 5}
