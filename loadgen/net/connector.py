"""Opens connections, and says by Outcome why one could not be opened.

Laws: an attempt tries each address once and ends within the timeout; it never retries by itself; a fault of this host
(no descriptor, no port) is told apart from a fault of the target.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from typing import TYPE_CHECKING, TypeVar

from loadgen.core.outcome import Outcome

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from loadgen.net.endpoint import Origin
    from loadgen.net.resolver import Address, Resolver

P = TypeVar("P", bound=asyncio.BaseProtocol)

_BY_ERRNO = {
    errno.EMFILE: Outcome.NO_DESCRIPTOR,
    errno.ENFILE: Outcome.NO_DESCRIPTOR,
    errno.EADDRNOTAVAIL: Outcome.NO_PORT,
    errno.ECONNREFUSED: Outcome.CONNECT_REFUSED,
    errno.ETIMEDOUT: Outcome.CONNECT_TIMEOUT,
}


class ConnectError(Exception):
    """An attempt that failed; `outcome` is how the waiting request ends."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(f"{outcome.label}: {reason}")
        self.outcome = outcome


class Connector:
    """Opens connections to one origin; `tls` is None for plain TCP."""

    def __init__(self, origin: Origin, resolver: Resolver, tls: ssl.SSLContext | None, timeout_ns: int) -> None:
        self._origin = origin
        self._resolver = resolver
        self._tls = tls
        self._timeout_s = timeout_ns / 1e9

    async def connect(self, factory: Callable[[], P]) -> P:
        """Return a connected protocol, the TLS handshake included; raise ConnectError."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._try_addresses(factory)
        except TimeoutError as error:
            raise ConnectError(Outcome.CONNECT_TIMEOUT, f"{self._origin} within {self._timeout_s:g} s") from error

    async def _try_addresses(self, factory: Callable[[], P]) -> P:
        try:
            addresses = await self._resolver.addresses()
        except OSError as error:
            raise ConnectError(_dns_outcome(error), f"{self._origin.host}: {error}") from error
        failure: ConnectError | None = None
        for address in addresses:
            try:
                return await self._try(address, factory)
            except ConnectError as error:
                # on a host without IPv6 its addresses fail at once; what the others say tells more
                failure = failure if failure is not None and address.family == socket.AF_INET6 else error
        raise failure or ConnectError(Outcome.DNS_FAILED, f"{self._origin.host} has no address")

    async def _try(self, address: Address, factory: Callable[[], P]) -> P:
        loop = asyncio.get_running_loop()
        try:
            sock = socket.socket(address.family, socket.SOCK_STREAM)
        except OSError as error:
            raise ConnectError(connect_outcome(error, address.family), str(error)) from error
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, address.sockaddr)
        except OSError as error:
            sock.close()
            raise ConnectError(connect_outcome(error, address.family), f"{self._origin}: {error}") from error
        except BaseException:
            sock.close()
            raise
        return await self._wrap(loop, sock, factory)

    async def _wrap(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, factory: Callable[[], P]) -> P:
        """Put the protocol, and TLS where wanted, on a connected socket, whose descriptor then belongs to uvloop.

        uvloop closes the descriptor even where it had no time to say so to the socket object; an object that went on
        owning the number would close it a second time, when it may already be another connection's.
        """
        name = self._origin.host if self._tls is not None else None
        try:
            transport, protocol = await loop.create_connection(factory, sock=sock, ssl=self._tls, server_hostname=name)
        except OSError as error:  # ssl.SSLError is one
            sock.detach()
            outcome = Outcome.CONNECT_FAILED if self._tls is None else Outcome.TLS_FAILED
            raise ConnectError(outcome, f"{self._origin}: {error}") from error
        except BaseException:
            sock.detach()
            raise
        if transport.is_closing():
            sock.detach()
        return protocol


def connect_outcome(error: OSError, family: int) -> Outcome:
    """Return the outcome of a failed connect by its errno.

    EADDRNOTAVAIL of IPv6 means that this host has no route of that kind, not that it ran out of ports.
    """
    if error.errno == errno.EADDRNOTAVAIL and family == socket.AF_INET6:
        return Outcome.CONNECT_FAILED
    return _BY_ERRNO.get(error.errno or 0, Outcome.CONNECT_FAILED)


def _dns_outcome(error: OSError) -> Outcome:
    own = _BY_ERRNO.get(error.errno or 0)
    return own if own is Outcome.NO_DESCRIPTOR and not isinstance(error, socket.gaierror) else Outcome.DNS_FAILED
