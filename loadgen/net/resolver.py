"""Addresses of one host, resolved off the hot path, again for new connections.

Laws: resolution runs in the loop's own threads, never in the loop; an answer serves the connections of one second, so
that load follows a scaling service without a query for each of them; addresses are taken in turn.
"""

from __future__ import annotations

import asyncio
import socket
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
    """One socket address; `family` is AF_INET or AF_INET6."""

    family: int
    sockaddr: tuple[Any, ...]


class Resolver:
    """Resolves `host`, or takes `fixed` instead of asking; `family` limits the answers (0 allows both)."""

    def __init__(self, host: str, port: int, family: int = 0, fixed: str = "") -> None:
        self._host = fixed or host
        self._port = port
        self._family = family
        self._answer: list[Address] = []
        self._good_until_ns = 0
        self._turn = 0
        self._asking: asyncio.Task[list[Address]] | None = None

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
        found = await asyncio.get_running_loop().getaddrinfo(
            self._host, self._port, family=self._family, type=socket.SOCK_STREAM
        )
        self._good_until_ns = monotonic_ns() + (1 << 62 if self._is_literal else _SERVES_NS)
        return [Address(family, sockaddr) for family, _, _, _, sockaddr in found]

    @property
    def _is_literal(self) -> bool:
        try:
            ip_address(self._host)
        except ValueError:
            return False
        return True
