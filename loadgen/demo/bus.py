"""The message bus of the service: requests and replies between its parts, over a queue.

Law: a call ends with a reply or with DegradedError; every call counts as one attempt, also on a bus that is off.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadgen.demo.fallback import DegradedError, Reason

if TYPE_CHECKING:
    from loadgen.demo.metrics import Metrics

TIMEOUT_S = 0.03


@dataclass(frozen=True, slots=True)
class _Call:
    topic: str
    payload: Any
    trouble: Reason | None
    reply: asyncio.Future[Any]


class MessageBus:
    """Carries calls to the one responder task; `enabled` False stands for a service started without its bus."""

    def __init__(self, metrics: Metrics, *, enabled: bool) -> None:
        self.enabled = enabled
        self._metrics = metrics
        self._calls: asyncio.Queue[_Call] = asyncio.Queue()
        self._responder: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        return self._responder is not None and not self._responder.done()

    async def start(self) -> None:
        if self.enabled:
            self._responder = asyncio.create_task(self._respond(), name="message bus")

    async def stop(self) -> None:
        if self._responder is not None:
            self._responder.cancel()
            with suppress(asyncio.CancelledError):
                await self._responder

    async def call(self, topic: str, payload: Any, trouble: Reason | None = None) -> Any:
        """Return the reply to a message within 30 ms; raise DegradedError otherwise."""
        self._metrics.rpc_attempts.labels().inc()
        if not self.running:
            raise DegradedError(Reason.MESSAGE_ERROR, "the message bus is off")
        reply: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._calls.put_nowait(_Call(topic, payload, trouble, reply))
        try:
            async with asyncio.timeout(TIMEOUT_S):
                return await reply
        except TimeoutError as error:
            raise DegradedError(Reason.MESSAGE_TIMEOUT, f"no reply on {topic} in {TIMEOUT_S} s") from error
        except RuntimeError as error:
            raise DegradedError(Reason.MESSAGE_ERROR, str(error)) from error

    async def _respond(self) -> None:
        while True:
            call = await self._calls.get()
            if call.reply.done() or call.trouble is Reason.MESSAGE_TIMEOUT:
                continue
            if call.trouble is Reason.MESSAGE_ERROR:
                call.reply.set_exception(RuntimeError(f"the responder of {call.topic} failed"))
            else:
                call.reply.set_result({"topic": call.topic, "granted": True})
