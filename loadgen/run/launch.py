"""The only place that starts child processes.

Laws: a child is `sys.executable -P -m MODULE`, started from the main thread (its death signal is bound to the thread
that forked it), in a session of its own, stdin /dev/null; a secret reaches it over its link only, never through its
arguments or environment. A remote worker would be another `start`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns
from loadgen.core.redact import Redactor, is_secret_key
from loadgen.core.units import NS_PER_MS, NS_PER_S
from loadgen.run.link import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import IO

    from loadgen.core.messages import Message

_POLL_S = 0.02
_TAIL_LINES = 12
_LONGEST_LINE = 16_384
_SECRET_VARIABLES = frozenset({"METRICS_AUTH_HEADER", "EXTRA_CURL_HEADER", "SLACK_WEBHOOK_URL", "PROM_AUTH_HEADER"})


@dataclass(frozen=True, slots=True)
class Spec:
    """What to start: `module` with `arguments`; `number` is the child's name on its link.

    `environment` is the whole environment, as `child_environment` returns it.
    """

    name: str
    module: str
    number: int
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def child_environment(
    environment: Mapping[str, str], redactor: Redactor | None = None, keep: frozenset[str] = frozenset()
) -> dict[str, str]:
    """Return the environment without secrets: by name, by known value, and by what looks like one.

    `keep` names variables that the child needs although they are secret (the demo service is the service under test
    and has its own). numpy's thread pool is switched off: it would start a thread per processor in every child.
    """
    mask = redactor or Redactor()
    clean = {
        name: value
        for name, value in environment.items()
        if name in keep
        or not (is_secret_key(name) or name in _SECRET_VARIABLES or (value and mask.text(value) != value))
    }
    clean.setdefault("OPENBLAS_NUM_THREADS", "1")
    return clean


def command(module: str, arguments: tuple[str, ...]) -> list[str]:
    """Return the argument list of a child; `-P` keeps the current directory off its import path."""
    return [sys.executable, "-P", "-m", module, *arguments]


class OutputPump(asyncio.Protocol):
    """Takes what a child prints, line by line; keeps the last lines for an error message."""

    def __init__(self, take: Callable[[str], None]) -> None:
        self._take = take
        self._rest = b""
        self.tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._rest) > _LONGEST_LINE:
            self._line(self._rest)
            self._rest = b""

    def connection_lost(self, exc: Exception | None) -> None:
        if self._rest:
            self._line(self._rest)
        if not self.ended.done():
            self.ended.set_result(None)

    def _line(self, line: bytes) -> None:
        text = line[:_LONGEST_LINE].decode("utf-8", "replace").rstrip()
        if text:
            self.tail.append(text)
            self._take(text)


class Process:
    """A started process: its exit and its end, without ever blocking the loop."""

    def __init__(self, name: str, process: subprocess.Popen[bytes], pump: OutputPump) -> None:
        self.name = name
        self.pump = pump
        self._process = process

    def __repr__(self) -> str:
        state = "running" if self._process.returncode is None else how_it_ended(self._process.returncode)
        return f"<{type(self).__name__} {self.name} pid {self.pid} {state}>"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def signal(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def kill(self) -> None:
        """End it now, whatever it does."""
        self.signal(signal.SIGKILL)

    async def wait(self, timeout_ns: int) -> int | None:
        """Return its exit code (negative: the signal), or None when it still runs after the timeout."""
        deadline = monotonic_ns() + timeout_ns
        while (code := self._process.poll()) is None and monotonic_ns() < deadline:  # noqa: ASYNC110 - no portable event tells it
            await asyncio.sleep(_POLL_S)
        if code is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self.pump.ended), 0.2)
        return code

    async def end(self, grace_ns: int) -> int | None:
        """Give it the grace to leave by itself, then SIGTERM and half a second, then kill it; return its code."""
        for number, patience_ns in (
            (None, grace_ns),
            (signal.SIGTERM, 500 * NS_PER_MS),
            (signal.SIGKILL, 2 * NS_PER_S),
        ):
            if number is not None:
                self.signal(number)
            if (code := await self.wait(patience_ns)) is not None:
                return code
        return None


class Child(Process):
    """A process with a link: `send`, `receive`, `kill`."""

    def __init__(self, spec: Spec, process: subprocess.Popen[bytes], pump: OutputPump, link: Link) -> None:
        super().__init__(spec.name, process, pump)
        self.number = spec.number
        self._link = link

    @property
    def linked(self) -> bool:
        return not self._link.closed

    def send(self, message: Message) -> None:
        """Send without waiting."""
        self._link.send(message)

    async def receive(self) -> Message:
        """Return the next message; raise LinkClosed after the last one."""
        return await self._link.receive()

    def hang_up(self) -> None:
        """Close the link: a worker without one sends nothing more and leaves."""
        self._link.close()


async def start(spec: Spec, take_output: Callable[[str], None]) -> Child:
    """Start a linked child and return it; each line that it prints goes to `take_output`.

    Raises OSError when the process cannot be made. Must run on the main thread's loop.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        arguments = (*spec.arguments, "--fd", str(theirs.fileno()))
        process, output = _spawn(spec, arguments, (theirs.fileno(),))
    ours.setblocking(False)
    loop = asyncio.get_running_loop()
    pump = await _pump(output, take_output)
    _, link = await loop.create_connection(lambda: Link(spec.number), sock=ours)
    return Child(spec, process, pump, link)


async def start_plain(spec: Spec, take_output: Callable[[str], None]) -> Process:
    """Start a child without a link, such as the demo service; what it prints goes to `take_output`."""
    process, output = _spawn(spec, spec.arguments, ())
    return Process(spec.name, process, await _pump(output, take_output))


def run_to_end(spec: Spec, *, stdout: int | IO[bytes] | None = None) -> int:
    """Run a process to its end on our own terminal and return its exit code; for use outside a running loop."""
    done = subprocess.run(
        command(spec.module, spec.arguments),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        env=dict(spec.environment),
        check=False,
    )
    return done.returncode


def spawn_detached(
    module: str,
    arguments: tuple[str, ...],
    environment: Mapping[str, str],
    *,
    output: IO[bytes],
    inherited: tuple[int, ...],
) -> subprocess.Popen[bytes]:
    """Start a process that outlives us, in a session of its own, printing to `output`."""
    return subprocess.Popen(
        command(module, arguments),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=dict(environment),
        pass_fds=inherited,
        start_new_session=True,
    )


def _spawn(
    spec: Spec, arguments: tuple[str, ...], inherited: tuple[int, ...]
) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are started from the main thread: their death signal is bound to it")
    process = subprocess.Popen(
        command(spec.module, arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=dict(spec.environment),
        pass_fds=inherited,
        start_new_session=True,
    )
    assert process.stdout is not None
    return process, process.stdout


async def _pump(output: IO[bytes], take: Callable[[str], None]) -> OutputPump:
    os.set_blocking(output.fileno(), False)
    loop = asyncio.get_running_loop()
    _, pump = await loop.connect_read_pipe(lambda: OutputPump(take), output)
    return pump


def how_it_ended(code: int | None) -> str:
    """Put an exit code as subprocess gives it in words.

    >>> how_it_ended(-9), how_it_ended(2), how_it_ended(None)
    ('killed by SIGKILL', 'exit code 2', 'still running')
    """
    if code is None:
        return "still running"
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
