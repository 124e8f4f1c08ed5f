"""One reader for each form a setting's text can have.

Laws: a reader takes the text and returns the value, or raises ValueError with what is accepted; it never repeats the
text, because the caller masks it.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit

from loadgen.core.redact import Secret
from loadgen.core.units import NS_PER_S, Rate, parse_duration_ns, parse_rate

if TYPE_CHECKING:
    from collections.abc import Callable

PLACEHOLDER_REMEDY = "still a placeholder: put the real value in its place"
_PLACEHOLDER = re.compile(r"<[^<>\n]+>")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_URL = re.compile(r"[^\x21-\x7e]")
_NOT_IN_HEADER = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
_NOT_IN_JWT = re.compile(r"[^\x21-\x7e]")
_HIGHEST_RATE_PER_S = 10_000_000
_HIGHEST_SPEED = 1_000
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An absolute http or https URL without userinfo; `basic` is the Authorization value the userinfo stood for."""

    url: str
    basic: Secret | None = None
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class HeaderSetting:
    """A `Name: value` header whose value is a secret."""

    name: str
    value: Secret


def is_placeholder(text: str) -> bool:
    """Say whether a text still has a template's `<...>` in it."""
    return _PLACEHOLDER.search(text) is not None


def read_text(text: str) -> str:
    """Return the text without surrounding white space."""
    return text.strip()


def read_secret(text: str) -> Secret:
    """Return the text as a Secret."""
    return Secret(text.strip())


def read_jwt(text: str) -> Secret:
    """Read a bearer token; a leading `Bearer ` is taken off."""
    token = text.strip()
    if token.lower().startswith("bearer "):
        token = token[7:].strip()
    if not token or _NOT_IN_JWT.search(token):
        raise ValueError("not a token: it must be one word of printable ASCII")
    return Secret(token)


def read_bool(text: str) -> bool:
    """Read true/false, 1/0, yes/no, on/off."""
    lowered = text.strip().lower()
    if lowered in _TRUE:
        return True
    if lowered in _FALSE:
        return False
    raise ValueError("write true or false")


def is_true(text: str) -> bool:
    """Say whether a flag variable of the service is switched on; anything but a word for true is not."""
    return text.strip().lower() in _TRUE


def read_count(lowest: int, highest: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `lowest` to `highest`."""

    def read(text: str) -> int:
        stripped = text.strip()
        if not re.fullmatch(r"[+-]?\d{1,18}", stripped) or not lowest <= int(stripped) <= highest:
            raise ValueError(f"write a whole number from {lowest:,} to {highest:,}")
        return int(stripped)

    return read


def read_share(text: str) -> float:
    """Read a share greater than 0 and at most 1, written `0.02` or `2%`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?|\.\d+)\s*(%?)", text.strip())
    share = (float(match[1]) / 100 if match[2] else float(match[1])) if match else 0.0
    if not 0 < share <= 1:
        raise ValueError("write a share between 0 and 1 such as 0.02, or 2%")
    return share


def read_choice(*choices: str) -> Callable[[str], str]:
    """Return a reader of one of some words."""

    def read(text: str) -> str:
        lowered = text.strip().lower()
        if lowered not in choices:
            raise ValueError(f"write one of {', '.join(choices)}")
        return lowered

    return read


def read_rate(text: str) -> Rate:
    """Read a rate greater than 0 and at most ten million a second."""
    rate = parse_rate(text)
    if rate.per_s > _HIGHEST_RATE_PER_S:
        raise ValueError(f"a rate is at most {_HIGHEST_RATE_PER_S:,}/s")
    return rate


def read_duration(*, bare_seconds: bool = False, lowest_ns: int = 1) -> Callable[[str], int]:
    """Return a reader of durations in ns, at least `lowest_ns`; `bare_seconds` as in `parse_duration_ns`."""

    def read(text: str) -> int:
        if text.strip().startswith("-"):
            raise ValueError("a duration cannot be negative")
        duration_ns = parse_duration_ns(text, bare_seconds=bare_seconds)
        if duration_ns < lowest_ns:
            least = "greater than 0" if lowest_ns == 1 else f"at least {lowest_ns / NS_PER_S:g}s"
            raise ValueError(f"must be {least}")
        return duration_ns

    return read


