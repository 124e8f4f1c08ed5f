"""The observer as a child of the supervisor: one link, commands in, samples and probes out.

Laws: the link's descriptor is closed to grandchildren first of all; the process ends with its parent and with the
link; SIGTERM only asks the supervisor to end the run; what goes wrong is an Error message with a remedy.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import socket
import sys
import traceback
from typing import TYPE_CHECKING

from loadgen.core.errors import ExitCode, InputError, LoadgenError, Problem
from loadgen.core.messages import (
    Abort,
    Error,
    Exit,
    Hello,
    ObservePlan,
    ObserverFinal,
    PlanMessage,
    Ready,
    Scrape,
    Start,
    Stop,
    StopRequested,
    from_body,
)
from loadgen.core.redact import Redactor
from loadgen.core.wire import Decoder, Encoder, WireError
from observer.assemble import Assembly, assemble
from observer.masking import mask_texts, redactor_for
from observer.source import ObserverError

if TYPE_CHECKING:
    from loadgen.core.messages import Message

_PR_SET_PDEATHSIG = 1
_READ_BYTES = 1 << 18


def run_child(fd: int, number: int) -> int:
    """Serve the link on descriptor `fd` until it is told to leave or the link closes; return the exit code.

    Raises InputError when the descriptor is not a socket.
    """
    try:
        os.set_inheritable(fd, False)
        link = socket.socket(fileno=fd)
    except OSError as error:
        raise InputError([Problem("--fd", str(fd), f"not the socket of a supervisor: {error.strerror}")]) from error
    parent = os.getppid()
    die_with_parent()
    if os.getppid() != parent:
        return ExitCode.USAGE
    link.setblocking(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return asyncio.run(_Child(number).serve(link))


def die_with_parent() -> None:
    """Ask Linux for SIGTERM when the parent dies; elsewhere the closing link has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class _Child:
    """One child process: reads commands, drives the observation."""

    def __init__(self, number: int) -> None:
        self._encoder = Encoder(number)
        self._decoder = Decoder()
        self._writer: asyncio.StreamWriter | None = None
        self._assembly: Assembly | None = None
        self._task: asyncio.Task[None] | None = None
        self._redactor = Redactor()
        self._code = ExitCode.OK

    async def serve(self, link: socket.socket) -> int:
        reader, self._writer = await asyncio.open_connection(sock=link)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._on_sigterm)
        self._send(Hello(os.getpid(), "observer"))
        try:
            await self._read(reader)
        except LoadgenError as error:
            self._fail(error)
        except (WireError, ConnectionError) as error:
            self._send(Error(f"the link to the supervisor broke: {error}"))
            self._code = ExitCode.USAGE
        except Exception:  # noqa: BLE001 - whatever it is, the supervisor must hear of it
            self._crash()
        await self._close()
        return self._code

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while data := await self._receive(reader):
            for envelope in self._decoder.feed(data):
                if not await self._obey(envelope.message):
                    return

    async def _receive(self, reader: asyncio.StreamReader) -> bytes:
        """Return the next bytes; empty when the link closed. An observation that failed raises here."""
        reading = asyncio.ensure_future(reader.read(_READ_BYTES))
        waiting = {reading, self._task} if self._task is not None else {reading}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if self._task is not None and self._task.done():
            reading.cancel()
            self._task.result()
            return b""
        return await reading

    async def _obey(self, message: Message) -> bool:
        """Do what a message says; return whether to go on."""
        if isinstance(message, PlanMessage):
            await self._prepare(ObservePlan(**message.plan))
            return True
        if isinstance(message, Exit | Abort):
            return False
        assembly = self._assembly
        if assembly is None:
            raise WireError(f"{message.type} before a plan")
        match message:
            case Start():
                assembly.observation.begin(message.t0_ns)
            case Scrape():
                assembly.observation.ask(message.label, message.fresh_ns)
            case Stop():
                assembly.log.info("stop", reason=message.reason)
                assembly.observation.stop()
            case _:
                raise WireError(f"a message the observer does not know: {message.type}")
        return True

    async def _prepare(self, plan: ObservePlan) -> None:
        self._redactor = redactor_for(plan)
        self._assembly = assembly = await assemble(plan, self._redactor, self._send)
        self._send(Ready(assembly.detail))
        self._task = asyncio.get_running_loop().create_task(assembly.observation.run())

    def _on_sigterm(self) -> None:
        self._send(StopRequested("SIGTERM to the observer"))

    def _send(self, message: Message) -> None:
        """Send a message, its texts masked: a page may say anything, and errors and notes quote it."""
        if self._writer is not None and not self._writer.is_closing():
            body = mask_texts(self._redactor, message.to_body())
            self._writer.write(self._encoder.encode(from_body(message.type, body)))

    def _fail(self, error: LoadgenError) -> None:
        reason, remedy = (error.reason, error.remedy) if isinstance(error, ObserverError) else (str(error), "")
        self._send(Error(reason, remedy))
        self._code = error.exit_code

    def _crash(self) -> None:
        self._send(Error(f"the observer failed:\n{traceback.format_exc()}", "please report this"))
        self._code = ExitCode.USAGE

    async def _close(self) -> None:
        assembly = self._assembly
        if assembly is not None:
            assembly.observation.leave()
            if self._task is not None:
                await asyncio.wait([self._task], timeout=2)
                self._task.cancel()
            if self._code == ExitCode.OK:
                self._send(ObserverFinal(assembly.observation.summary()))
            await assembly.close()
        if self._writer is not None:
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(2):
                    await self._writer.drain()
            self._writer.close()
