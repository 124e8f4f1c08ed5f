"""The few requests of preflight, over aiohttp.

Laws: they go the plan's way; no redirect is followed, no proxy of the environment is used, no cookie is kept, no body
is read beyond 64 KiB; trouble is an answer in words that say what to do, never an exception.
"""

from __future__ import annotations

import base64
import os
import socket
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from loadgen.core.tls import client_context
from loadgen.plan.model import AddressFamily

if TYPE_CHECKING:
    from collections.abc import Mapping

    import aiohttp
    from yarl import URL

    from loadgen.plan.connection import Proxy
    from loadgen.plan.model import LoadPlan

_TIMEOUT_S = 10.0
_MOST_BYTES = 65_536
_AT_ONCE = 4
_FAMILIES = {
    AddressFamily.ANY: socket.AF_UNSPEC,
    AddressFamily.IPV4: socket.AF_INET,
    AddressFamily.IPV6: socket.AF_INET6,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: a status and the beginning of a body, or `trouble` in words."""

    status: int = 0
    body: bytes = b""
    location: str = ""
    trouble: str = ""


NOT_ASKED = Answer(trouble="not asked")
"""The answer of an endpoint that preflight does not request."""


def open_session(load: LoadPlan, timeout_s: float = _TIMEOUT_S) -> aiohttp.ClientSession:
    """Return a session, a context manager, that reaches hosts as the plan's workers will: TLS, addresses, family.

    Raises ValueError when the TLS material cannot be used.
    """
    import aiohttp

    return aiohttp.ClientSession(
        connector=_connector(load),
        proxy=None if load.route.proxy is None else _url_of(load.route.proxy),
        middlewares=_asking_for(load.route.server_name),
        timeout=aiohttp.ClientTimeout(total=timeout_s),
        trust_env=False,
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def _url_of(proxy: Proxy) -> URL:
    """Return a proxy's URL with user and password, from which aiohttp makes its authorization."""
    from yarl import URL

    url = URL.build(scheme="http", host=proxy.host, port=proxy.port)
    if proxy.authorization is None:
        return url
    user, _, password = base64.b64decode(proxy.authorization.reveal().partition(" ")[2]).decode().partition(":")
    return url.with_user(user).with_password(password)


def _connector(load: LoadPlan) -> aiohttp.TCPConnector:
    """Return a connector that goes the plan's way; raise ValueError when the TLS material cannot be used."""
    import aiohttp

    key = b"" if load.tls.key_pem is None else load.tls.key_pem.reveal().encode()
    context = client_context(
        load.tls.ca_pem, load.tls.cert_pem, key, verify=load.tls.verify, password=load.tls.key_password
    )
    path = load.route.unix_socket
    return aiohttp.TCPConnector(
        ssl=context,
        resolver=_resolver(dict(load.resolve), anywhere=bool(path)),
        family=_FAMILIES[load.family],
        limit=_AT_ONCE,
        force_close=True,
        socket_factory=partial(_SocketAtPath, path) if path else None,
    )


class _SocketAtPath(socket.socket):
    """A unix socket that connects to its path, whatever address it is given: TLS then works as over TCP."""

    def __init__(self, path: str, address_info: object) -> None:
        super().__init__(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path = path

    def connect(self, address: object) -> None:
        super().connect(self._path)


def _asking_for(server_name: str) -> tuple[aiohttp.ClientMiddlewareType, ...]:
    """Return what makes requests ask for a name in TLS, and verify it; nothing for an empty one."""

    async def ask(asked: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
        asked.server_hostname = server_name
        return await handler(asked)

    return (ask,) if server_name else ()


def _resolver(replaced: Mapping[str, str], *, anywhere: bool = False) -> aiohttp.abc.AbstractResolver:
    """Return a resolver with the plan's `host:port` overrides; `anywhere` finds an address for every name."""
    import aiohttp
    from aiohttp.abc import ResolveResult

    class Resolver(aiohttp.ThreadedResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            address = "127.0.0.1" if anywhere else replaced.get(f"{host.lower()}:{port}")
            found = await super().resolve(address or host, port, family)
            return [ResolveResult(**{**item, "hostname": host}) for item in found]

    return Resolver()


async def request(
    session: aiohttp.ClientSession, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
) -> Answer:
    """Make one request and return what came back."""
    import aiohttp
    from yarl import URL

    try:
        async with session.request(
            method, URL(url, encoded=True), headers=headers, data=body or None, allow_redirects=False
        ) as response:
            start = await response.content.read(_MOST_BYTES)
            return Answer(response.status, start, response.headers.get("Location", ""))
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
        return Answer(trouble=_words(error))


def _words(error: Exception) -> str:
    import aiohttp

    if isinstance(error, TimeoutError):
        return "no answer in time: is the service up, and does a firewall let us through?"
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refuses ({error.status} {error.message}): check --proxy and its user and password"
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return f"cannot connect to the proxy ({_reason(error)}): check --proxy"
    if isinstance(error, aiohttp.ClientSSLError):
        return f"TLS failed ({error.__cause__ or error}): give the service's authority with --cacert"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the host name cannot be resolved ({error.strerror}): check the URL and the network"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect ({_reason(error)}): is the service up, and is this its address?"
    return f"no HTTP answer ({type(error).__name__}): is this an HTTP service?"


def _reason(error: aiohttp.ClientConnectorError) -> str:
    return os.strerror(error.os_error.errno) if error.os_error.errno else str(error.os_error)
