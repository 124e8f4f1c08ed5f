"""The demo service as a sink: the faults of a scenario over HTTP, its series on the metrics page, and back again."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from random import Random
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from loadgen.core.units import NS_PER_S
from loadgen.demo.faults import parse_faults
from loadgen.demo.settings import Settings
from loadgen.drill.demo_panel import DemoPanel
from loadgen.drill.page import page
from loadgen.drill.scenario import SCENARIOS, Scenario, scenario_named
from loadgen.drill.sink import SinkError
from tests.support.demo import Demo, running_demo
from tests.support.metrics_server import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LABELS = {"job": "loadgen_synth", "instance": "x"}
every_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@asynccontextmanager
async def panel_of(demo: Demo, scenario: Scenario) -> AsyncIterator[DemoPanel]:
    panel = DemoPanel(str(demo.client.make_url("")), scenario, LABELS)
    try:
        yield panel
    finally:
        await panel.close()


def raw(scenario: Scenario, seconds: int = 60) -> bytes:
    return page(scenario.name, scenario.relay, seconds * NS_PER_S, LABELS)


async def faults_of(demo: Demo) -> dict[str, object]:
    """Return the state of the panel; of a lease only whether there is one."""
    state: dict[str, object] = (await demo.get("/internal/fault"))[1]
    return {**state, "lease": state["lease"] is not None}


@every_scenario
async def test_nothing_is_in_force_any_more_at_the_end(scenario: Scenario) -> None:
    async with running_demo(Settings()) as demo, panel_of(demo, scenario) as panel:
        before = await faults_of(demo)
        await panel.begin()
        await panel.push(raw(scenario))
        await panel.fall_silent()
        during = await faults_of(demo)
        await panel.end()
        assert await faults_of(demo) == before
        assert (await demo.get("/internal/synthetic"))[1]["scenario"] == ""
    assert {name for name in before if before[name] != during[name]} == {*scenario.faults, "lease"}


async def test_faults_that_somebody_else_set_are_left_alone() -> None:
    async with running_demo(Settings()) as demo, panel_of(demo, scenario_named("error-rate-crit")) as panel:
        await demo.fault(fallback_share=0.5)
        with pytest.raises(SinkError, match=r"has faults in force already \(fallback_share\): is another"):
            await panel.begin()
        await panel.end()
        assert (await faults_of(demo))["fallback_share"] == 0.5


async def test_what_a_killed_drill_left_goes_when_its_lease_ends() -> None:
    async with running_demo(Settings()) as demo, panel_of(demo, warn := scenario_named("error-rate-warn")) as panel:
        await panel.begin()
        await panel.push(raw(warn))
        await panel.close()  # it renews nothing any more
        await demo.fault(lease=0.05)
        async with asyncio.timeout(5):
            while (await faults_of(demo))["error_every"]:
                await asyncio.sleep(0.02)
        assert (await demo.get("/internal/synthetic"))[1]["scenario"] == ""


async def test_a_stall_begins_with_the_silence_and_not_before() -> None:
    async with (
        running_demo(Settings()) as demo,
        panel_of(demo, stalled := scenario_named("controller-stalled")) as panel,
    ):
        await panel.begin()
        assert (await faults_of(demo))["metrics_stall"] is False
        await panel.push(raw(stalled, 60))
        await panel.fall_silent()
        await panel.push(raw(stalled, 120))
        assert (await demo.page()).total("controller_decisions_total") == 60
        await panel.end()
        assert "controller_decisions_total" not in await demo.page_text()


async def test_two_of_a_hundred_requests_fail_and_not_one_more() -> None:
    async with running_demo(Settings()) as demo, panel_of(demo, scenario_named("error-rate-warn")) as panel:
        await panel.begin()
        statuses = [(await demo.get("/livez"))[0] for _ in range(200)]
        await panel.end()
    assert statuses.count(500) == 4


@pytest.mark.parametrize(("name", "status", "share"), [("error-rate-crit", 500, 0.06), ("validation-spike", 422, 0.15)])
async def test_a_share_of_the_requests_fails_with_the_status_of_the_scenario(
    name: str, status: int, share: float
) -> None:
    async with running_demo(Settings()) as demo, panel_of(demo, scenario_named(name)) as panel:
        await panel.begin()
        statuses = [(await demo.get("/livez"))[0] for _ in range(600)]
        await panel.end()
    assert set(statuses) == {200, status}
    assert statuses.count(status) / 600 == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize(("name", "p95_s"), [("latency-crit", 2.5), ("mime-slow", 0.6)])
def test_the_p95_of_the_delays_is_what_the_scenario_says(name: str, p95_s: float) -> None:
    latency = parse_faults(dict(scenario_named(name).faults))[0].latency
    assert latency is not None
    drawn = sorted(latency.draw_s(random) for random in [Random(1)] for _ in range(1_000))
    assert drawn[949] == p95_s
    assert drawn[800] < 0.1, "most requests are quick, so that few are in flight at once"


async def test_a_scenario_that_plays_already_is_left_alone() -> None:
    async with running_demo(Settings()) as demo, panel_of(demo, warn := scenario_named("error-rate-warn")) as first:
        await first.begin()
        await first.push(raw(warn))
        async with panel_of(demo, scenario_named("mime-slow")) as second:
            with pytest.raises(SinkError, match="already plays error-rate-warn: end that drill first"):
                await second.begin()
            await second.end()
        assert (await faults_of(demo))["error_every"] == 50
        assert (await demo.get("/internal/synthetic"))[1]["scenario"] == "error-rate-warn"
        await first.end()


@pytest.mark.parametrize("body", ['{"status": "ok"}', "<html>", "[]"])
async def test_nothing_but_a_demo_service_is_touched(body: str) -> None:
    methods = []

    async def answer(request: web.Request) -> web.StreamResponse:
        methods.append(request.method)
        return web.Response(text=body)

    async with serving(answer) as server:
        panel = DemoPanel(server.url, scenario_named("error-rate-crit"), LABELS)
        with pytest.raises(SinkError, match="is no demo service") as error:
            await panel.begin()
        await panel.end()
        await panel.close()
    assert error.value.final
    assert set(methods) == {"GET"}


async def test_a_demo_that_is_away_may_come_back() -> None:
    panel = DemoPanel("http://127.0.0.1:1", scenario_named("error-rate-crit"), LABELS)
    with pytest.raises(SinkError, match="cannot be reached: ClientConnectorError") as error:
        await panel.begin()
    assert not error.value.final
    await panel.close()
