"""`loadgen alerts check`: what fires, in which order, and every way in which a server cannot be asked."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from loadgen.cli.alerts import FIRING, alerts
from loadgen.core.errors import InputError, LoadgenError
from tests.support.prom_server import Answers, prom_server

STANDING = [
    {"__name__": "ALERTS", "alertname": "RedisGetLatencyP95High", "severity": "warning", "job": "api"},
    {"__name__": "ALERTS", "alertname": "ServiceRestarted", "severity": "info", "job": "api"},
    {"__name__": "ALERTS", "alertname": "Foreign", "instance": "x:1"},
    {"__name__": "ALERTS", "alertname": "ServiceDown", "severity": "critical", "job": "api", "instance": "a:80"},
]


def check(*arguments: str) -> Result:
    return CliRunner().invoke(alerts, ["check", *arguments], standalone_mode=False, catch_exceptions=True)


def test_firing_alerts_are_listed_the_most_severe_first() -> None:
    with prom_server(Answers(lambda _: STANDING)) as server:
        result = check("--prom-url", server.url)
    assert server.asked == [FIRING]
    assert result.return_value == 1
    assert [line.split()[:2] for line in result.output.splitlines()] == [
        ["critical", "ServiceDown"], ["warning", "RedisGetLatencyP95High"], ["info", "ServiceRestarted"],
        ["no", "severity"], ["4", "alerts"],
    ]  # fmt: skip
    assert "instance=a:80, job=api" in result.output


def test_nothing_firing_is_exit_code_0() -> None:
    with prom_server(Answers()) as server:
        result = check("--prom-url", server.url + "/")
    assert (result.return_value, result.output) == (0, "no alerts firing\n")


def test_only_the_severities_asked_for_decide() -> None:
    with prom_server(Answers(lambda _: STANDING[:2])) as server:
        none = check("--prom-url", server.url, "--severity", "crit")
        assert (none.return_value, none.output) == (0, "no alerts firing, and 2 of another severity\n")
        assert check("--prom-url", server.url, "--severity", "critical", "--severity", "info").return_value == 1


def test_json_holds_every_label() -> None:
    with prom_server(Answers(lambda _: STANDING[3:])) as server:
        result = check("--prom-url", server.url, "--json")
    assert json.loads(result.output) == {
        "firing": 1,
        "alerts": [{"alertname": "ServiceDown", "severity": "critical", "job": "api", "instance": "a:80"}],
    }


def test_a_user_in_the_address_is_a_basic_authorization() -> None:
    with prom_server(Answers()) as server:
        url = server.url.replace("//", "//user:" + "tops3cret@")
        assert check("--prom-url", url).return_value == 0
    assert server.received[0]["Authorization"] == "Basic dXNlcjp0b3BzM2NyZXQ="
    assert server.received[0]["Host"] == server.url.removeprefix("http://")


def test_the_credential_goes_to_the_server_and_across_no_redirect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROM_AUTH_HEADER", "Authorization: Bearer tops3cret")
    with prom_server(Answers()) as other, prom_server(Answers()) as server:
        assert check("--prom-url", server.url).return_value == 0
        assert server.received[0]["Authorization"] == "Bearer tops3cret"
        server.status, server.headers = 307, {"Location": other.url + "/api/v1/query"}
        result = check("--prom-url", server.url)
    assert isinstance(result.exception, LoadgenError)
    assert "answers 307" in str(result.exception)
    assert other.received == []


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        (Answers(status=503, body="overloaded"), "answers 503"),
        (Answers(body="<html>a login page</html>"), "does not answer as Prometheus does"),
        (Answers(body="[]"), "does not answer as Prometheus does"),
        (Answers(body='{"status": "success"}'), "does not answer as Prometheus does"),
        (Answers(body='{"status": "success", "data": {"resultType": "matrix"}}'), "does not answer as Prometheus does"),
        (Answers(body='{"status": "success", "data": {"resultType": "vector", "result": [{}]}}'), "as Prometheus does"),
        (Answers(body="no chunk", headers={"Transfer-Encoding": "chunked"}), "as an HTTP server does (IncompleteRead)"),
        (Answers(status=400, body='{"status": "error", "error": "parse error"}'), "refuses: parse error"),
    ],
)
def test_a_server_that_cannot_tell_is_an_error_and_never_silence(answers: Answers, words: str) -> None:
    with prom_server(answers) as server:
        result = check("--prom-url", server.url)
    assert isinstance(result.exception, LoadgenError)
    assert result.exception.exit_code == 2
    assert words in str(result.exception)
    assert "is --prom-url the base address of a Prometheus server?" in str(result.exception)


def test_nobody_listening_is_told_without_the_password_of_the_address() -> None:
    result = check("--prom-url", "http://user:tops3cret@127.0.0.1:9", "--timeout", "2s")
    assert isinstance(result.exception, LoadgenError)
    assert "http://127.0.0.1:9 does not answer" in str(result.exception)
    assert "tops3cret" not in str(result.exception)


@pytest.mark.parametrize(
    ("url", "header", "words"),
    [
        ("localhost:19190", "", "--prom-url = 'localhost:19190': not a URL: write it as https://host[:port][/path]"),
        ("http://[::1", "", "its host or port cannot be read"),
        ("http://127.0.0.1:port", "", "its host or port cannot be read"),
        ("http://127.0.0.1:9?a=b", "", "a base address has no ?query"),
        ("http://user:tops3cret@127.0.0.1:9#a", "", "no #fragment"),
        ("http://127.0.0.1:9", "tops3cret", 'PROM_AUTH_HEADER: not a header: write it as "Name: value"'),
        ("http://127.0.0.1:9", "A: tops3cret\nB: c", "PROM_AUTH_HEADER: a header value is one line of text"),
    ],
)
def test_bad_settings_are_told_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, url: str, header: str, words: str
) -> None:
    monkeypatch.setenv("PROM_AUTH_HEADER", header)
    result = check("--prom-url", url)
    assert isinstance(result.exception, InputError)
    assert words in str(result.exception)
    assert "tops3cret" not in str(result.exception)
