"""Starting children and speaking with them."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest

from loadgen.core.messages import Hello, Lease, Log
from loadgen.core.redact import Redactor, Secret
from loadgen.core.units import NS_PER_S
from loadgen.core.wire import Encoder
from loadgen.run.launch import Spec, child_environment, how_it_ended, start, start_plain
from loadgen.run.link import Link, LinkClosed

if TYPE_CHECKING:
    from pathlib import Path


def script(tmp_path: Path, body: str) -> dict[str, str]:
    """Write a module `scripted` and return an environment in which it is found."""
    (tmp_path / "scripted.py").write_text(body)
    return {**child_environment(os.environ), "PYTHONPATH": str(tmp_path)}


def test_a_childs_environment_has_no_secret_by_name_by_value_or_by_look() -> None:
    environment = {
        "PATH": "/bin",
        "PROD_JWT": "abcdef",
        "METRICS_AUTH_HEADER": "X-Token: abcdef",
        "MY_NOTE": "the value hunter2hunter2 inside",
        "REDIS_URL": "redis://user:pw@host/0",
        "SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/a",
        "JWT_SECRET": "mine",
    }

    clean = child_environment(environment, Redactor([Secret("hunter2hunter2")]), frozenset({"JWT_SECRET"}))

    assert set(clean) == {"PATH", "JWT_SECRET", "OPENBLAS_NUM_THREADS"}


async def test_a_child_gets_a_link_its_own_session_and_no_stdin(tmp_path: Path) -> None:
    environment = script(
        tmp_path,
        "import os, socket, sys\n"
        "from loadgen.core.messages import Log\n"
        "from loadgen.core.wire import Encoder\n"
        "link = socket.socket(fileno=int(sys.argv[sys.argv.index('--fd') + 1]))\n"
        "about = {'session': os.getsid(0) == os.getpid(), 'stdin': sys.stdin.read(), 'safe': sys.flags.safe_path}\n"
        "link.sendall(Encoder(3).encode(Log('info', 'about me', about)))\n"
        "print('a line')\n"
        "link.recv(100000)\n",
    )
    lines: list[str] = []
    child = await start(Spec("child", "scripted", 3, environment=environment), lines.append)

    message = await child.receive()
    assert isinstance(message, Log)
    assert message.fields == {"session": True, "stdin": "", "safe": True}
    child.send(Lease(1))
    with pytest.raises(LinkClosed, match="closed its link"):
        await child.receive()
    assert await child.wait(5 * NS_PER_S) == 0
    assert lines == ["a line"]


async def test_a_child_that_does_not_leave_is_killed(tmp_path: Path) -> None:
    environment = script(
        tmp_path,
        "import signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('here', flush=True)\n"
        "time.sleep(60)\n",
    )
    started = asyncio.Event()
    process = await start_plain(Spec("child", "scripted", 0, environment=environment), lambda line: started.set())
    await started.wait()

    assert await process.end(0) == -signal.SIGKILL
    assert not process.alive


async def test_children_are_started_from_the_main_thread_only() -> None:
    caught: list[BaseException] = []

    def elsewhere() -> None:
        try:
            asyncio.run(start_plain(Spec("child", "this", 0), lambda line: None))
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()

    assert "main thread" in str(caught[0])


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (7, "exit code 7"), (-9, "killed by SIGKILL"), (-77, "killed by signal 77"), (None, "still")],
)
def test_an_exit_code_has_words(code: int | None, words: str) -> None:
    assert how_it_ended(code).startswith(words)


class DeafTransport(asyncio.Transport):
    """A transport that only notes that it was cut."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += bytes(data)

    def abort(self) -> None:
        self.aborted = True


def second_message_of(worker: int) -> bytes:
    encoder = Encoder(worker)
    encoder.encode(Hello(1, "worker"))
    return encoder.encode(Hello(1, "worker"))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"garbage\n", "sent something that is not a message: a line on the link is not a message"),
        (second_message_of(5), "sent a message in the name of child 5"),
    ],
)
async def test_bytes_that_are_no_message_of_that_child_end_its_link(data: bytes, why: str) -> None:
    link, transport = Link(2), DeafTransport()
    link.connection_made(transport)
    link.data_received(Encoder(2).encode(Hello(1, "worker")))
    link.data_received(data)

    assert isinstance(await link.receive(), Hello)
    with pytest.raises(LinkClosed, match=why):
        await link.receive()
    assert transport.aborted
    link.send(Lease(1))
    assert transport.written == b""


async def test_a_link_that_ends_in_the_middle_of_a_message_says_so() -> None:
    link = Link(2)
    link.connection_made(DeafTransport())
    link.data_received(b'{"v":1,')
    link.connection_lost(None)

    with pytest.raises(LinkClosed, match="in the middle of a message"):
        await link.receive()
