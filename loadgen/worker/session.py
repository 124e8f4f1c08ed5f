"""The worker's conversation with its supervisor, and the rules that leave no load without one.

Laws: nothing is sent without a lease in force; when the lease lapses, the link closes or the parent dies, everything
is cut at once and the process ends; every other end is asked for by a message. Messages that do not fit the state are
errors, because guessing would be a load nobody asked for.
"""

from __future__ import annotations

import asyncio
import os
import signal
import traceback
from time import monotonic_ns
from typing import TYPE_CHECKING, Any

from loadgen.core.errors import ExitCode
from loadgen.core.messages import (
    Abort,
    Error,
    Exit,
    Hello,
    Lease,
    Log,
    Message,
    PlanMessage,
    Ready,
    Start,
    Stop,
    StopRequested,
    Token,
)
from loadgen.core.redact import Redactor, Secret
from loadgen.plan.codec import decode
from loadgen.plan.model import LoadPlan
from loadgen.worker.assemble import Place, redactor_of
from loadgen.worker.link import Link, open_link
from loadgen.worker.phase import Phase, State

if TYPE_CHECKING:
    from collections.abc import Coroutine

_IDLE_BEAT_S = 0.1
_LAST_WORDS_S = 0.5


class Session:
    """One worker from `hello` to its exit code."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._loop = asyncio.get_running_loop()
        self._link: Link | None = None
        self._phase: Phase | None = None
        self._redactor = Redactor()
        self._lease_until_ns = 0
        self._parent = os.getppid()
        self._exit: asyncio.Future[ExitCode] = self._loop.create_future()
        self._opening: asyncio.Task[None] | None = None
        self._asked_to_stop = False

    async def run(self, descriptor: int) -> ExitCode:
        """Talk over the inherited socket until told to leave; return the process's exit code."""
        self._loop.set_exception_handler(self._crashed)
        self._loop.add_signal_handler(signal.SIGTERM, self._terminated)
        self._link = await open_link(descriptor, self._number, self._received, self._cut_off)
        self._say(Hello(os.getpid(), "worker"))
        beat = self._loop.call_later(_IDLE_BEAT_S, self._beat)
        try:
            return await self._exit
        finally:
            beat.cancel()
            if self._opening is not None:
                self._opening.cancel()
            await self._link.close(_LAST_WORDS_S)

    # --- messages ------------------------------------------------------------------------------------------------

    def _received(self, message: Message) -> None:
        if self._exit.done():
            return
        match message:
            case Lease():
                self._renew(message.until_ns)
            case PlanMessage():
                self._plan(message)
            case Start():
                self._start(message.t0_ns)
            case Stop():
                self._stop(message)
            case Token():
                self._renew_token(Secret(message.value))
            case Abort():
                self._end_phase()
                self._leave(ExitCode.OK)
            case Exit():
                self._leave(ExitCode.OK if self._phase is None else ExitCode.USAGE)
            case _:
                self._fail(f"a worker has no use for a {message.type} message")

    def _renew(self, until_ns: int) -> None:
        self._lease_until_ns = max(self._lease_until_ns, until_ns)
        if self._phase is not None:
            self._phase.renew(self._lease_until_ns)

    def _plan(self, message: PlanMessage) -> None:
        if self._phase is not None:
            self._fail("a plan came while another one is being worked on")
            return
        try:
            plan = decode(LoadPlan, message.plan)
            self._redactor = redactor_of(plan)
            self._phase = Phase(plan, Place(message.index, message.count), self._say)
        except ValueError as error:
            self._fail(f"the plan cannot be run: {error}")
            return
        self._opening = self._spawn(self._open(self._phase))

    async def _open(self, phase: Phase) -> None:
        detail = await phase.open()
        if detail["failed"]:
            self._say(Log("warning", "not every connection could be opened before the start", dict(detail)))
        self._say(Ready(detail))

    def _start(self, t0_ns: int) -> None:
        if self._phase is None or self._phase.state is not State.READY:
            self._fail("a start came without a plan that is ready")
        elif monotonic_ns() >= self._lease_until_ns:
            self._fail("a start came without a lease in force")
        else:
            self._phase.start(t0_ns, self._lease_until_ns)

    def _renew_token(self, token: Secret) -> None:
        """Use another token; one that comes between two phases is in the next one's plan."""
        if self._phase is None:
            return
        try:
            self._redactor = redactor_of(self._phase.renew_token(token))
        except ValueError as error:
            self._fail(f"a token cannot be used: {error}")

    def _stop(self, message: Stop) -> None:
        if self._phase is None:
            return  # the phase ended while the message was on its way
        if self._phase.state in (State.RUNNING, State.DRAINING):
            self._phase.stop(message.drain_ns)
        else:
            self._end_phase()

    # --- endings -------------------------------------------------------------------------------------------------

    def _beat(self) -> None:
        if self._exit.done():
            return
        phase = self._phase
        self._loop.call_later(_IDLE_BEAT_S if phase is None else phase.beat_ns / 1e9, self._beat)
        if self._lease_until_ns and monotonic_ns() >= self._lease_until_ns:
            self._end_phase()
            self._fail("the lease ran out: the supervisor no longer answers")
        elif phase is not None and phase.beat():
            self._end_phase()

    def _end_phase(self) -> None:
        """Cut what is open, tell the final account, and be ready for another plan."""
        phase, self._phase = self._phase, None
        if phase is not None:
            if self._opening is not None:
                self._opening.cancel()
                self._opening = None
            self._say(phase.end())

    def _cut_off(self, reason: str) -> None:
        """Without a supervisor nobody wants the load any more."""
        if not self._exit.done():
            self._end_phase()
            self._fail(reason)

    def _terminated(self) -> None:
        """SIGTERM: tell the supervisor, who ends the run in order; a second one, or an orphan, cuts at once."""
        if self._asked_to_stop or os.getppid() != self._parent:
            self._end_phase()
            self._leave(ExitCode.SIGTERM)
        else:
            self._asked_to_stop = True
            self._say(StopRequested("a worker received SIGTERM"))

    def _crashed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        text = context["message"]
        if isinstance(error, BaseException):
            text += "\n" + "".join(traceback.format_exception(error))
        self._fail(text, "this is a defect of loadgen; please report it with this text")

    def _fail(self, msg: str, remedy: str = "") -> None:
        """Tell an error and leave; load that runs is cut."""
        if self._exit.done():
            return
        self._say(Error(self._redactor.text(msg), remedy))
        self._leave(ExitCode.USAGE)  # first: whatever goes wrong from here on, this process ends
        if self._phase is not None:
            self._phase.cut()

    def _leave(self, code: ExitCode) -> None:
        if not self._exit.done():
            self._exit.set_result(code)

    def _say(self, message: Message) -> None:
        if self._link is not None:
            self._link.send(message)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._loop.create_task(work)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crashed(self._loop, {"message": "preparing the load failed", "exception": error})
