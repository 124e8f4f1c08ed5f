"""Keep secrets out of everything a run writes.

Laws: a secret is a `Secret` from the moment it is parsed; every line and artifact goes through `Redactor` once more,
which masks by key name and by value, because a secret may come back inside a response, a URL or an exception.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

MASK = "***"
_SECRET_KEY_PARTS = (
    "token",
    "secret",
    "password",
    "passwd",
    "key",
    "authorization",
    "api_key",
    "apikey",
    "cookie",
    "jwt",
)
_HARMLESS_KEYS = frozenset({"key_pattern", "monkey", "keyboard", "key_count", "keepalive", "keys", "jwt_provided"})

_VALUE_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{4,}"), r"\1 " + MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"), MASK),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@'\"]+@"), r"\1" + MASK + "@"),
    (
        re.compile(
            r"(?i)([?&](?:[a-z0-9_.-]*(?:token|secret|password|key|auth|signature|sig|jwt)[a-z0-9_.-]*)=)[^&\s'\"]+"
        ),
        r"\1" + MASK,
    ),
    (re.compile(r"https://hooks\.slack\.com/[^\s'\"]+"), "https://hooks.slack.com/" + MASK),
)


class Secret:
    """A text that shows only its last four characters unless it is asked to `reveal` itself."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself; call this only where the bytes leave for their destination."""
        return self._value

    def __str__(self) -> str:
        return fingerprint(self._value)

    def __repr__(self) -> str:
        return f"Secret({fingerprint(self._value)!r})"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled")


def fingerprint(value: object) -> str:
    """Mask a value, leaving its last four characters where it is a text longer than four.

    >>> fingerprint("abcdef")
    '***cdef'
    >>> fingerprint(1234567)
    '***'
    """
    if isinstance(value, str) and len(value) > 4:
        return MASK + value[-4:]
    return MASK


def is_secret_key(key: str) -> bool:
    """Say whether a field of this name is masked: it contains token, secret, password, key, authorization, ..."""
    lowered = key.lower()
    return lowered not in _HARMLESS_KEYS and any(part in lowered for part in _SECRET_KEY_PARTS)


class Redactor:
    """Masks texts and structures; knows the literal secrets of this process.

    `secrets` are the values to hide wherever they appear; values shorter than four characters are ignored, because
    masking them would destroy ordinary text.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        values: set[str] = set()
        for secret in secrets:
            value = secret.reveal()
            if len(value) >= 4:
                values.update((value, quote(value, safe="")))
        self._literals = tuple(sorted(values, key=len, reverse=True))

    def text(self, value: str) -> str:
        """Return the text with every known secret and everything that looks like one masked."""
        for literal in self._literals:
            if literal in value:
                value = value.replace(literal, MASK)
        for pattern, replacement in _VALUE_PATTERNS:
            value = pattern.sub(replacement, value)
        return value

    def structure(self, value: object, key: str = "") -> object:
        """Return a copy in which every value under a secret key, and every secret-looking text, is masked.

        Works through mappings, lists, tuples and sets; other types are returned as they are.
        """
        if isinstance(value, Secret):
            return str(value)
        if key and is_secret_key(key) and value is not None and not isinstance(value, bool):
            return fingerprint(value)
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {name: self.structure(item, str(name)) for name, item in value.items()}
        if isinstance(value, tuple):
            return tuple(self.structure(item, key) for item in value)
        if isinstance(value, list | set | frozenset):
            return [self.structure(item, key) for item in value]
        return value
