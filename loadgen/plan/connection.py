"""How connections reach the target, and where its token comes from: frozen parts of a Plan, without behaviour."""

from __future__ import annotations

from dataclasses import dataclass

from loadgen.core.redact import Secret  # noqa: TC001 - the codec resolves annotations at run time
from loadgen.core.units import NS_PER_S


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy: it is asked to CONNECT for https, and gets whole URLs for http.

    `authorization` is the value of Proxy-Authorization.
    """

    host: str
    port: int
    authorization: Secret | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """The way to the target: directly, by a proxy, or to the unix socket at the path `unix_socket`.

    `server_name` replaces the URL's host in TLS, in the name that is asked for and in the one that is verified.
    `requests_per_connection` 0 is without a bound; 1 opens a connection for each request, on its time.
    """

    proxy: Proxy | None = None
    unix_socket: str = ""
    server_name: str = ""
    requests_per_connection: int = 0


DIRECT = Route()


@dataclass(frozen=True, slots=True)
class TokenCall:
    """An HTTP request that answers with a token, as JSON or bare; headers are `Name: value`."""

    url: str
    method: str = "POST"
    headers: tuple[Secret, ...] = ()
    body: Secret | None = None


@dataclass(frozen=True, slots=True)
class TokenSource:
    """Where bearer tokens come from: a command (its words), or a call.

    `field` and `expiry_field` are dotted places in a JSON answer. A token is renewed `margin_ns` before its end, but
    not before half its time has passed; `lifetime_ns` is the time of a token that does not tell its end.
    """

    command: Secret | None = None
    call: TokenCall | None = None
    field: str = "access_token"
    expiry_field: str = "expires_in"
    margin_ns: int = 60 * NS_PER_S
    lifetime_ns: int | None = None
