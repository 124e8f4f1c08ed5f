"""Addresses of one host, resolved off the hot path, again for new connections.

Laws: resolution runs in the loop's own threads, never in the loop; an answer serves the connections of one second, so
that load follows a scaling service without a query for each of them; addresses are taken in turn.
"""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from loadgen.core.clock import monotonic_ns
from loadgen.core.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Sequence

_SERVES_NS = NS_PER_S


@dataclass(frozen=True, slots=True)
class Address:
    """One socket address; `family` is AF_INET, AF_INET6 or AF_UNIX, whose `sockaddr` is a path."""

    family: int
    sockaddr: tuple[Any, ...] | str

    @property
    def text(self) -> str:
        """The address without its port, or the path."""
        return self.sockaddr if isinstance(self.sockaddr, str) else str(self.sockaddr[0])


Lookup = Callable[[str, int, int], Awaitable[list[Address]]]
"""Takes host, port and family."""


async def system_lookup(host: str, port: int, family: int) -> list[Address]:
    """Ask the system, in a thread of the loop; raise OSError (gaierror) when the name has no address."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
    return [Address(kind, sockaddr) for kind, _, _, _, sockaddr in found]


class Resolver:
    """Resolves `host`, or `fixed` in its place; `family` limits the answers (0 allows both).

    `lookups` counts the questions and `answered`, by address, the answers that held it.
    """

    def __init__(self, host: str, port: int, family: int = 0, fixed: str = "", lookup: Lookup | None = None) -> None:
        self._lookup = lookup or system_lookup
        self._host = fixed or host
        self._port = port
        self._family = family
        self._answer: list[Address] = []
        self._good_until_ns = 0
        self._turn = 0
        self._asking: asyncio.Task[list[Address]] | None = None
        self.lookups = 0
        self.answered: Counter[str] = Counter()

    @property
    def port(self) -> int | None:
        """The port of every address."""
        return self._port

    async def addresses(self) -> Sequence[Address]:
        """Return the addresses to try, in this connection's order; raise OSError (gaierror) when there are none."""
        if monotonic_ns() >= self._good_until_ns:
            if self._asking is None:
                self._asking = asyncio.ensure_future(self._ask())
                self._asking.add_done_callback(self._forget)
            self._answer = await asyncio.shield(self._asking)
        self._turn += 1
        first = self._turn % len(self._answer)
        return self._answer[first:] + self._answer[:first]

    def _forget(self, task: asyncio.Task[list[Address]]) -> None:
        self._asking = None
        if not task.cancelled():
            task.exception()  # whoever waits gets it too; here it only counts as seen

    async def _ask(self) -> list[Address]:
        self.lookups += 1
        found = await self._lookup(self._host, self._port, self._family)
        self.answered.update(dict.fromkeys((address.text for address in found), 1))
        self._good_until_ns = monotonic_ns() + (1 << 62 if self._is_literal else _SERVES_NS)
        return found

    @property
    def _is_literal(self) -> bool:
        try:
            ip_address(self._host)
        except ValueError:
            return False
        return True
