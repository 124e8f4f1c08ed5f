"""Opens connections, and says by Outcome why one could not be opened.

Laws: an attempt tries each address once and ends within the timeout; it never retries by itself; a fault of this host
(no descriptor, no port) is told apart from a fault of the target, and that of a proxy from both.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from dataclasses import dataclass
from time import monotonic_ns
from typing import TYPE_CHECKING, Generic, TypeVar

from loadgen.core.outcome import Blame, Outcome
from loadgen.net.way import DIRECT, Addresses, ConnectError, Way, open_tunnel

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from loadgen.net.endpoint import Origin
    from loadgen.net.resolver import Address

__all__ = ["ConnectError", "Connector", "Opened", "connect_outcome"]

P = TypeVar("P", bound=asyncio.BaseProtocol)

_BY_ERRNO = {
    errno.EMFILE: Outcome.NO_DESCRIPTOR,
    errno.ENFILE: Outcome.NO_DESCRIPTOR,
    errno.EADDRNOTAVAIL: Outcome.NO_PORT,
    errno.ENOBUFS: Outcome.NO_PORT,
    errno.ENOMEM: Outcome.NO_PORT,
    errno.ECONNREFUSED: Outcome.CONNECT_REFUSED,
    errno.ETIMEDOUT: Outcome.CONNECT_TIMEOUT,
}


@dataclass(frozen=True, slots=True)
class Opened(Generic[P]):
    """A connection: to which `address`, and how long its parts took; `tls_ns` is None for plain TCP.

    `connect_ns` is the time from the socket to a connection with the origin, a proxy's tunnel included.
    """

    protocol: P
    address: str
    connect_ns: int
    tls_ns: int | None


class Connector:
    """Opens connections to one origin; `tls` is None for plain TCP."""

    def __init__(
        self, origin: Origin, resolver: Addresses, tls: ssl.SSLContext | None, timeout_ns: int, way: Way = DIRECT
    ) -> None:
        self._origin = origin
        self.resolver = resolver
        self._tls = tls
        self._way = way
        self._timeout_s = timeout_ns / 1e9

    @property
    def origin(self) -> Origin:
        return self._origin

    async def connect(self, factory: Callable[[], P]) -> P:
        """Return a connected protocol, the TLS handshake included; raise ConnectError."""
        return (await self.open(factory)).protocol

    async def open(self, factory: Callable[[], P]) -> Opened[P]:
        """Return a connected protocol, and how it was connected; raise ConnectError."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._try_addresses(factory)
        except TimeoutError as error:
            raise ConnectError(Outcome.CONNECT_TIMEOUT, f"{self._origin} within {self._timeout_s:g} s") from error

    async def _try_addresses(self, factory: Callable[[], P]) -> Opened[P]:
        try:
            addresses = await self.resolver.addresses()
        except OSError as error:
            raise self._no_address(error) from error
        failure: ConnectError | None = None
        for address in addresses:
            try:
                return await self._try(address, factory)
            except ConnectError as error:
                # on a host without IPv6 its addresses fail at once; what the others say tells more
                failure = failure if failure is not None and address.family == socket.AF_INET6 else error
        raise failure or ConnectError(Outcome.DNS_FAILED, f"{self._origin.host} has no address")

    def _no_address(self, error: OSError) -> ConnectError:
        outcome = _dns_outcome(error)
        if self._way.proxied and outcome.blame is Blame.TARGET:
            return ConnectError(Outcome.PROXY_FAILED, f"the proxy's address: {error}")
        return ConnectError(outcome, f"{self._origin.host}: {error}")

    async def _try(self, address: Address, factory: Callable[[], P]) -> Opened[P]:
        loop = asyncio.get_running_loop()
        began_ns = monotonic_ns()
        try:
            sock = socket.socket(address.family, socket.SOCK_STREAM)
        except OSError as error:
            raise ConnectError(connect_outcome(error, address.family), str(error)) from error
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, address.sockaddr)
            if self._way.tunnel:
                await open_tunnel(loop, sock, self._way.tunnel)
        except OSError as error:
            sock.close()
            raise self._not_connected(error, address) from error
        except BaseException:
            sock.close()
            raise
        connected_ns = monotonic_ns()
        protocol = await self._wrap(loop, sock, factory)
        tls_ns = None if self._tls is None else monotonic_ns() - connected_ns
        return Opened(protocol, address.text, connected_ns - began_ns, tls_ns)

    def _not_connected(self, error: OSError, address: Address) -> ConnectError:
        outcome = connect_outcome(error, address.family)
        if self._way.proxied and outcome.blame is Blame.TARGET:
            return ConnectError(Outcome.PROXY_FAILED, f"{address.text}: {error}")
        return ConnectError(outcome, f"{self._origin}: {error}")

    async def _wrap(self, loop: asyncio.AbstractEventLoop, sock: socket.socket, factory: Callable[[], P]) -> P:
        """Put the protocol, and TLS where wanted, on a connected socket, whose descriptor then belongs to uvloop.

        uvloop closes the descriptor even where it had no time to say so to the socket object; an object that went on
        owning the number would close it a second time, when it may already be another connection's.
        """
        name = None if self._tls is None else self._way.server_name or self._origin.host
        try:
            if sock.family == socket.AF_UNIX:
                transport, protocol = await loop.create_unix_connection(
                    factory, sock=sock, ssl=self._tls, server_hostname=name
                )
            else:
                transport, protocol = await loop.create_connection(
                    factory, sock=sock, ssl=self._tls, server_hostname=name
                )
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
