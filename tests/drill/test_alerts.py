"""The state of an alert, as Prometheus tells it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from loadgen.core.errors import InputError, LoadgenError
from loadgen.core.prom_api import Access, read_access
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.drill.alerts import AlertWatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def rules(*states: str, name: str = "A") -> object:
    groups = [{"name": f"g{at}", "rules": [{"name": name, "state": state}]} for at, state in enumerate(states)]
    return {"status": "success", "data": {"groups": groups}}


@asynccontextmanager
async def watching(*answers: object, name: str = "A", header: str = "") -> AsyncIterator[AlertWatch]:
    """Watch a server that gives these answers in turn, the last one for ever."""
    left = list(answers)

    async def answer(request: web.Request) -> web.Response:
        assert request.query["type"] == "alert"
        assert request.headers.get("X-Token", "") == header.removeprefix("X-Token: ")
        return web.json_response(left.pop(0) if len(left) > 1 else left[0])

    app = web.Application()
    app.router.add_get("/api/v1/rules", answer)
    async with TestServer(app, host="127.0.0.1") as server, aiohttp.ClientSession() as session:
        yield AlertWatch(session, read_access(str(server.make_url("/")), header), name, poll_s=0.01)


async def test_rules_of_one_name_count_as_one_and_the_worst_state_is_told() -> None:
    async with watching(rules("inactive", "firing", "pending")) as alert:
        assert await alert.state() == "firing"


async def test_the_credential_is_sent_along() -> None:
    async with watching(rules("pending"), header="X-Token: tops3cret") as alert:
        assert await alert.state() == "pending"


async def test_a_rule_that_was_not_evaluated_yet_does_not_fire() -> None:
    """Newer servers say `unknown` of it."""
    async with watching(rules("unknown", "inactive"), rules("unknown")) as alert:
        assert await alert.state() == "inactive"
        assert await alert.wait(firing=False, timeout_ns=NS_PER_S) == "unknown"


async def test_an_alert_that_does_not_exist_is_bad_input_and_the_known_ones_are_named() -> None:
    async with watching(rules("inactive", name="B"), name="A") as alert:
        with pytest.raises(InputError, match="--alert = 'A': Prometheus has no such alert; it has B"):
            await alert.state()


async def test_it_is_waited_for_until_it_fires_and_until_it_stops() -> None:
    answers = [rules(state) for state in ("inactive", "pending", "firing", "firing", "inactive")]
    async with watching(*answers) as alert:
        assert await alert.wait(firing=True, timeout_ns=10 * NS_PER_S) == "firing"
        assert await alert.wait(firing=False, timeout_ns=10 * NS_PER_S) == "inactive"


async def test_waiting_has_an_end() -> None:
    async with watching(rules("pending")) as alert:
        assert await alert.wait(firing=True, timeout_ns=50 * NS_PER_MS) == "pending"


@pytest.mark.parametrize("answer", [{}, [], {"data": {"groups": [{"rules": [5]}]}}, "up"])
async def test_what_is_no_prometheus_is_told(answer: object) -> None:
    async with watching(answer) as alert:
        with pytest.raises(LoadgenError, match="does not answer as a Prometheus server does"):
            await alert.state()


async def test_a_prometheus_that_is_not_there_is_told() -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(LoadgenError, match=r"does not answer .*is it a Prometheus"):
            await AlertWatch(session, Access("http://127.0.0.1:1"), "A").state()
