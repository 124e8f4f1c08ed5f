"""One kind of request as bytes ready to write, and how its answers are judged.

Law: everything that is the same for every request is done here, once; the hot path only writes `request`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from loadgen.core.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loadgen.net.judge import Check

_DEFAULT_PORTS = {"http": 80, "https": 443}
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_KEPT_IN_TARGETS = "/?:@!$&'()*+,;=-._~%[]"
_BY_CLASS = {3: Outcome.UNEXPECTED_REDIRECT, 4: Outcome.HTTP_4XX, 5: Outcome.HTTP_5XX}
_PROXY_AUTHENTICATION_REQUIRED = 407
MOST_HEADS = 512


@dataclass(frozen=True, slots=True)
class Origin:
    """Where connections go: requests of one origin share connections."""

    secure: bool
    host: str
    port: int

    def __str__(self) -> str:
        return f"{'https' if self.secure else 'http'}://{_bracketed(self.host)}:{self.port}"


def parse_url(url: str) -> tuple[Origin, str, str]:
    """Return the origin, the request target and the value of Host; raise ValueError for anything but http(s)."""
    parts = urlsplit(url)
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError(f"not an absolute http or https URL: {url!r}")
    port = parts.port or _DEFAULT_PORTS[parts.scheme]
    host = _ascii_host(parts.hostname)
    target = quote(parts.path or "/", safe=_KEPT_IN_TARGETS)
    if parts.query:
        target += "?" + quote(parts.query, safe=_KEPT_IN_TARGETS)
    host_value = _bracketed(host) if port == _DEFAULT_PORTS[parts.scheme] else f"{_bracketed(host)}:{port}"
    return Origin(parts.scheme == "https", host, port), target, host_value


def _ascii_host(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise ValueError(f"not a host name: {host!r}") from error


def _bracketed(host: str) -> str:
    try:
        return f"[{host}]" if ip_address(host).version == 6 else host
    except ValueError:
        return host


def build_request(
    method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes, agent: str, *, whole: bool = False
) -> bytes:
    """Return the bytes of a request: Host, User-Agent, Accept and Content-Length are added unless given.

    `whole` puts the whole URL into the first line, as a proxy wants it.
    Raises ValueError when a name or value would break the message apart.
    """
    _, target, host = parse_url(url)
    given = {name.lower() for name, _ in headers}
    added = [("Host", host), ("User-Agent", agent), ("Accept", "*/*")]
    if body or method in _BODY_METHODS:
        added.append(("Content-Length", str(len(body))))
    lines = [f"{method} {f'http://{host}' if whole else ''}{target} HTTP/1.1"]
    for name, value in (*((n, v) for n, v in added if n.lower() not in given), *headers):
        if not name or any(character in name for character in "\r\n: \0") or any(c in value for c in "\r\n\0"):
            raise ValueError(f"header {name!r} has a character that cannot be sent")
        lines.append(f"{name}: {value}")
    return "\r\n".join(lines).encode("utf-8") + b"\r\n\r\n" + body


@dataclass(slots=True, eq=False)
class Endpoint:
    """An endpoint as the connections use it.

    `base` is its number shifted into place for a row's code; `heads` remembers, for a response head seen before,
    how long the whole response is and the row's code. `check` is for what asks for more than a status class. `whole`
    says that a proxy answers: it is sent the whole URL.
    """

    number: int
    base: int
    request: bytes
    is_head: bool
    expected: frozenset[int]
    heads: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    check: Check | None = None
    whole: bool = False

    def judge(self, status: int) -> Outcome:
        """Return how a complete response with this status ends the request."""
        kind = status // 100
        if status == _PROXY_AUTHENTICATION_REQUIRED and self.whole:
            return Outcome.PROXY_DENIED
        if kind in self.expected:
            return Outcome.OK
        return _BY_CLASS.get(kind, Outcome.UNEXPECTED_STATUS)

    def remember(self, head: bytes, length: int, code: int) -> None:
        """Remember a response head; the memory is bounded, since some services make each head different."""
        if len(self.heads) >= MOST_HEADS:
            self.heads.clear()
        self.heads[head] = (length, code)


def expected_classes(classes: Iterable[int]) -> frozenset[int]:
    """Return the expected status classes; raise ValueError for anything outside 1 to 5."""
    found = frozenset(classes)
    if not found or not found <= {1, 2, 3, 4, 5}:
        raise ValueError(f"expected status classes are 1 to 5, not {sorted(found)}")
    return found
