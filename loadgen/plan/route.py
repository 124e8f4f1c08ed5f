"""From settings to the way to the target and the source of its token.

Law: what settings give as one text is taken apart here, so that nothing behind a Plan reads URLs of proxies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loadgen.core.redact import Secret
from loadgen.plan.connection import Proxy, Route, TokenCall, TokenSource

if TYPE_CHECKING:
    from loadgen.core.config import Settings

_HTTP_PORT = 80


def route_of(settings: Settings) -> Route:
    """Return the way that connections take."""
    return Route(
        proxy=_proxy(settings),
        unix_socket=settings.unix_socket,
        server_name=settings.server_name,
        requests_per_connection=1 if settings.no_keepalive else settings.requests_per_connection or 0,
    )


def _proxy(settings: Settings) -> Proxy | None:
    if settings.proxy is None:
        return None
    parts = urlsplit(settings.proxy.url)
    return Proxy(parts.hostname or "", parts.port or _HTTP_PORT, settings.proxy.basic)


def token_of(settings: Settings) -> TokenSource | None:
    """Return where the token comes from; None where it is a fixed one or there is none."""
    if settings.token_command is None and settings.token_url is None:
        return None
    return TokenSource(
        command=settings.token_command,
        call=_call(settings),
        field=settings.token_field,
        expiry_field=settings.token_expiry_field,
        margin_ns=settings.token_margin_ns,
        lifetime_ns=settings.token_lifetime_ns,
    )


def _call(settings: Settings) -> TokenCall | None:
    address = settings.token_url
    if address is None:
        return None
    headers = [Secret(f"{header.name}: {header.value.reveal()}") for header in settings.token_headers]
    if address.basic is not None:
        headers.append(Secret(f"Authorization: {address.basic.reveal()}"))
    body = settings.token_body or settings.token_body_file
    return TokenCall(address.url, settings.token_method.upper(), tuple(headers), body)
