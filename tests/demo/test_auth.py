"""Bearer tokens, the token of scrapes and the token of internal routes."""

from __future__ import annotations

import warnings
from typing import Any

import jwt
import pytest

from loadgen.core.clock import utc_now
from loadgen.core.redact import Secret
from loadgen.core.units import NS_PER_S
from loadgen.demo.auth import MAX_KNOWN, JwtGuard, RefusedError
from loadgen.demo.metrics import Metrics
from loadgen.demo.settings import Settings
from tests.support.demo import INSTANT, Demo, HandClock, running_demo

STRICT = Settings(require_jwt=True, faults=INSTANT)


def token(secret: str = "dev-secret", algorithm: str = "HS256", **claims: Any) -> dict[str, str]:
    """Return the header for a token that is valid for a minute unless the claims say otherwise."""
    given = {"sub": "tester", "exp": utc_now().timestamp() + 60} | claims
    given = {name: value for name, value in given.items() if value is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = jwt.encode(given, secret, algorithm=algorithm)
    return {"Authorization": f"Bearer {made}"}


async def test_a_valid_token_opens_the_api_again_and_again() -> None:
    async with running_demo(STRICT) as demo:
        headers = token()
        assert [(await demo.get("/api/v2/hello", headers=headers))[0] for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "missing"),
        ({"Authorization": "Basic dXNlcjpwYXNz"}, "malformed"),
        ({"Authorization": "Bearer not-a-token"}, "malformed"),
        (token("another-secret"), "invalid_signature"),
        (token(exp=1_000), "expired"),
        (token(exp="tomorrow"), "malformed"),
        (token(nbf=9_999_999_999), "not_yet_valid"),
        (token("x" * 64, "HS512"), "invalid_algorithm"),
    ],
)
async def test_every_refusal_is_401_and_counted_by_its_reason(headers: dict[str, str], reason: str) -> None:
    async with running_demo(STRICT) as demo:
        status, body = await demo.get("/api/v2/hello", headers=headers)
        page = await demo.page()

    assert (status, body["error"]["code"]) == (401, "UNAUTHORIZED")
    assert page.value("jwt_auth_fail_total", reason=reason) == 1
    assert page.value("metasheet_auth_failures_total") == 1
    assert page.value("http_requests_total", method="GET", status="401") == 1


async def test_only_the_api_demands_a_token() -> None:
    async with running_demo(STRICT) as demo:
        statuses = [(await demo.get(path))[0] for path in ("/", "/health", "/livez", "/metrics", "/internal/received")]

    assert statuses == [200] * 5


async def test_without_the_demand_no_token_is_needed_but_a_bad_one_is_refused(demo: Demo) -> None:
    assert (await demo.get("/api/v2/hello"))[0] == 200
    assert (await demo.get("/api/v2/hello", headers={"Authorization": "Bearer nonsense"}))[0] == 401


def test_a_remembered_token_still_expires() -> None:
    clock = HandClock()
    guard = JwtGuard(Secret("dev-secret"), Metrics(), required=True, clock=clock)
    headers = token(exp=clock.utc_now().timestamp() + 60)
    guard.check(headers)

    clock.now_ns = 59 * NS_PER_S
    guard.check(headers)

    clock.now_ns = 60 * NS_PER_S
    with pytest.raises(RefusedError, match="expired"):
        guard.check(headers)


def test_a_token_without_an_end_is_good_for_ever() -> None:
    clock = HandClock()
    guard = JwtGuard(Secret("dev-secret"), Metrics(), required=True, clock=clock)

    guard.check(token(exp=None))
    clock.now_ns = 10**9 * NS_PER_S
    guard.check(token(exp=None))


def test_many_tokens_do_not_fill_the_memory() -> None:
    guard = JwtGuard(Secret("dev-secret"), Metrics(), required=True)

    for number in range(MAX_KNOWN + 5):
        guard.check(token(sub=str(number)))

    assert guard.remembered == 5


@pytest.mark.parametrize("path", ["/metrics/prom", "/metrics"])
async def test_the_scrape_token_guards_the_metrics(path: str) -> None:
    async with running_demo(Settings(metrics_scrape_token=Secret("scrape-1234"), faults=INSTANT)) as demo:
        async with demo.client.get(path) as refused:
            assert refused.status == 401
            assert refused.headers["WWW-Authenticate"] == 'Bearer realm="metrics"'
        wrong, _ = await demo.get(path, headers={"x-metrics-token": "scrape-123"})
        bearer, _ = await demo.get(path, headers={"Authorization": "Bearer scrape-1234"})
        header, _ = await demo.get(path, headers={"x-metrics-token": "scrape-1234"})

    assert (wrong, bearer, header) == (401, 200, 200)


async def test_the_internal_token_guards_the_panel() -> None:
    async with running_demo(Settings(internal_api_token=Secret("panel-1234"), faults=INSTANT)) as demo:
        without, _ = await demo.get("/internal/fault")
        given, _ = await demo.get("/internal/fault", headers={"x-internal-token": "panel-1234"})

    assert (without, given) == (401, 200)
