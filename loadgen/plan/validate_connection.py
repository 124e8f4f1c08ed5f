"""Which settings of the way to the target, and of the token, fit together.

Laws: those of `loadgen.plan.validate`; nothing that is asked for is left without effect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loadgen.core.errors import Problem
from loadgen.core.tls import client_context
from loadgen.plan.mix import origin, resolve_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loadgen.core.config import Settings
    from loadgen.plan.model import Kind

_CALL_FIELDS = ("token_method", "token_headers", "token_body", "token_body_file")
_ANSWER_FIELDS = ("token_field", "token_expiry_field", "token_margin_ns", "token_lifetime_ns")


def places(settings: Settings) -> dict[tuple[str, str, int], None]:
    """Return the scheme, host and port of everything the load is sent to, the base URL first."""
    base_url = settings.base_url or ""
    urls = [base_url, *(resolve_place(base_url, item.place) for item in settings.endpoints)]
    return dict.fromkeys(origin(url) for url in urls if url)


def check_route(settings: Settings, kind: Kind) -> Iterator[Problem]:
    """Yield what does not fit together in the way to the target."""
    if settings.unix_socket:
        others = {"proxy": settings.proxy is not None, "resolve": settings.resolve, "family": settings.family != "any"}
        for name in (name for name, given in others.items() if given):
            remedy = "has no effect with --unix-socket, which takes the place of every address: give one of them"
            yield Problem(settings.label(name), None, remedy)
    if settings.no_keepalive and settings.requests_per_connection is not None:
        given = str(settings.requests_per_connection)
        remedy = "--no-keepalive means one request per connection: give one of the two"
        yield Problem(settings.label("requests_per_connection"), given, remedy)
    if settings.server_name and settings.base_url and not any(scheme == "https" for scheme, _, _ in places(settings)):
        yield Problem(settings.label("server_name"), settings.server_name, "is a name in TLS, and no URL is https")
    yield from _unused_resolves(settings)


def _unused_resolves(settings: Settings) -> Iterator[Problem]:
    if settings.base_url is None or settings.unix_socket:
        return
    reached = {f"{host}:{port}" for _, host, port in places(settings)}
    if settings.proxy is not None:
        proxied = f"{urlsplit(settings.proxy.url).hostname}:{urlsplit(settings.proxy.url).port or 80}"
        reached = {proxied}
    for place, address in settings.resolve:
        if place not in reached:
            why = "the proxy resolves names" if settings.proxy is not None else f"only to {', '.join(sorted(reached))}"
            yield Problem(settings.label("resolve"), f"{place}:{address}", f"nothing connects to {place}: {why}")


def check_tls(settings: Settings, kind: Kind) -> Iterator[Problem]:
    """Yield what is wrong with certificates, keys and authorities."""
    if bool(settings.cert_pem) != (settings.key_pem is not None):
        missing, there = ("key_pem", "--cert") if settings.cert_pem else ("cert_pem", "--key")
        yield Problem(settings.label(missing), None, f"missing: {there} needs both --cert and --key")
    elif settings.key_password is not None and settings.key_pem is None:
        yield Problem(settings.label("key_password"), None, "is the password of a key: give --cert and --key as well")
    else:
        yield from _unusable_tls(settings)
    if settings.insecure and settings.ca_pem:
        yield Problem("--insecure", None, "--cacert says which authorities to trust: give one of the two")


def _unusable_tls(settings: Settings) -> Iterator[Problem]:
    if not settings.cert_pem and not settings.ca_pem:
        return
    key = b"" if settings.key_pem is None else settings.key_pem.reveal().encode()
    try:
        client_context(
            settings.ca_pem, settings.cert_pem, key, verify=not settings.insecure, password=settings.key_password
        )
    except ValueError as error:
        yield Problem(settings.label("key_pem" if settings.cert_pem else "ca_pem"), None, str(error))


def check_token(settings: Settings, kind: Kind) -> Iterator[Problem]:
    """Yield what does not fit together in where the token comes from."""
    by_command, by_call = settings.token_command is not None, settings.token_url is not None
    given = [name for name in (*_CALL_FIELDS, *_ANSWER_FIELDS) if settings.given_for_this_run(name)]
    if by_command and by_call:
        yield Problem(settings.label("token_command"), None, "there is token.url too: give one of the two")
    if not by_call:
        remedy = "describes a call: give token.url" if by_command else "says nothing without a command or a URL"
        useless = [name for name in given if name in _CALL_FIELDS or not by_command]
        yield from (Problem(settings.label(name), None, remedy) for name in useless)
    if settings.token_body is not None and settings.token_body_file is not None:
        yield Problem(settings.label("token_body_file"), None, "there is token.body too: give one of the two")
    if (by_command or by_call) and (settings.jwt is not None or settings.basic is not None):
        remedy = "the token of a command or a URL is Authorization, and there is another one: remove one"
        yield Problem(settings.label("token_command" if by_command else "token_url"), None, remedy)
