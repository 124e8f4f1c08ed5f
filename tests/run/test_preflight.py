"""Preflight makes every check whatever the others say, and sends only what it may."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from loadgen.core.errors import ExitCode
from loadgen.plan.model import Kind
from loadgen.run.preflight import Surroundings, preflight, run_length, surroundings
from loadgen.run.preflight_model import Status
from tests.support.checks import FakeObserver, good_page, planned, serving

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.run.preflight_metrics import ObserveOnce

NOW = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = [
    "flag ENABLE_FALLBACK_TEST", "flag ENABLE_PHASE5_INTERNAL", "flag ALLOW_UNSAFE_ADMIN",
    "flag COUNT_CACHE_MISS_AS_FALLBACK", "flag DISABLE_EVENT_BUS", "objectives", "credential PROD_JWT",
    "credential METRICS_URL", "credential METRICS_AUTH_HEADER", "credential SLACK_WEBHOOK_URL",
    "credential SLACK_CHANNEL", "credential REDIS_URL", "token dates", "disk space", "open files", "local ports",
    "processors", "timers", "uvloop", "env files ignored by git", "program loadgen.worker", "program observer",
    "program reports",
]  # fmt: skip


def around(directory: Path, once: ObserveOnce) -> Surroundings:
    return Surroundings(directory / "results", directory, idle_ns=0, once=once, now=NOW)


async def healthy(request: web.Request) -> web.StreamResponse:
    return web.json_response({"status": "healthy"})


async def test_a_service_that_is_well_passes_and_gets_nothing_but_health_and_its_endpoints(tmp_path: Path) -> None:
    async with serving(healthy) as service:
        settings, plan = planned({"base_url": service.url, "endpoint": ("/a", "POST /b")})
        result = await preflight(plan, settings, around(tmp_path, FakeObserver()))
    assert [check.name for check in result.checks] == [
        *NAMES, "health", "endpoint /a", "endpoint POST /b", "metrics " + service.url + "/metrics/prom",
        "mandatory metrics", "breaker client", "breaker error_rate", "breaker effective_fallback", "breaker blind",
        "without load",
    ]  # fmt: skip
    assert result.failed == ()
    assert result.exit_code is ExitCode.OK
    assert result.unarmed == {}
    assert [target.expected for target in result.plan.load.targets] == [(2,), (2,)]
    assert sorted(service.requests) == [("GET", "/a"), ("GET", "/health")]


async def test_one_failure_stops_no_other_check_but_the_wait_without_load(tmp_path: Path) -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        return web.Response(status=500)

    observer = FakeObserver(idle=good_page(window={"requests": 0.0}))
    async with serving(broken) as service:
        environ = {"ENABLE_FALLBACK_TEST": "true"}
        settings, plan = planned({"base_url": service.url}, environ, "production")
        result = await preflight(plan, settings, around(tmp_path, observer))
    assert [check.name for check in result.failed] == ["flag ENABLE_FALLBACK_TEST", "health", "endpoint /"]
    assert [check.name for check in result.checks if check.status is Status.PASS][-4:] == [
        "breaker client", "breaker error_rate", "breaker effective_fallback", "breaker blind",
    ]  # fmt: skip
    assert result.exit_code is ExitCode.USAGE
    assert all(times == 5 for _, times, _ in observer.asked)


async def test_notices_of_the_settings_are_shown_and_no_secret_is(tmp_path: Path) -> None:
    environ = {
        "PROD_JWT": "secret-token-1234",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "REDIS_URL": "redis://:pw-98765@h",  # not-a-secret
    }

    async def leaking(request: web.Request) -> web.StreamResponse:
        location = f"http://127.0.0.1:1/?token={request.headers.get('Authorization', '')}"
        return web.Response(status=302, headers={"Location": location})

    async with serving(leaking) as service:
        settings, plan = planned({"base_url": service.url}, environ)
        result = await preflight(plan, settings, around(tmp_path, FakeObserver()))
    shown = [check.to_body() for check in result.checks]
    notice = "HTTP_PROXY is set and ignored: load goes to the target directly"
    assert {"name": "notice", "status": "WARN", "message": notice} in shown
    assert "secret-token-1234" not in str(shown)
    assert "pw-98765" not in str(shown)


async def test_a_plain_run_is_checked_without_the_observer(tmp_path: Path) -> None:
    observer = FakeObserver()
    async with serving(healthy) as service:
        settings, plan = planned({"base_url": service.url}, kind=Kind.RUN)
        result = await preflight(plan, settings, around(tmp_path, observer))
    assert observer.asked == []
    assert set(result.unarmed) == {"error_rate", "effective_fallback", "blind"}
    assert result.exit_code is ExitCode.OK


def test_the_length_of_a_run_has_its_warm_up_in_it() -> None:
    _, plan = planned({"samples": "6", "interval": "10s", "warmup": "5s"})
    assert run_length(plan).total_seconds() == 65


def test_what_is_around_a_command_follows_its_settings(tmp_path: Path) -> None:
    settings, _ = planned({"out": "elsewhere", "idle": "20s"}, profile="staging")
    found = surroundings(settings, tmp_path, tmp_path / "my.env")
    assert (str(found.results), found.directory, found.idle_ns) == ("elsewhere", tmp_path, 20_000_000_000)
    assert found.env_files == (".env.phase5", ".env.phase5.staging", str(tmp_path / "my.env"))
