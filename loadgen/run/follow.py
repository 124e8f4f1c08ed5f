"""Follow one child from its hello to its exit: what workers and the observer have in common.

Laws: a child that was not dismissed and is gone is told once, with how it ended and its last words; log lines and
printed lines of a child are lines of load.log.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from loadgen.core.messages import Error, Exit, Hello, Log
from loadgen.core.units import NS_PER_S
from loadgen.run.launch import how_it_ended, start
from loadgen.run.link import LinkClosed

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.core.logs import Log as LogFile
    from loadgen.core.messages import Message
    from loadgen.run.launch import Child, Spec

_END_PATIENCE_NS = 2 * NS_PER_S


class Follower:
    """One child and the task that reads it; `take` gets every message that is not about the child itself.

    `gone` is called once, with a sentence, when the child ends without being dismissed.
    """

    def __init__(
        self, child: Child, take: Callable[[Message], None], gone: Callable[[str], None], log: LogFile
    ) -> None:
        self.child = child
        self.said_hello = asyncio.Event()
        self._take = take
        self._gone = gone
        self._log = log
        self._trouble = ""
        self._dismissed = False
        self._task = asyncio.get_running_loop().create_task(self._follow(), name=f"follow {child.name}")

    def __repr__(self) -> str:
        return f"<Follower of {self.child!r}{', dismissed' if self._dismissed else ''}>"

    async def dismiss(self, grace_ns: int) -> int | None:
        """Tell the child to leave and see that it does; return its exit code."""
        self._dismissed = True
        self.child.send(Exit())
        code = await self.child.end(grace_ns)
        self.child.hang_up()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        return code

    async def _follow(self) -> None:
        try:
            while True:
                self._sort(await self.child.receive())
        except LinkClosed as end:
            await self._on_closed(str(end))
        except Exception as error:  # noqa: BLE001 - a fault of ours here must end the run, not just this task
            self._log.error("a message could not be handled", child=self.child.name, exc_info=error)
            self._gone(f"a message of {self.child.name} could not be handled: {type(error).__name__}: {error}")

    def _sort(self, message: Message) -> None:
        match message:
            case Hello():
                self.said_hello.set()
            case Log():
                self._log.log(message.level, message.msg, **{**message.fields, "child": self.child.name})
            case Error():
                self._trouble = f"{message.msg} ({message.remedy})" if message.remedy else message.msg
                self._log.error(message.msg, child=self.child.name, remedy=message.remedy)
            case _:
                self._take(message)

    async def _on_closed(self, why: str) -> None:
        self.said_hello.set()
        if self._dismissed:
            return
        code = await self.child.wait(_END_PATIENCE_NS)
        if code is None:
            self.child.kill()
            code = await self.child.wait(_END_PATIENCE_NS)
        last = self._trouble or (self.child.pump.tail[-1] if self.child.pump.tail else "")
        sentence = f"{self.child.name} (pid {self.child.pid}) {why}, {how_it_ended(code)}"
        sentence += f"; it said: {last}" if last else ""
        self._log.error("a child is gone", child=self.child.name, how=sentence, output=list(self.child.pump.tail))
        if not self._dismissed:
            self._gone(sentence)


async def engage(spec: Spec, take: Callable[[Message], None], gone: Callable[[str], None], log: LogFile) -> Follower:
    """Start a child and follow it; what it prints becomes lines of the log."""
    child = await start(spec, lambda line: log.warn("output of a child", child=spec.name, line=line))
    return Follower(child, take, gone, log)
