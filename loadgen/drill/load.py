"""A small load of the drill's own, so that there is something to see.

Laws: at most `rate` requests a second and `most` altogether; each is due at its time whatever happened to the one
before, and its response counts from then; every one is counted, as no answer when it got none.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_S
from loadgen.drill.beside import beside
from loadgen.drill.snapshot import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    import aiohttp

_TIMEOUT_S = 30.0
_AT_ONCE = 500
"""Beyond so many unanswered requests the next ones are not sent, and counted."""


@dataclass(slots=True)
class SmallLoad:
    """Requests at a steady rate; `path` gives the path of request i, `internal` more headers for /internal/ paths."""

    session: aiohttp.ClientSession
    base_url: str
    path: Callable[[int], str]
    rate_per_s: float
    most: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    internal: Mapping[str, str] = field(default_factory=dict, repr=False)
    answers: list[Answer] = field(default_factory=list)
    not_sent: int = 0

    def running(self) -> AbstractAsyncContextManager[None]:
        """Return a block for as long as which requests are sent; at its end those on their way are given up."""
        return beside(self._send_all())

    async def send(self, path: str, method: str = "GET", body: bytes | None = None) -> Answer:
        """Send one request now, count it and return how it ended."""
        answer = await self._answered(method, path, body, monotonic_ns())
        self.answers.append(answer)
        return answer

    def outcomes(self) -> dict[str, int]:
        """Return how many requests ended in which way."""
        counted = Counter(f"http {answer.status // 100}xx" if answer.status else "no answer" for answer in self.answers)
        return dict(sorted(counted.items())) | ({"not sent": self.not_sent} if self.not_sent else {})

    async def _send_all(self) -> None:
        began_ns = monotonic_ns()
        async with asyncio.TaskGroup() as group:
            under_way: set[asyncio.Task[None]] = set()
            for number in range(self.most):
                due_ns = began_ns + int(number * NS_PER_S / self.rate_per_s)
                await asyncio.sleep(max(0, due_ns - monotonic_ns()) / NS_PER_S)
                if len(under_way) >= _AT_ONCE:
                    self.not_sent += 1
                    continue
                task = group.create_task(self._one(self.path(number), due_ns))
                under_way.add(task)
                task.add_done_callback(under_way.discard)

    async def _one(self, path: str, due_ns: int) -> None:
        self.answers.append(await self._answered("GET", path, None, due_ns))

    async def _answered(self, method: str, path: str, body: bytes | None, due_ns: int) -> Answer:
        import aiohttp

        status = 0
        headers = {**self.headers, **(self.internal if path.startswith("/internal/") else {})}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            async with self.session.request(
                method, self.base_url.rstrip("/") + path, data=body, headers=headers,
                timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S), allow_redirects=False,
            ) as response:  # fmt: skip
                await response.read()
                status = response.status
        except (TimeoutError, aiohttp.ClientError, OSError):  # counted as no answer
            status = 0
        return Answer(status, monotonic_ns() - due_ns)
