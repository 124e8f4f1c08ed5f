"""The service is asked for its health and once for each GET or HEAD endpoint, and every answer says what to do."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aiohttp import web

from loadgen.core.config import load_settings
from loadgen.plan.load import build_plan
from loadgen.plan.model import Kind, Tls
from loadgen.run.preflight_target import health_check, target_checks
from tests.support.checks import lines, planned, serving
from tests.support.servers import make_certificate, server_context

if TYPE_CHECKING:
    from pathlib import Path

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl"


def health(status: int, document: object = None, *, allow_degraded: bool = False) -> str:
    body = b"" if document is None else json.dumps(document).encode()
    return lines([health_check(status, body, "", allow_degraded=allow_degraded)])[0]


DEGRADED = {
    "status": "degraded",
    "checks": {
        "database": {"status": "healthy", "latency_ms": 2.3},
        "redis": {"status": "unhealthy", "error": "connection refused"},
        "kms": {"status": "down"},
    },
}


def test_a_healthy_service_passes() -> None:
    assert health(200, {"status": "healthy", "checks": {"db": {"status": "healthy"}}}) == "PASS health: 200 healthy"
    assert health(200, {"status": "UP", "components": {"db": {"status": "UP"}}}) == "PASS health: 200 UP"
    assert health(200) == "PASS health: 200"
    assert health(200, ["a list"]) == "PASS health: 200"


def test_a_degraded_service_fails_with_its_failing_components() -> None:
    remedy = "mend the service, or go on with --allow-degraded"
    failing = "degraded; failing: redis (connection refused), kms"
    assert health(503, DEGRADED) == f"FAIL health: 503 {failing}: {remedy}"
    assert health(200, DEGRADED) == f"FAIL health: 200 {failing}: {remedy}"
    assert health(503) == f"FAIL health: 503 degraded: {remedy}"
    assert (
        health(200, {"status": "degraded"}) == f"FAIL health: 200 degraded; failing: overall status degraded: {remedy}"
    )


def test_a_degraded_service_can_be_allowed() -> None:
    assert health(503, DEGRADED, allow_degraded=True) == (
        "WARN health: 503 degraded; failing: redis (connection refused), kms; allowed by --allow-degraded"
    )


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (401, "FAIL health: 401: the credentials are missing or wrong: refresh PROD_JWT"),
        (403, "FAIL health: 403: the credentials lack the right: ask the service's operators (DevOps) for it"),
        (404, "WARN health: 404: the service has no /health, so nothing is known of its components"),
        (302, "WARN health: 302: /health redirects, and redirects are not followed"),
        (429, "FAIL health: 429: rate limited: ask the service's operators (DevOps) to lift the limit for this test"),
        (418, "FAIL health: 418: the service refuses the request"),
        (500, "FAIL health: 500: the service is failing"),
    ],
)
def test_any_other_answer_of_health_has_a_hint(status: int, expected: str) -> None:
    assert health(status) == expected


async def test_each_get_or_head_endpoint_is_asked_once_and_what_is_seen_is_expected() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/moved":
            return web.Response(status=302, headers={"Location": "/elsewhere"})
        return web.json_response({"status": "healthy"})

    async with serving(answer) as service:
        endpoints = ("/a?b=%2F", "HEAD /c", "POST /d", "/moved")
        settings, plan = planned({"base_url": service.url, "endpoint": endpoints})
        checks, seen = await target_checks(plan, allow_degraded=settings.allow_degraded)
    assert lines(checks) == [
        "PASS health: 200 healthy",
        "PASS endpoint /a: 200; 2xx is expected",
        "PASS endpoint HEAD /c: 200; 2xx is expected",
        "SKIP endpoint POST /d: POST is not sent by preflight; 2xx is expected",
        "PASS endpoint /moved: 302 to /elsewhere, not followed; 3xx is expected",
    ]
    assert sorted(service.requests) == [("GET", "/a?b=%2F"), ("GET", "/health"), ("GET", "/moved"), ("HEAD", "/c")]
    assert [target.expected for target in seen.load.targets] == [(2,), (2,), (2,), (3,)]
    assert seen.warmup is not None
    assert seen.warmup.targets == seen.load.targets


async def test_a_refusing_or_failing_endpoint_fails_unless_that_was_expected(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=int(request.match_info["path"].removeprefix("s") or 200))

    plan_file = tmp_path / "plan.toml"
    async with serving(answer) as service:
        plan_file.write_text(
            "".join(f'[[target]]\nurl = "/s{status}"\n' for status in (401, 404, 500, 418))
            + '[[target]]\nurl = "/s410"\nexpected = [4]\n[[target]]\nurl = "/s200"\nexpected = [4, 5]\n'
        )
        settings = load_settings(None, {"base_url": service.url}, {}, None, plan_file)
        checks, seen = await target_checks(build_plan(settings, Kind.BASELINE), allow_degraded=False)
    assert lines(checks)[1:] == [
        "FAIL endpoint /s401: 401: the credentials are missing or wrong: refresh PROD_JWT",
        "FAIL endpoint /s404: 404: there is nothing at this path: check the base URL and the endpoint",
        "FAIL endpoint /s500: 500: the service is failing",
        "FAIL endpoint /s418: 418",
        "PASS endpoint /s410: 410, as expected",
        "FAIL endpoint /s200: 200, but 4xx or 5xx is expected",
    ]
    assert seen.load.targets[-2].expected == (4,)


async def test_the_token_goes_to_the_base_urls_origin_alone() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=307, headers={"Location": f"http://127.0.0.1:1/?token={JWT}"})

    async with serving(answer) as other, serving(answer) as service:
        flags = {"base_url": service.url, "endpoint": ("/a", f"{other.url}/b")}
        settings, plan = planned(flags, {"PROD_JWT": JWT})
        await target_checks(plan, allow_degraded=settings.allow_degraded)
    assert service.authorizations == [f"Bearer {JWT}"] * 2
    assert other.authorizations == [""]


async def test_a_service_that_is_not_there_fails_with_what_to_do() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        _, plan = planned({"base_url": url, "endpoint": ("/a",)})
        checks, seen = await target_checks(plan, allow_degraded=False)
    message = "cannot connect (Connection refused): is the service up, and is this its address?"
    assert [check.status.value for check in checks] == ["FAIL", "FAIL"]
    assert all(check.message == message for check in checks)
    assert seen.load.targets == plan.load.targets


async def test_a_server_that_does_not_speak_http_fails() -> None:
    async def garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x16\x03\x01 hello\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(garbage, "127.0.0.1", 0)
    async with server:
        _, plan = planned({"base_url": f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"})
        checks, _ = await target_checks(plan, allow_degraded=False)
    assert checks[0].message.startswith("no HTTP answer (")
    assert checks[0].message.endswith("): is this an HTTP service?")


async def test_a_host_can_be_given_an_address_and_environment_proxies_are_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=request.host)

    async with serving(answer) as service:
        port = service.url.rpartition(":")[2]
        _, plan = planned({"base_url": f"http://api.example:{port}/", "resolve": (f"api.example:{port}:127.0.0.1",)})
        checks, _ = await target_checks(plan, allow_degraded=False)
    assert lines(checks) == ["PASS health: 200", "PASS endpoint /: 200; 2xx is expected"]


async def test_a_certificate_is_trusted_only_if_its_authority_is(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response()

    pem = make_certificate(tmp_path)
    async with serving(answer, server_context(pem)) as service:
        url = service.url.replace("http://127.0.0.1", "https://localhost")
        _, strangers = planned({"base_url": url, "resolve": (f"{url.removeprefix('https://')}:127.0.0.1",)})
        (health_of_a_stranger, _), _ = await target_checks(strangers, allow_degraded=False)
        _, trusted = planned({"base_url": url, "cacert": str(pem)})
        (health_of_ours, _), _ = await target_checks(trusted, allow_degraded=False)
        _, careless = planned({"base_url": url, "insecure": True})
        (health_unverified, _), _ = await target_checks(careless, allow_degraded=False)
    assert health_of_a_stranger.status.value == "FAIL"
    assert health_of_a_stranger.message.startswith("TLS failed (")
    assert health_of_a_stranger.message.endswith("): give the service's authority with --cacert")
    assert lines([health_of_ours, health_unverified]) == ["PASS health: 200"] * 2


async def test_material_that_is_no_certificate_fails(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("not a certificate")
    _, plan = planned({})
    plan = replace(plan, load=replace(plan.load, tls=Tls((tmp_path / "ca.pem").read_bytes())))
    checks, _ = await target_checks(plan, allow_degraded=False)
    assert [check.name for check in checks] == ["TLS material"]
    assert checks[0].status.value == "FAIL"
    assert checks[0].message.startswith("the TLS material cannot be used: ")
