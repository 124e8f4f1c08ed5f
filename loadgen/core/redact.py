"""Keep secrets out of everything a run writes.

Laws: a secret is a `Secret` from the moment it is parsed; every line and artifact goes through `Redactor` once more,
which masks by key name and by value, because a secret may come back inside a response, a URL or an exception.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from numbers import Integral

from loadgen.core.secret_forms import base64_fragments_of, literals_of
from loadgen.core.secret_shapes import MASK, is_secret_key, mask_shapes

__all__ = ["MASK", "Redactor", "Secret", "fingerprint", "is_secret_key"]

_DEEPEST = 20
_LEARNT = 8


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


class Redactor:
    """Masks texts and structures; knows the literal secrets of this process.

    `secrets` are the values to hide wherever they appear, also percent-encoded, escaped or inside base64; values
    shorter than four characters are ignored, because masking them would destroy ordinary text.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        literals: set[str] = set()
        fragments: set[str] = set()
        self._given = tuple(secrets)
        self._learnt: tuple[Secret, ...] = ()
        count = 0
        for secret in self._given:
            literals |= literals_of(secret.reveal())
            fragments |= base64_fragments_of(secret.reveal())
            count += 1
        self._count = count
        self._literals = tuple(sorted(literals, key=len, reverse=True))
        self._fragments = tuple(sorted(fragments, key=len, reverse=True))

    def learn(self, secret: Secret) -> None:
        """Hide one more value, such as a renewed token; of the values learnt so the newest few are kept."""
        self._learnt = (*self._learnt, secret)[-_LEARNT:]
        known = Redactor((*self._given, *self._learnt))
        self._literals, self._fragments, self._count = known._literals, known._fragments, known._count

    def __repr__(self) -> str:
        return f"<Redactor of {self._count} secrets>"

    def text(self, value: str) -> str:
        """Return the text with every known secret and everything that looks like one masked."""
        return mask_shapes(self.known(value))

    def known(self, value: str) -> str:
        """Return the text with every known secret masked, and nothing else."""
        for literal in self._literals:
            if literal in value:
                value = value.replace(literal, MASK)
        for fragment in self._fragments:
            if fragment in value:
                value = re.sub(rf"[\w+/-]*{re.escape(fragment)}[\w+/-]*=*", MASK, value)
        return value

    def traceback(self, error: BaseException) -> str:
        """Return the masked traceback of an exception, with its causes and its notes."""
        return self.text("".join(traceback.format_exception(error)).rstrip())

    def structure(self, value: object, key: str = "") -> object:
        """Return a copy in which every value under a secret key, and every secret-looking text, is masked.

        Works through mappings (their keys too), lists, tuples, sets and dataclasses. Numbers, booleans, None and
        dates stay as they are; a boolean or None under a secret key too, since it only says whether there is one.
        Anything else becomes its text, because that is what a writer would make of it. What is nested deeper than 20
        levels is left out as `...`.
        """
        return self._copy(value, key, 0)

    def _copy(self, value: object, key: str, depth: int) -> object:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, Secret):
            return str(value)
        if key and is_secret_key(key):
            return fingerprint(value)
        if isinstance(value, Enum):
            return self._copy(value.value, key, depth)
        if isinstance(value, int | float | date):
            return value
        if isinstance(value, Integral):  # numpy's integers, which are no int
            return int(value)
        if depth > _DEEPEST:
            return "..."
        return self._copy_compound(value, key, depth + 1)

    def _copy_compound(self, value: object, key: str, depth: int) -> object:
        if is_dataclass(value) and not isinstance(value, type):
            value = {item.name: getattr(value, item.name) for item in fields(value)}
        if isinstance(value, Mapping):
            return {self._key(name): self._copy(item, str(name), depth) for name, item in value.items()}
        if isinstance(value, tuple):
            return tuple(self._copy(item, key, depth) for item in value)
        if isinstance(value, list | set | frozenset):
            return [self._copy(item, key, depth) for item in value]
        if isinstance(value, BaseException):
            return self.text(f"{type(value).__name__}: {value}")
        if isinstance(value, bytes | bytearray | memoryview):
            return self.text(bytes(value).decode("utf-8", "backslashreplace"))
        return self.text(str(value))

    def _key(self, name: object) -> object:
        return self.text(name) if isinstance(name, str) else name
