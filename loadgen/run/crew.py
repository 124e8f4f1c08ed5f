"""The load workers of a run: started, given their lease, listened to, dismissed.

Laws: the lease is renewed every 500 ms for two seconds, and by nothing else, so a supervisor that stands still stops
the load; a worker that is gone, or silent for longer than `SILENCE_NS`, ends the run.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns
from loadgen.core.messages import Lease
from loadgen.core.units import NS_PER_MS, NS_PER_S, format_duration
from loadgen.run.ending import Cause
from loadgen.run.follow import Follower, engage
from loadgen.run.launch import Spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loadgen.core.logs import Log as LogFile
    from loadgen.core.messages import Message
    from loadgen.run.ending import End
    from loadgen.run.launch import Child
    from loadgen.run.phases import LoadPhase

RENEW_NS = 500 * NS_PER_MS
LEASE_NS = 2 * NS_PER_S
SILENCE_NS = 10 * NS_PER_S
HELLO_NS = 30 * NS_PER_S


class Crew:
    """All workers; `phase` is the one that their messages belong to."""

    def __init__(self, end: End, log: LogFile, note_gap: Callable[[str], None]) -> None:
        self.phase: LoadPhase | None = None
        self._end = end
        self._log = log
        self._note_gap = note_gap
        self._followers: dict[int, Follower] = {}
        self._heartbeat: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Crew {list(self._followers.values())}>"

    @property
    def children(self) -> list[Child]:
        return [follower.child for follower in self._followers.values()]

    async def start(self, module: str, count: int, environment: Mapping[str, str]) -> None:
        """Start the workers and the lease; return when all said hello. Raises TimeoutError, OSError."""
        for number in range(count):
            spec = Spec(f"worker {number}", module, number, ("--number", str(number)), environment)
            self._followers[number] = await engage(
                spec, partial(self._take, number), partial(self._on_gone, number), self._log
            )
        self._heartbeat = asyncio.get_running_loop().create_task(self._beat(), name="lease")
        async with asyncio.timeout(HELLO_NS / NS_PER_S):
            for follower in self._followers.values():
                await follower.said_hello.wait()

    def send(self, message: Message) -> None:
        """Send a message to every worker."""
        for child in self.children:
            child.send(message)

    async def dismiss(self, grace_ns: int) -> None:
        """Let the workers leave, and see that none stays."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        await asyncio.gather(*(follower.dismiss(grace_ns) for follower in self._followers.values()))

    def _take(self, number: int, message: Message) -> None:
        if self.phase is not None:
            self.phase.take(number, message)

    def _on_gone(self, number: int, sentence: str) -> None:
        self._end.ask(Cause.FAILURE, sentence)
        if self.phase is not None:
            self.phase.lost(number)

    async def _beat(self) -> None:
        last_ns = monotonic_ns()
        while True:
            now_ns = monotonic_ns()
            if now_ns - last_ns > LEASE_NS:
                self._note_gap(f"the supervisor stood still for {format_duration(now_ns - last_ns)}; leases ran out")
            last_ns = now_ns
            for child in self.children:
                child.send(Lease(now_ns + LEASE_NS))
            if self.phase is not None and self.phase.started:
                self.phase.close_rows(now_ns)
                self._check_silence(self.phase, now_ns)
            await asyncio.sleep(RENEW_NS / NS_PER_S)

    def _check_silence(self, phase: LoadPhase, now_ns: int) -> None:
        if phase.finished:
            return
        for number, at_ns in phase.ticks.at_ns().items():
            if now_ns - at_ns > SILENCE_NS and number in self._followers and not phase.is_done(number):
                silence = format_duration(round(now_ns - at_ns, -8))
                self._end.ask(Cause.FAILURE, f"worker {number} has said nothing for {silence}")
