"""Judging a complete answer by what a target expects of it. Pure.

Laws: the first expectation that does not hold names the failure; a body that is longer than `MOST_BODY` or that cannot
be decoded is a failure of its own and never a pass.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadgen.core.expectation import NEEDS_BODY, Expectation, Rule
from loadgen.core.json_path import ABSENT, Path, follow, split_path
from loadgen.core.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Headers = list[tuple[bytes, bytes]]

MOST_BODY = 1 << 20
"""Bytes of a body that are kept for expectations, also after decoding."""

FIRST_EXPECTATION = 32
"""The endings from here on are expectations that did not hold, by their numbers in the plan."""

_PIECE = 4_096
_CODINGS = {b"gzip": 31, b"x-gzip": 31, b"deflate": 15}


class UnreadableBodyError(ValueError):
    """A body that its Content-Encoding does not describe."""


@dataclass(frozen=True, slots=True)
class Check:
    """What is done with an answer beside looking at its status class.

    `statuses` are those that a status rule allows, with the ending of others. `rules` are conditions with the ending of
    each. `follow` is how many redirects are followed, `cookies` says whether the connection keeps cookies.
    """

    statuses: tuple[tuple[frozenset[int], int], ...] = ()
    rules: tuple[tuple[Callable[[Answered], bool], int], ...] = ()
    needs_body: bool = False
    follow: int = 0
    cookies: bool = False

    @property
    def by_head_alone(self) -> bool:
        """Whether two answers with the same head are always judged alike, so that the first judgement is enough."""
        return not (self.needs_body or self.follow or self.cookies)


class Answered:
    """An answer as rules see it; its body is decoded and read as JSON once, when a rule first asks."""

    __slots__ = ("_document", "_text", "body", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self._text: str | None = None
        self._document: Any = Answered

    def values(self, name: bytes) -> list[bytes]:
        """Return the values of a header, whose name is in lower case."""
        return [value for given, value in self.headers if given.lower() == name]

    @property
    def text(self) -> str:
        """The decoded body as text; bytes that are no UTF-8 become replacement characters."""
        if self._text is None:
            self._text = decoded(self.body, b",".join(self.values(b"content-encoding"))).decode("utf-8", "replace")
        return self._text

    @property
    def document(self) -> Any:
        """The body as JSON, or ABSENT where it is none."""
        if self._document is Answered:
            try:
                self._document = json.loads(self.text)
            except (ValueError, RecursionError):
                self._document = ABSENT
        return self._document


def decoded(body: bytes, codings: bytes) -> bytes:
    """Return a body without its content codings; raise UnreadableBodyError or OverflowError (too long)."""
    for coding in reversed([part.strip().lower() for part in codings.split(b",") if part.strip()]):
        if coding != b"identity":
            body = _inflated(body, coding)
    return body


def _inflated(body: bytes, coding: bytes) -> bytes:
    if coding not in _CODINGS:
        raise UnreadableBodyError(f"content coding {coding.decode('latin-1')!r}")
    bits = _CODINGS[coding]
    if coding == b"deflate" and not (len(body) > 1 and body[0] & 15 == 8 and int.from_bytes(body[:2], "big") % 31 == 0):
        bits = -15  # some servers send the raw form
    plain, at = bytearray(), 0
    while at < len(body):  # a gzip body may have several members
        at = _inflate_member(body, at, bits, plain)
    return bytes(plain)


def _inflate_member(body: bytes, at: int, bits: int, plain: bytearray) -> int:
    """Add what the member at this place holds to `plain`; return where the next one begins.

    Read piece by piece, because an inflater copies what lies behind its member: with one that is given all the rest, a
    body of 50,000 members takes two seconds.
    """
    inflater = zlib.decompressobj(bits)
    while not inflater.eof:
        piece = body[at : at + _PIECE]
        if not piece:
            raise UnreadableBodyError("the compressed body is cut off")
        try:
            plain += inflater.decompress(piece, MOST_BODY + 1 - len(plain))
        except zlib.error as error:
            raise UnreadableBodyError(str(error)) from error
        if len(plain) > MOST_BODY:
            raise OverflowError("the decoded body is too long")
        at += len(piece) - len(inflater.unused_data)
    return at


def judge(check: Check, by_class: int, answered: Answered, *, too_long: bool) -> int:
    """Return the ending of a request; `by_class` is the one by its status class alone."""
    for allowed, ending in check.statuses:
        if answered.status not in allowed:
            return ending
    if by_class != Outcome.OK and not check.statuses:
        return by_class
    if too_long:
        return Outcome.BODY_TOO_LONG
    try:
        for holds, ending in check.rules:
            if not holds(answered):
                return ending
    except UnreadableBodyError:
        return Outcome.BODY_UNREADABLE
    except OverflowError:
        return Outcome.BODY_TOO_LONG
    return Outcome.OK


def check_of(numbered: Iterable[tuple[int, Expectation]], follow: int, *, cookies: bool) -> Check | None:
    """Return the check for expectations with their numbers in the plan; None when there is nothing to check."""
    expectations = list(numbered)
    if not (expectations or follow or cookies):
        return None
    statuses = tuple(
        (frozenset(item.statuses), FIRST_EXPECTATION + number)
        for number, item in expectations
        if item.rule is Rule.STATUS
    )
    rules = tuple(
        (_condition(item), FIRST_EXPECTATION + number) for number, item in expectations if item.rule is not Rule.STATUS
    )
    needs_body = any(item.rule in NEEDS_BODY for _, item in expectations)
    return Check(statuses, rules, needs_body, follow, cookies)


def _condition(item: Expectation) -> Callable[[Answered], bool]:
    subject, value = item.subject, item.value
    if item.rule is Rule.CONTAINS:
        return lambda answered: subject in answered.text
    if item.rule is Rule.LACKS:
        return lambda answered: subject not in answered.text
    if item.rule is Rule.MATCHES:
        search = re.compile(subject).search
        return lambda answered: search(answered.text) is not None
    if item.rule is Rule.HEADER:
        name = subject.lower().encode()
        if value is None:
            return lambda answered: bool(answered.values(name))
        wanted = value.encode()
        return lambda answered: wanted in answered.values(name)
    return _json_condition(split_path(subject)[0], value)


def _json_condition(path: Path, value: str | None) -> Callable[[Answered], bool]:
    def reached(answered: Answered) -> Any:
        document = answered.document
        return ABSENT if document is ABSENT else follow(document, path)

    if value is None:
        return lambda answered: reached(answered) is not ABSENT
    wanted = json.loads(value)
    return lambda answered: _same(reached(answered), wanted)


def _same(found: Any, wanted: Any) -> bool:
    """Compare as JSON does: true is not 1, but 1 is 1.0."""
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(_same(one, other) for one, other in zip(found, wanted, strict=True))
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(_same(found[key], wanted[key]) for key in wanted)
    return bool(found == wanted)
