"""The observer as a child process, with the test as its supervisor."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from loadgen.core.messages import Hello, Message, ObservePlan, PlanMessage, Ready
from loadgen.core.wire import Decoder, Encoder
from tests.support.processes import clean_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

M = TypeVar("M", bound=Message)
NUMBER = 3


class ObserverProcess:
    """A child on a link: `send`, and `get` for the next message of a kind."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.process = process
        self.seen: list[Message] = []
        self._reader = reader
        self._writer = writer
        self._encoder = Encoder(NUMBER)
        self._decoder = Decoder()
        self._waiting: list[Message] = []

    def send(self, message: Message) -> None:
        self._writer.write(self._encoder.encode(message))

    def send_bytes(self, data: bytes) -> None:
        self._writer.write(data)

    def hang_up(self) -> None:
        self._writer.close()

    async def get(self, kind: type[M], timeout_s: float = 20.0) -> M:
        """Return the next message of a kind, passing over others (they are in `seen`)."""
        async with asyncio.timeout(timeout_s):
            while True:
                while self._waiting:
                    message = self._waiting.pop(0)
                    if isinstance(message, kind):
                        return message
                await self._read(kind)

    async def _read(self, kind: type[Message]) -> None:
        data = await self._reader.read(1 << 20)
        assert data, f"the link closed before {kind.type}; seen: {self.seen[-3:]}"
        for envelope in self._decoder.feed(data):
            assert envelope.worker == NUMBER
            self.seen.append(envelope.message)
            self._waiting.append(envelope.message)

    async def ready(self, plan: ObservePlan) -> Ready:
        """Hand out a plan and return what the child says about the metrics."""
        await self.get(Hello)
        self.send(PlanMessage(plan.to_body()))
        return await self.get(Ready)

    async def exit_code(self, timeout_s: float = 10.0) -> int:
        return await asyncio.to_thread(self.process.wait, timeout_s)


@asynccontextmanager
async def observer_process() -> AsyncIterator[ObserverProcess]:
    """Start `python -P -m observer child` on a socketpair."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", "-m", "observer", "child", "--fd", str(theirs.fileno()), "--number", str(NUMBER)]
    process = subprocess.Popen(
        command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, env=clean_environment(), start_new_session=True
    )
    theirs.close()
    reader, writer = await asyncio.open_connection(sock=ours)
    try:
        yield ObserverProcess(process, reader, writer)
    finally:
        writer.close()
        if process.poll() is None:
            process.kill()
        await asyncio.to_thread(process.wait)


def plan_for(url: str, directory: Path, **changes: object) -> ObservePlan:
    """Return a quick plan for one endpoint."""
    plan = ObservePlan([url], 400_000_000, 2, str(directory), "r1", probe_ns=100_000_000)
    body = {**plan.to_body(), **changes}
    return ObservePlan(**body)


def descriptors_of(pid: int) -> list[str]:
    return [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
