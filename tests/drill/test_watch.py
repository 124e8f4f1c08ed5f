"""Playing a scenario while its alerts are watched at a Prometheus, here a small fake of its API."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from loadgen.core.units import NS_PER_MS
from loadgen.drill.driver import Driver, Played, Stop, Timing
from loadgen.drill.lookout import Lookout
from loadgen.drill.scenario import scenario_named
from loadgen.drill.watch import Watch
from tests.support.demo import HandClock
from tests.support.drilling import RememberingSink
from tests.support.metrics_server import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

WARN = replace(scenario_named("error-rate-warn"), resolves_ns=100 * NS_PER_MS)
NAME = "RelayErrorRateWarn"


@dataclass
class FakeAlerts:
    """A Prometheus with one rule; `looks` are the states that successive looks get, the last for as long as it plays.

    `afterwards` is the state once the sink was told the end.
    """

    looks: list[str] = field(default_factory=list)
    rules: tuple[str, ...] = (NAME,)
    job: str = "loadgen_synth"
    afterwards: str = ""
    sink: RememberingSink = field(default_factory=lambda: RememberingSink(HandClock()))
    headers: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        if request.path.endswith("/rules"):
            groups = [{"name": "relay", "rules": [{"name": name} for name in self.rules]}]
            return web.json_response({"status": "success", "data": {"groups": groups}})
        state = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if "end" in self.sink.calls:
            state = self.afterwards
        if state == "broken":
            return web.Response(status=503, text="not ready")
        alerts = [{"labels": {"alertname": NAME, "job": self.job}, "state": state}] if state else []
        return web.json_response({"status": "success", "data": {"alerts": alerts}})


@asynccontextmanager
async def alerts_at(
    *looks: str, rules: tuple[str, ...] = (NAME,), afterwards: str = ""
) -> AsyncIterator[tuple[str, FakeAlerts]]:
    fake = FakeAlerts(list(looks), rules, afterwards=afterwards)
    async with serving(fake.answer) as server:
        yield server.url, fake


async def watched(
    url: str, fake: FakeAlerts, told: list[str] | None = None, header: str = ""
) -> tuple[Played, RememberingSink]:
    lines = [] if told is None else told
    stop, sink = Stop(), fake.sink
    driver = Driver(WARN, sink, Timing(250 * NS_PER_MS, 10 * NS_PER_MS), stop, lines.append)
    watch = Watch(Lookout(url, "loadgen_synth", header), 10 * NS_PER_MS, stop, lines.append)
    return await watch.play(driver), sink


async def test_an_alert_that_fires_and_resolves_is_proven() -> None:
    told: list[str] = []
    async with alerts_at("", "pending", "firing") as (url, fake):
        played, sink = await watched(url, fake, told)
    (sighting,) = played.sightings
    assert sighting.proven
    assert played.unproven == ()
    assert sink.calls[-1] == "end"
    assert sum(line.startswith(f"{NAME} fires after ") for line in told) == 1
    assert played.as_json()["sightings"][0]["alert"] == NAME


async def test_an_alert_that_only_becomes_pending_is_said_not_to_have_fired() -> None:
    async with alerts_at("", "pending") as (url, fake):
        played, _ = await watched(url, fake)
    assert played.unproven == (f"{NAME} did not fire",)
    assert played.problem == ""


async def test_an_alert_that_goes_on_is_said_not_to_have_resolved() -> None:
    told: list[str] = []
    async with alerts_at("", "firing", afterwards="firing") as (url, fake):
        played, _ = await watched(url, fake, told)
    assert played.unproven == (f"{NAME} did not resolve",)
    assert told[-1] == "waiting until its alerts resolve, at most 100ms"


async def test_an_alert_of_another_job_is_none_of_ours() -> None:
    async with alerts_at("firing") as (url, fake):
        fake.job = "relay"
        played, _ = await watched(url, fake)
    assert played.unproven == (f"{NAME} did not fire",)


@pytest.mark.parametrize(
    ("looks", "rules", "problem"),
    [
        (("",), (), f"has no rule {NAME}: load them first"),
        (("firing",), (NAME,), f"{NAME} fires already for job loadgen_synth: it could prove nothing"),
        (("broken",), (NAME,), "does not answer as a Prometheus does (status 503)"),
    ],
)
async def test_where_nothing_could_be_seen_nothing_is_pushed(
    looks: tuple[str, ...], rules: tuple[str, ...], problem: str
) -> None:
    async with alerts_at(*looks, rules=rules) as (url, fake):
        played, sink = await watched(url, fake)
    assert played.problem.endswith(problem)
    assert sink.calls == []
    assert str(played) == "error-rate-warn: nothing was pushed"


async def test_a_server_that_is_away_for_a_look_is_told_of_and_asked_again() -> None:
    told: list[str] = []
    async with alerts_at("", "broken", "firing", "broken", "firing") as (url, fake):
        played, _ = await watched(url, fake, told)
    assert played.problem == ""
    assert played.unproven == ()
    assert sum("cannot look at the alerts" in line for line in told) == 1


async def test_an_alert_that_could_not_be_seen_is_not_taken_for_one_that_did_not_fire() -> None:
    async with alerts_at("", "broken", afterwards="broken") as (url, fake):
        played, _ = await watched(url, fake)
    assert played.problem.endswith("does not answer as a Prometheus does (status 503)")


async def test_the_header_is_sent_and_a_password_is_not_shown() -> None:
    async with alerts_at("", "firing") as (url, fake):
        await watched(url, fake, header="Authorization: Bearer abc")
    assert {headers["Authorization"] for headers in fake.headers} == {"Bearer abc"}
    assert "hunter2" not in repr(Lookout("http://me:hunter2@127.0.0.1:1", "j"))