def read_speed(text: str) -> Fraction:
    """Read how many times as fast as recorded a trace is replayed, above 0 and at most 1,000."""
    stripped = text.strip()
    speed = Fraction(stripped) if re.fullmatch(r"\d{1,4}(?:\.\d{1,6})?", stripped) else Fraction(0)
    if not 0 < speed <= _HIGHEST_SPEED:
        raise ValueError("write a number above 0 and at most 1000, such as 2 or 0.5")
    return speed


def read_start(text: str) -> tuple[Fraction, int | None]:
    """Read `10%` or `10%:30s`: the share of the rate to begin with, and how long the ramp to all of it takes."""
    share, colon, duration = text.partition(":")
    exact = Fraction(str(read_share(share)))
    if exact == 1:
        raise ValueError("write a share below 100 %")
    return exact, read_duration()(duration) if colon else None


def read_url(text: str) -> WebAddress:
    """Read an absolute http or https URL; userinfo is moved out into a Basic authorization."""
    stripped = text.strip()
    if _NOT_IN_URL.search(stripped):
        raise ValueError("a URL has no spaces and only ASCII: percent-encode the rest")
    parts = _split(stripped)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not a URL: write it as https://host[:port][/path]")
    if parts.fragment:
        raise ValueError("a URL here has no #fragment: a fragment never reaches a server")
    userinfo, at, netloc = parts.netloc.rpartition("@")
    if not at:
        return WebAddress(parts.geturl())
    user, _, password = (unquote(piece) for piece in userinfo.partition(":"))
    basic = base64.b64encode(f"{user}:{password}".encode()).decode()
    secret_part = Secret(password or user)
    return WebAddress(parts._replace(netloc=netloc).geturl(), Secret(f"Basic {basic}"), secret_part)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("not a URL: its host or port cannot be read") from None
    if port == 0:
        raise ValueError("not a URL: port 0 cannot be connected to")
    return parts


def read_header_name(text: str) -> str:
    """Read a header name; raise ValueError when it has a character that a name cannot have."""
    name = text.strip()
    if not _TOKEN.fullmatch(name):
        raise ValueError('not a header: write it as "Name: value"')
    return name


def read_header_value(text: str) -> str:
    """Read a header value; raise ValueError for line ends and other control characters."""
    value = text.strip()
    if _NOT_IN_HEADER.search(value):
        raise ValueError("a header value is one line of text")
    return value


def read_header(text: str) -> HeaderSetting:
    """Read `Name: value`; there must be a colon and a value."""
    name, colon, value = text.partition(":")
    if not colon or not value.strip():
        raise ValueError('not a header: write it as "Name: value"')
    return HeaderSetting(read_header_name(name), Secret(read_header_value(value)))


def read_host(text: str) -> str:
    """Read a host name or address, optionally with a port, in lower case."""
    host = text.strip().lower().rstrip("/")
    if not host or "/" in host or "@" in host or "*" in host:
        raise ValueError("write hosts as name or name:port, without scheme, path or wildcard, separated by commas")
    return host


def read_resolve(text: str) -> tuple[str, str]:
    """Read `host:port:address` as (`host:port`, address)."""
    match = re.fullmatch(r"([^:\s]+):(\d{1,5}):\[?([0-9A-Fa-f.:]+)\]?", text.strip())
    if match is None or not 0 < int(match[2]) < 65_536:
        raise ValueError("write it as host:port:address")
    return f"{match[1].lower()}:{int(match[2])}", match[3]


def read_file(text: str) -> bytes:
    """Return a file's bytes; raise ValueError saying why it cannot be read."""
    try:
        data = Path(text.strip()).expanduser().read_bytes()
    except OSError as error:
        raise ValueError(f"cannot read the file: {error.strerror}") from None
    if not data.strip():
        raise ValueError("the file is empty")
    return data


def read_secret_file(text: str) -> Secret:
    """Return the text of a file as a Secret, without surrounding white space."""
    try:
        return Secret(read_file(text).decode().strip())
    except UnicodeDecodeError:
        raise ValueError("the file is not text") from None


def read_number(text: str) -> float:
    """Read a number that is not negative."""
    if not re.fullmatch(r"\d+(?:\.\d+)?|\.\d+", text.strip()):
        raise ValueError("write a number that is not negative")
    return float(text)
