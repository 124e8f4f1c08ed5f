"""What the command line may ask: bad input is one message with every problem, and nothing is sent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from loadgen.cli.drill import drill
from loadgen.core.errors import InputError
from loadgen.core.units import NS_PER_S
from loadgen.drill.freeze import Freeze
from loadgen.drill.http_errors import HttpErrorCount
from loadgen.drill.request import asked_of
from loadgen.drill.stage import DEMO_URL
from loadgen.drill.wishes import Wishes

if TYPE_CHECKING:
    from loadgen.drill.session import Asked

USUAL: dict[str, Any] = {
    "base_url": None, "metrics_url": None, "demo": False, "profile": None, "rate": "20", "before": "5s",
    "within": "30s", "prom_url": None, "alert": None, "alert_within": "10m", "json": False,
}  # fmt: skip
NOWHERE = Path("/nonexistent")


def asked(environ: dict[str, str] | None = None, **given: object) -> Asked:
    return asked_of(Freeze(NS_PER_S), Wishes(), {**USUAL, **given}, environ or {}, NOWHERE)


def problems_of(*arguments: str) -> str:
    """Return what a drill says of its arguments."""
    ended = CliRunner(env={"LOAD_BASE_URL": None}).invoke(drill, list(arguments))
    assert isinstance(ended.exception, InputError), ended.output
    return str(ended.exception)


def test_without_an_address_it_is_where_the_demo_service_listens() -> None:
    place = asked().place

    assert place.base_url == DEMO_URL
    assert place.source.urls == (f"{DEMO_URL}/metrics/prom",)
    assert asked({"LOAD_BASE_URL": "http://127.0.0.1:7000"}).place.base_url == "http://127.0.0.1:7000"


def test_credentials_come_from_the_environment_and_are_not_shown() -> None:
    environ = {"METRICS_AUTH_HEADER": "x-metrics-token: scrape-secret", "INTERNAL_API_TOKEN": "panel-secret"}
    place = asked(environ).place

    assert place.source.header is not None
    assert place.source.header.reveal() == "x-metrics-token: scrape-secret"
    assert place.internal_token is not None
    assert "secret" not in repr(place).replace("***cret", "")


def test_the_load_of_a_drill_is_bounded_in_number() -> None:
    assert asked(before="1s", within="1s", alert_within="1s").place.most == 20 * (2 + 1 + 2 + 2 * 1 + 600)


def test_production_is_refused_with_everything_else_that_is_wrong() -> None:
    told = problems_of("freeze", "--profile", "production", "--for", "1x", "--rate", "900", "--base-url", "ftp://x")

    assert "4 problems" in told
    assert "--profile = 'production': refused: incidents are never brought about in production" in told
    assert "--for = '1x': not a duration" in told
    assert "--rate = '900': from 1/s to 200/s" in told
    assert "--base-url = 'ftp://x'" in told


def test_another_machine_needs_a_profile() -> None:
    told = problems_of("freeze", "--base-url", "http://service.example")
    assert told.endswith(
        "not this machine: say --profile dev or staging; incidents are never brought about in production"
    )


def test_an_alert_is_waited_for_where_there_is_a_prometheus() -> None:
    assert "--alert = 'A': belongs to --prom-url" in problems_of("restart", "--alert", "A")
    assert "freeze has no usual alert" in problems_of("freeze", "--prom-url", "http://127.0.0.1:9")
    assert "goes without --demo" in problems_of("http-errors", "--demo", "--prom-url", "http://127.0.0.1:9")
    told = problems_of("http-errors", "--prom-url", "127.0.0.1:9", "--rate", "900")
    assert "2 problems" in told
    assert "--prom-url = '127.0.0.1:9': not a URL" in told


def test_a_service_of_the_drills_own_is_nowhere_else() -> None:
    told = problems_of("restart", "--demo", "--base-url", "http://127.0.0.1:9", "--profile", "dev")

    assert "--base-url = 'http://127.0.0.1:9': goes without --demo" in told
    assert "--profile = 'dev': goes without --demo" in told


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("http-errors", "50", "--share", "6%"), "COUNT = '50': goes without --share"),
        (("http-errors", "50", "200", "--for", "3s"), "--for = '3s': belongs to --share"),
        (("http-errors", "50", "5"), "INTERVAL = '5ms': from 10ms to 1m"),
        (("http-errors", "--path", "@127.0.0.2/x"), "--path = '@127.0.0.2/x': write a path that begins with /"),
        (("http-errors", "--path", ".example.com/x"), "write a path that begins with /"),
        (("http-errors", "--path", "//example.com/x"), "write a path that begins with /"),
        (("http-errors", "--path", "/a b"), "--path = '/a b': a URL has no spaces"),
        (("http-errors", "50", "10s"), "leaves the success at 98 % or above"),
        (("http-errors", "--share", "2%"), "--share = '2 %': more than 2 %"),
        (("fallback-surge", "--mode", "http"), "--mode = 'http': is one of http_error, "),
        (("fallback-surge", "--share", "8%"), "--share = '8 %': more than 8 %"),
        (("fallback-surge", "--share", "9%", "--mode", "cache_miss"), "is no failure of a collaborator"),
        (("fallback-surge", "--interval", "50ms"), "--interval = '50ms': from 100ms to 1m"),
        (("redis-latency", "--delay", "40ms"), "--delay = '40ms': from 51ms to 2s"),
        (("redis-disconnect", "--for", "1s"), "--for = '1s': from 3s to 1h"),
        (("freeze", "--for", "11s"), "--for = '11s': from 500ms to 10s"),
    ],
)
def test_what_would_prove_nothing_is_refused(arguments: tuple[str, ...], problem: str) -> None:
    assert problem in problems_of(*arguments)


def test_an_interval_may_be_a_bare_number_of_milliseconds() -> None:
    assert Wishes().interval("INTERVAL", "300") == 300_000_000
    assert "100/s of 2000/s" not in str(HttpErrorCount(1, 10_000_000, 20.0).misfits())
