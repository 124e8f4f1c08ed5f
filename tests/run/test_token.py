"""Tokens by real commands and calls, and their renewal on a clock that jumps."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys

import pytest

from loadgen.core.redact import Redactor, Secret
from loadgen.plan.connection import Proxy, Route, TokenCall
from loadgen.plan.model import TokenSource
from loadgen.run import token as token_module
from loadgen.run.token import Renewal, obtain
from loadgen.run.token_answer import Issued, TokenError
from tests.support.load_plans import load_plan
from tests.support.proxy import ConnectProxy
from tests.support.servers import FaultServer, answering, refusing_port

S = 1_000_000_000
LOAD = load_plan("http://127.0.0.1:1/")


def by_command(script: str) -> TokenSource:
    """Return a source that runs a line of Python."""
    return TokenSource(command=Secret(f'{sys.executable} -c "{script}"'))


async def got(source: TokenSource, *secrets: str) -> Issued:
    return await obtain(source, LOAD, os.environ, Redactor([Secret(text) for text in secrets]))


async def test_a_command_prints_the_token() -> None:
    assert (await got(by_command("print('tok-1234')"))).token == Secret("tok-1234")


async def test_a_command_runs_without_a_shell_and_with_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "from-the-environment")
    script = "import os, sys; print(os.environ['VAULT_TOKEN'] + sys.argv[1])"
    source = TokenSource(command=Secret(f'{sys.executable} -c "{script}" $HOME'))

    assert (await got(source)).token == Secret("from-the-environment$HOME")


async def test_a_command_that_fails_is_named_with_its_last_words_and_no_secret() -> None:
    script = "import sys; sys.exit('denied for hunter2-hunter2')"
    with pytest.raises(TokenError, match=r"^python[\d.]* ended with exit code 1: denied for \*\*\*$"):
        await got(by_command(script), "hunter2-hunter2")


async def test_a_command_that_is_not_there_says_so() -> None:
    with pytest.raises(TokenError, match=r"^no-such-program cannot be started: No such file or directory$"):
        await got(TokenSource(command=Secret("no-such-program")))


def answer(document: object, status: str = "200 OK") -> bytes:
    body = json.dumps(document).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def test_a_call_sends_what_is_described_and_reads_the_field() -> None:
    with FaultServer(answering(answer({"access_token": "tok-5678", "expires_in": 60}))) as server:
        call = TokenCall(server.url + "oauth", "POST", (Secret("X-Tenant: blue"),), Secret("grant_type=x"))
        issued = await got(TokenSource(call=call))

    assert issued.token == Secret("tok-5678")
    assert issued.expires_ns == issued.at_ns + 60 * S
    (request,) = server.requests
    assert request.startswith(b"POST /oauth HTTP/1.1\r\n")
    assert b"X-Tenant: blue\r\n" in request
    assert b"Content-Type: application/x-www-form-urlencoded\r\n" in request
    assert request.endswith(b"\r\n\r\ngrant_type=x")


async def test_a_call_goes_through_the_load_s_proxy() -> None:
    with FaultServer(answering(answer({"access_token": "tok-9999"}))) as server, ConnectProxy() as proxy:
        load = load_plan("http://127.0.0.1:1/", route=Route(proxy=Proxy("127.0.0.1", proxy.port)))
        source = TokenSource(call=TokenCall(server.url + "t"))
        issued = await obtain(source, load, {}, Redactor())

    assert issued.token == Secret("tok-9999")
    assert proxy.asked == [f"POST {server.url}t HTTP/1.1"]


async def test_a_call_that_is_refused_says_the_status_and_not_the_body() -> None:
    with (
        FaultServer(answering(answer({"error": "hunter2"}, "401 No"))) as server,
        pytest.raises(TokenError, match=r"^http://127\.0\.0\.1:\d+/ answered 401$"),
    ):
        await got(TokenSource(call=TokenCall(server.url)))
    with refusing_port() as port, pytest.raises(TokenError, match="cannot connect"):
        await got(TokenSource(call=TokenCall(f"http://127.0.0.1:{port}/")))


class Script:
    """A run's time and its source of tokens: sleeping moves the clock, `outcomes` are what asking gives in turn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *outcomes: int | TokenError) -> None:
        self.now_ns = 1_000 * S
        self.told: list[tuple[float, str]] = []
        self.delivered: list[tuple[float, str]] = []
        self.asked_at: list[float] = []
        self._outcomes = list(outcomes)
        monkeypatch.setattr(token_module, "monotonic_ns", lambda: self.now_ns)
        monkeypatch.setattr(token_module, "_sleep_until", self._sleep_until)
        monkeypatch.setattr(token_module, "obtain", self._obtain)

    @property
    def at_s(self) -> float:
        return self.now_ns / S - 1_000

    async def _sleep_until(self, at_ns: int) -> None:
        if not self._outcomes:
            raise asyncio.CancelledError
        self.now_ns = max(self.now_ns, at_ns)

    async def _obtain(self, *_: object) -> Issued:
        self.asked_at.append(self.at_s)
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, TokenError):
            raise outcome
        return Issued(Secret(f"token-of-{self.at_s:g}"), self.now_ns, self.now_ns + outcome * S)

    async def run(self, first_s: int | None) -> Renewal:
        expires_ns = None if first_s is None else self.now_ns + first_s * S
        issued = Issued(Secret("the-first-token"), self.now_ns, expires_ns)
        renewal = Renewal(TokenSource(margin_ns=60 * S), LOAD, {}, Redactor(), issued)
        with contextlib.suppress(asyncio.CancelledError):
            await renewal.run(self._deliver, lambda text: self.told.append((self.at_s, text)))
        return renewal

    def _deliver(self, token: Secret) -> None:
        self.delivered.append((self.at_s, token.reveal()))


async def test_each_token_is_renewed_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, 300, 80)
    renewal = await script.run(3600)

    assert script.delivered == [(3540, "token-of-3540"), (3780, "token-of-3780")]
    assert script.told == []
    assert renewal.to_body() == {"renewals": 2, "failures": 0}
    assert renewal.redactor.text("it is token-of-3780") == "it is ***"


async def test_a_failed_renewal_keeps_the_old_token_and_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, TokenError("vault is sealed"), TokenError("vault is sealed"), 3600)
    renewal = await script.run(3600)

    assert script.asked_at == [3540, 3541, 3543]
    assert script.delivered == [(3543, "token-of-3543")]
    assert script.told == [
        (3540, "the token could not be renewed: vault is sealed; the old one is used for another 1m"),
        (3543, "the token was renewed after a failure"),
    ]
    assert renewal.to_body() == {"renewals": 1, "failures": 2}


async def test_the_end_of_a_token_that_could_not_be_renewed_is_told_when_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = Script(monkeypatch, *[TokenError("no")] * 9, 3600)
    await script.run(3600)

    assert script.asked_at == [3540, 3541, 3543, 3547, 3555, 3571, 3600, 3630, 3660, 3690]
    assert [at for at, _ in script.told] == [3540, 3600, 3690]
    assert script.told[1][1].startswith("the token has ended and could not be renewed: requests go on with it")
    assert script.told[2][1] == "the token was renewed after its end"


async def test_a_token_that_does_not_tell_its_end_is_said_not_to_be_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script(monkeypatch, 1)
    await script.run(None)

    assert script.asked_at == []
    assert [text for _, text in script.told] == [
        "the token does not say when it ends, so it is not renewed: token.lifetime can say it"
    ]
