"""What the gate does beside faults and credentials: blame for our own errors, callers from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from loadgen.core.units import NS_PER_S, parse_rate
from loadgen.demo.gate import make_gate
from loadgen.demo.limiter import RateLimiter
from loadgen.demo.metrics import Metrics
from tests.support.demo import Demo, HandClock

if TYPE_CHECKING:
    from collections.abc import Callable


def peer_of(address: tuple[str, int] | None) -> Callable[[str], Any]:
    return lambda name: address if name == "peername" else None


@pytest.mark.parametrize(
    ("address", "status"),
    [(("127.0.0.1", 5), 200), (("::1", 5), 200), (("10.1.2.3", 5), 403), (None, 403)],
)
async def test_internal_routes_answer_callers_on_this_host_only(
    demo: Demo, address: tuple[str, int] | None, status: int
) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response()

    transport = Mock()
    transport.get_extra_info = peer_of(address)
    request = make_mocked_request("GET", "/internal/fault", transport=transport)

    answer = await make_gate(demo.service)(request, handler)

    assert answer.status == status


async def test_an_error_of_our_own_is_a_500_that_is_counted(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_key: str) -> dict[str, Any]:
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(demo.service.documents, "read", fail)

    assert (await demo.get("/api/data/user:1"))[0] == 500
    page = await demo.page()
    assert page.value("http_requests_total", method="GET", status="500") == 1
    assert page.value("http_requests_in_flight") == 0


async def test_a_method_unheard_of_shares_one_label(demo: Demo) -> None:
    assert (await demo.ask("PROPFIND", "/livez"))[0] == 405
    assert (await demo.page()).value("http_requests_total", method="OTHER", status="405") == 1


def test_the_limiter_admits_again_when_the_oldest_is_a_minute_old() -> None:
    clock = HandClock()
    limiter = RateLimiter(parse_rate("2/m"), Metrics(), clock)
    assert limiter.admit("/x") is None
    clock.now_ns = 10 * NS_PER_S
    assert limiter.admit("/x") is None

    clock.now_ns = 30 * NS_PER_S
    assert limiter.admit("/x") == 30

    clock.now_ns = 60 * NS_PER_S
    assert limiter.admit("/x") is None
    assert limiter.admit("/x") == 10
