"""The address of a Redis: how it is written, and how it is shown without its credentials."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from loadgen.core.redact import Secret

REMEDY = "write redis://[user:password@]host[:port][/db], rediss://… or unix:///path"
_USUAL_PORT = 6_379


def read_redis_url(text: str) -> Secret:
    """Read the address of a Redis; it may hold a password, so all of it is a Secret."""
    stripped = text.strip()
    if not _known(stripped):
        raise ValueError(REMEDY)
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
    if parts.scheme == "unix":
        return f"{parts.path}, database {parse_qs(parts.query).get('db', ['0'])[0]}"
    host = parts.hostname or ""
    place = f"{f'[{host}]' if ':' in host else host}:{parts.port or _USUAL_PORT}"
    return f"{place}{' over TLS' if parts.scheme == 'rediss' else ''}, database {parts.path.strip('/') or 0}"
