"""The forms in which a known secret may come back: as it is, percent-encoded, escaped, or inside base64.

Pure: a secret in, patterns and literals out.
"""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, quote_plus, unquote, urlsplit

SHORTEST_LITERAL = 4
"""Shorter texts are not searched for: masking them would destroy ordinary words."""

_SHORTEST_FRAGMENT = 6
_SCHEME = re.compile(r"(?i)^(bearer|basic|token|digest)\s+(.+)$")


def literals_of(secret: str) -> set[str]:
    """Return every text to hide for one secret: itself and its parts, each also percent-encoded and escaped.

    Parts are the password and user of a URL, the value of a `Name: value` header, the credentials behind a scheme,
    and user and password inside Basic credentials.
    """
    found: set[str] = set()
    for part in _parts(secret):
        found |= _spellings(part)
    return {text for text in found if len(text) >= SHORTEST_LITERAL}


def base64_fragments_of(secret: str) -> set[str]:
    """Return what base64 of any text that contains the secret must contain, for each alignment and both alphabets.

    Secrets too short to leave a telling fragment give none.
    """
    fragments: set[str] = set()
    for part in _parts(secret):
        raw = part.encode("utf-8", "surrogateescape")
        for offset in range(3):
            encoded = base64.b64encode(bytes(offset) + raw).decode("ascii")
            inner = encoded[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
            if len(inner) >= _SHORTEST_FRAGMENT:
                fragments |= {inner, inner.replace("+", "-").replace("/", "_")}
    return fragments


def _parts(secret: str) -> set[str]:
    parts = {secret, secret.strip()}
    value = secret.strip()
    name, colon, rest = value.partition(":")
    if colon and re.fullmatch(r"[A-Za-z][\w-]*", name) and rest[:1] in (" ", "\t"):
        value = rest.strip()
        parts.add(value)
    scheme = _SCHEME.match(value)
    if scheme:
        parts.add(scheme[2])
        if scheme[1].lower() == "basic":
            parts |= _user_and_password(scheme[2])
    if "://" in value:
        parts |= _url_parts(value)
    return {part for part in parts if len(part) >= SHORTEST_LITERAL}


def _user_and_password(credentials: str) -> set[str]:
    try:
        decoded = base64.b64decode(credentials + "=" * (-len(credentials) % 4)).decode()
    except ValueError:
        return set()
    _, colon, password = decoded.partition(":")
    return {decoded, password} if colon else set()


def _url_parts(url: str) -> set[str]:
    try:
        split = urlsplit(url)
    except ValueError:
        return set()
    if split.password:
        return {split.password, unquote(split.password)}
    if split.username:
        return {split.username, unquote(split.username)}
    last = split.path.rsplit("/", 1)[-1]
    return {last} if len(last) >= 16 else set()


def _spellings(text: str) -> set[str]:
    printable = text.encode("utf-8", "backslashreplace").decode()
    encoded = {quote(printable, safe=""), quote(printable), quote_plus(printable)}
    lowered = {re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), form) for form in encoded}
    return {
        text,
        *encoded,
        *lowered,
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        repr(text)[1:-1],
    }
