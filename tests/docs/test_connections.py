"""Every command of docs/CONNECTIONS.md works as it stands there, against real proxies, sockets and certificates."""

from __future__ import annotations

import json
import re
import shlex
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest

from loadgen.core.errors import ExitCode
from tests.support.authority import self_signed, server_context
from tests.support.processes import loadgen
from tests.support.proxy import ConnectProxy
from tests.support.servers import OK, FaultServer, answering

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

PAGE = (Path(__file__).parents[2] / "docs" / "CONNECTIONS.md").read_text()
REQUESTS = 50
SECRETS = ("secret", "bWU6c2VjcmV0", "tok-by-command", "tok-by-call", "hunter2-hunter2", "open sesame")


def shown_commands() -> list[str]:
    return re.findall(r"```console\n(loadgen run [^\n]*)\n```", PAGE)


def shown_files() -> dict[str, str]:
    return dict(re.findall(r"^`([\w.]+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))


class Surroundings:
    """What the page's commands find: a service, proxies, a socket, two TLS servers, an issuer, files."""

    def __init__(self, stack: ExitStack) -> None:
        self.folder = Path(stack.enter_context(TemporaryDirectory()))
        ca, key = self_signed(self.folder, "ca", "DNS:inner.test", "IP:127.0.0.1")
        client, _ = self_signed(self.folder, "client", password="open sesame")
        (self.folder / "password").write_text("open sesame\n")
        (self.folder / "token").write_text("tok-by-command\n")
        (self.folder / "token-request").write_text('{"client_secret": "hunter2-hunter2"}')
        body = b'{"access_token": "tok-by-call", "expires_in": 3600}'
        issued = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        self.plain = stack.enter_context(FaultServer(answering(OK)))
        self.by_name = stack.enter_context(FaultServer(answering(OK), server_context(ca, key)))
        self.mutual = stack.enter_context(FaultServer(answering(OK), server_context(ca, key, clients=client)))
        self.at_socket = stack.enter_context(FaultServer(answering(OK), at=self.folder / "api.sock"))
        self.issuer = stack.enter_context(FaultServer(answering(issued)))
        self.proxy = stack.enter_context(ConnectProxy())
        self.ports = {
            "8901": self.plain.port, "8443": self.by_name.port, "8444": self.mutual.port, "8902": self.issuer.port,
            "3128": self.proxy.port,
        }  # fmt: skip

    def real(self, text: str) -> str:
        """Return a text of the page with the ports that there really are."""
        return re.sub(r":(\d{4})\b", lambda shown: f":{self.ports[shown[1]]}", text)

    def run(self, number: int, command: str) -> subprocess.CompletedProcess[str]:
        arguments = shlex.split(self.real(command))[1:]
        return loadgen(*arguments, "--json", "--quiet", "--out", f"kept-{number}", cwd=self.folder)


@pytest.fixture(scope="module")
def around() -> Iterator[Surroundings]:
    with ExitStack() as stack:
        around = Surroundings(stack)
        for name, text in shown_files().items():
            (around.folder / name).write_text(around.real(text))
        yield around


@pytest.fixture(scope="module")
def ran(around: Surroundings) -> dict[str, tuple[subprocess.CompletedProcess[str], Path]]:
    """Every command of the page, three at a time: their counts, which are checked, do not mind."""
    with ThreadPoolExecutor(3) as pool:
        going = {
            command: (pool.submit(around.run, number, command), around.folder / f"kept-{number}")
            for number, command in enumerate(shown_commands())
        }
        return {command: (run.result(), place) for command, (run, place) in going.items()}


def test_the_page_has_a_command_for_every_option() -> None:
    commands = " ".join(shown_commands())
    options = (
        "--proxy --unix-socket --resolve --sni --cacert --cert --key --key-password-file --no-keepalive "
        "--max-requests-per-connection --token-command --plan"
    )
    assert [option for option in options.split() if option not in commands] == []
    assert len(shown_commands()) == PAGE.count("```console")
    assert sorted(shown_files()) == ["proxied.toml", "token.toml"]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("command", shown_commands())
def test_the_command_works_and_leaves_no_secret_behind(
    ran: dict[str, tuple[subprocess.CompletedProcess[str], Path]], command: str
) -> None:
    ended, place = ran[command]

    # beside others on a busy machine the measurement may be INVALID; what was sent is exact all the same
    assert ended.returncode in (ExitCode.OK, ExitCode.INVALID), ended.stderr
    summary = json.loads(ended.stdout)
    assert summary["totals"]["done"] == REQUESTS
    (origin,) = summary["addresses"].values()
    assert sum(one["requests"] for one in origin["addresses"].values()) == REQUESTS
    written = "".join(file.read_text() for file in place.iterdir()) + ended.stdout + ended.stderr
    assert [secret for secret in SECRETS if re.search(rf"(?<!client_){secret}(?!s)", written)] == []


def _summary(ran: dict[str, tuple[subprocess.CompletedProcess[str], Path]], part: str) -> dict[str, Any]:
    ended = next(ended for command, (ended, _) in ran.items() if part in command)
    return dict(json.loads(ended.stdout))


@pytest.mark.timeout(240)
def test_every_way_was_really_taken(
    around: Surroundings, ran: dict[str, tuple[subprocess.CompletedProcess[str], Path]]
) -> None:
    whole = [line for line in around.proxy.asked if line.startswith("GET http://")]
    assert len(whole) == REQUESTS
    assert set(around.proxy.asked) - set(whole) == {f"CONNECT 127.0.0.1:{around.by_name.port} HTTP/1.1"}
    assert set(around.proxy.credentials) == {"Basic bWU6c2VjcmV0"}
    assert len(around.at_socket.requests) == len(around.mutual.requests) == REQUESTS
    (asked,) = around.issuer.requests
    assert asked.startswith(b"POST /oauth/token ")
    assert asked.endswith(b'{"client_secret": "hunter2-hunter2"}')
    assert _summary(ran, "--no-keepalive")["connects"] == REQUESTS
    assert _summary(ran, "--max-requests")["connects"] >= REQUESTS / 10
    tokens = [re.search(rb"Authorization: Bearer (\S+)", request) for request in around.plain.requests]
    assert [token[1] for token in tokens if token].count(b"tok-by-call") == REQUESTS
    assert [token[1] for token in tokens if token].count(b"tok-by-command") == REQUESTS
