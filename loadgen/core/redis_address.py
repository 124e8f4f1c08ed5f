"""The address of a Redis: how it is written, and how it is shown without its credentials."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from loadgen.core.redact import Secret

REMEDY = (
    "write redis://host[:port][/db], rediss://… or unix:///path; "
    "user and password go before the host, with an @ behind them"
)
OPTIONS = frozenset(
    {"db", "username", "password", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname"}
)
"""What may stand behind the ? of an address."""

_USUAL_PORT = 6_379


def read_redis_url(text: str) -> Secret:
    """Read the address of a Redis; it may hold a password, so all of it is a Secret."""
    stripped = text.strip()
    if not _known(stripped):
        raise ValueError(REMEDY)
    asked = parse_qs(urlsplit(stripped).query, keep_blank_values=True)
    if foreign := sorted(asked.keys() - OPTIONS):
        raise ValueError(f"the options of an address are {', '.join(sorted(OPTIONS))}; not {', '.join(foreign)}")
    if not all(number.isascii() and number.isdigit() for number in asked.get("db", [])):
        raise ValueError("the database is a number, such as ?db=1")
    return Secret(stripped)


def _known(text: str) -> bool:
    try:
        parts = urlsplit(text)
        if parts.scheme == "unix":
            return parts.netloc.rpartition("@")[2] == "" and len(parts.path) > 1
        number = parts.path.strip("/")
        return (
            parts.scheme in ("redis", "rediss")
            and bool(parts.hostname)
            and parts.port != 0
            and (not number or (number.isascii() and number.isdigit()))
        )
    except ValueError:
        return False


def shown_redis(url: Secret) -> str:
    """Return where a Redis is, without scheme, user, password and options.

    >>> shown_redis(Secret("rediss://:pw@cache:6380/2"))
    'cache:6380 over TLS, database 2'
    >>> shown_redis(Secret("unix:///run/valkey.sock"))
    '/run/valkey.sock, database 0'
    """
    parts = urlsplit(url.reveal())
    asked = parse_qs(parts.query).get("db", [])
    if parts.scheme == "unix":
        return f"{parts.path}, database {asked[0] if asked else 0}"
    host, number = parts.hostname or "", asked[0] if asked else parts.path.strip("/") or 0
    place = f"{f'[{host}]' if ':' in host else host}:{parts.port or _USUAL_PORT}"
    return f"{place}{' over TLS' if parts.scheme == 'rediss' else ''}, database {number}"
