"""What an import finds: requests, settings, and what of the source was left out. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from loadgen.core.redact import Redactor, is_secret_key

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_THE_CONNECTION = frozenset(
    {
        "connection", "content-length", "expect", "host", "keep-alive", "proxy-authorization", "proxy-connection",
        "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
_OF_A_COPY_AT_HAND = frozenset({"if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since"})


@dataclass(frozen=True, slots=True)
class FoundRequest:
    """One request; `url` is whole. `weight` is how often the source has it."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    name: str = ""
    weight: int = 1

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}".lower()

    @property
    def place(self) -> str:
        """Path and query."""
        parts = urlsplit(self.url)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class Found:
    """All of an import; `settings` are keys of a plan file, `notes` are told to the user."""

    requests: tuple[FoundRequest, ...]
    settings: Mapping[str, str | bool] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def sendable(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Return the headers that belong to the request itself.

    Those that the connection makes anew, HTTP/2's pseudo-headers, and conditions on a copy that a browser held (they
    would turn every answer into a 304) are left out.
    """
    left_out = _OF_THE_CONNECTION | _OF_A_COPY_AT_HAND
    return tuple((name, value) for name, value in headers if name.lower() not in left_out and name[:1] != ":")


def is_credential(name: str, value: str) -> bool:
    """Say whether a header holds a credential: by its name, or because its value looks like one.

    >>> [is_credential(name, "x") for name in ("Cookie", "Authorization", "X-Api-Key", "Accept")]
    [True, True, True, False]
    """
    return name.lower() == "cookie" or is_secret_key(name.replace("-", "_")) or Redactor().text(value) != value


def together(requests: tuple[FoundRequest, ...]) -> tuple[FoundRequest, ...]:
    """Return equal requests as one with their number as its weight, in the order of their first appearance.

    Their headers may differ: those of the first are kept.
    """
    found: dict[tuple[str, str, str], FoundRequest] = {}
    for request in requests:
        key = (request.method, request.url, request.body)
        known = found.get(key)
        found[key] = request if known is None else replace(known, weight=known.weight + request.weight)
    return tuple(found.values())
