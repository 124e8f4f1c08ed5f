"""How an origin is reached: directly, through a proxy's tunnel, or at a unix socket.

Laws: a tunnel is asked for once per connection; no byte beyond the proxy's answer is read; a refusal says the proxy's
status and never its body or our credentials.
"""

from __future__ import annotations

import socket
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from loadgen.core.outcome import Outcome
from loadgen.net.resolver import Address

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Sequence

    from loadgen.net.endpoint import Origin

_LONGEST_ANSWER = 16_384
_SUCCESSES = range(200, 300)


class ConnectError(Exception):
    """An attempt that failed; `outcome` is how the waiting request ends, `reason` what the system said."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(f"{outcome.label}: {reason}")
        self.outcome = outcome
        self.reason = reason


class Addresses(Protocol):
    """Where the addresses of connections come from; the counts are those of `Resolver`, `port` None for no port."""

    @property
    def port(self) -> int | None: ...

    lookups: int
    answered: Counter[str]

    async def addresses(self) -> Sequence[Address]: ...


@dataclass(frozen=True, slots=True)
class Way:
    """What lies between us and an origin.

    `proxied` says that the addresses are a proxy's. Where there is a `tunnel`, its bytes ask the proxy for one first.
    `server_name` is the name in TLS, the origin's host where it is empty.
    """

    proxied: bool = False
    tunnel: bytes = b""
    server_name: str = ""


DIRECT = Way()


class SocketFile:
    """A unix socket in the place of a host's addresses."""

    def __init__(self, path: str) -> None:
        self._address = Address(socket.AF_UNIX, path)
        self.lookups = 0
        self.answered: Counter[str] = Counter()

    @property
    def port(self) -> int | None:
        return None

    async def addresses(self) -> Sequence[Address]:
        """Return the one address there is."""
        return (self._address,)


def tunnel_request(origin: Origin, authorization: str, agent: str) -> bytes:
    """Return the CONNECT request for an origin; `authorization` is empty or the value of Proxy-Authorization."""
    place = str(origin).partition("//")[2]
    lines = [f"CONNECT {place} HTTP/1.1", f"Host: {place}", f"User-Agent: {agent}"]
    if authorization:
        lines.append(f"Proxy-Authorization: {authorization}")
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n"


async def open_tunnel(loop: asyncio.AbstractEventLoop, sock: socket.socket, request: bytes) -> None:
    """Ask the proxy at the other end of a connected socket for a tunnel; raise ConnectError when it gives none."""
    try:
        await loop.sock_sendall(sock, request)
        answer = await _read_head(loop, sock)
    except OSError as error:
        raise ConnectError(Outcome.PROXY_FAILED, f"the proxy broke off: {error}") from error
    words = answer.partition(b"\r\n")[0].decode("latin-1").split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdecimal():
        raise ConnectError(Outcome.PROXY_FAILED, "what the proxy answered is not HTTP")
    if int(words[1]) not in _SUCCESSES:
        raise ConnectError(Outcome.PROXY_REFUSED, f"the proxy answered {' '.join(words[1:])}")


async def _read_head(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> bytes:
    """Read to the end of the answer's head: who is behind the tunnel says nothing before we do."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        read = await loop.sock_recv(sock, _LONGEST_ANSWER - len(answer))
        if not read:
            raise ConnectError(Outcome.PROXY_FAILED, "the proxy closed the connection without an answer")
        answer += read
        if len(answer) >= _LONGEST_ANSWER:
            raise ConnectError(Outcome.PROXY_FAILED, "what the proxy answered is too long")
    return answer
