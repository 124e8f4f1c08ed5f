"""Requests from curl commands. Pure, but for files that a command names, which `read` reads.

What changes the request is taken over, what concerns only the terminal is left away, and every other option is a
problem: a load that is not the command's request would measure something else.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from loadgen.core.errors import InputError, Problem
from loadgen.core.redact import Redactor
from loadgen.plan.imports.model import Found, FoundRequest, sendable, together
from loadgen.plan.imports.shell_words import commands

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Read = Callable[[str], bytes]

_LETTERS = {
    "X": "request", "H": "header", "d": "data", "A": "user-agent", "e": "referer", "b": "cookie", "u": "user",
    "m": "max-time", "o": "output", "w": "write-out", "c": "cookie-jar", "D": "dump-header", "I": "head", "G": "get",
    "k": "insecure", "L": "location", "E": "cert", "F": "form", "T": "upload-file", "x": "proxy", "K": "config",
    "s": "silent", "S": "show-error", "v": "verbose", "i": "include", "f": "fail", "#": "progress-bar", "4": "ipv4",
    "6": "ipv6", "N": "no-buffer", "O": "remote-name", "n": "netrc",
}  # fmt: skip
_WITH_VALUE = frozenset(
    {
        "request", "header", "data", "data-raw", "data-ascii", "data-binary", "data-urlencode", "json", "user-agent",
        "referer", "cookie", "user", "oauth2-bearer", "max-time", "url", "cacert", "cert", "key", "resolve", "output",
        "write-out", "cookie-jar", "dump-header", "connect-timeout", "retry", "retry-delay", "retry-max-time",
        "form", "upload-file", "proxy", "config", "unix-socket", "stderr", "trace", "trace-ascii",
    }
)  # fmt: skip
_OF_THE_TERMINAL = frozenset(
    {
        "silent", "show-error", "verbose", "include", "fail", "progress-bar", "no-progress-meter", "no-buffer",
        "output", "write-out", "cookie-jar", "dump-header", "connect-timeout", "retry", "retry-delay",
        "retry-max-time", "remote-name", "stderr", "trace", "trace-ascii", "http1.1", "no-keepalive",
    }
)  # fmt: skip
_TO_HTTP_1 = frozenset({"http2", "http2-prior-knowledge", "http3", "http1.0"})
_SETTINGS = {"cacert": "cacert", "cert": "cert", "key": "key", "resolve": "resolve"}
_FORM = "application/x-www-form-urlencoded"


@dataclass
class _Command:
    """One command while its options are read."""

    read: Read
    number: int
    method: str = ""
    urls: list[str] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    as_query: bool = False
    head: bool = False
    settings: dict[str, str | bool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, option: str, value: str | None, text: str) -> None:
        shown = None if value is None else Redactor().text(value)
        self.problems.append(Problem(f"command {self.number}: {option}", shown, text))

    def options(self, words: list[str]) -> Iterator[tuple[str, str]]:
        """Yield every option by its long name with its value, and each URL as `url`."""
        rest = iter(words)
        for word in rest:
            if word.startswith("--") and len(word) > 2:
                name, equals, value = word[2:].partition("=")
                yield name, value if equals else (next(rest, "") if name in _WITH_VALUE else "")
            elif word.startswith("-") and len(word) > 1:
                yield from self._letters(word[1:], rest)
            else:
                yield "url", word

    def _letters(self, letters: str, rest: Iterator[str]) -> Iterator[tuple[str, str]]:
        while letters:
            name, letters = _LETTERS.get(letters[0], "-" + letters[0]), letters[1:]
            if name in _WITH_VALUE:
                yield name, letters or next(rest, "")
                return
            yield name, ""

    def take(self, name: str, value: str) -> None:
        """Take over one option."""
        if name in _TAKERS:
            _TAKERS[name](self, value)
        elif name in _SETTINGS:
            self.settings[_SETTINGS[name]] = value
        elif name in _TO_HTTP_1:
            self.notes.append(f"command {self.number}: --{name} is left away, HTTP/1.1 is sent")
        elif name not in _OF_THE_TERMINAL:
            option = name if name.startswith("-") else f"--{name}"
            self.wrong(option, value or None, "is not taken over: leave it away, or write this target by hand")

    def file(self, name: str) -> str:
        """Return a file that holds data, as text; a problem and nothing where it cannot be read."""
        try:
            return self.read(name).decode("utf-8")
        except OSError as error:
            self.wrong("data", "@" + name, f"cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            self.wrong("data", "@" + name, "is not UTF-8 text, and a plan file holds text only")
        return ""

    def requests(self) -> Iterator[FoundRequest]:
        """Yield what the command sends."""
        body = "&".join(self.data)
        given = {name.lower() for name, _ in self.headers}
        headers = tuple(self.headers)
        if self.data and not self.as_query and "content-type" not in given:
            headers += (("Content-Type", _FORM),)
        method = self.method or ("HEAD" if self.head else "POST" if self.data and not self.as_query else "GET")
        if not self.urls:
            self.wrong("URL", None, "there is none")
        for url in self.urls:
            whole = _whole(url)
            if whole is None:
                self.wrong("URL", url, "is not an http or https URL that can be requested")
            elif self.as_query and body:
                joined = whole + ("&" if "?" in whole else "?") + body
                yield FoundRequest(method, joined, sendable(headers))
            else:
                yield FoundRequest(method, whole, sendable(headers), body)


def _whole(text: str) -> str | None:
    """Return a URL with its scheme and without its fragment; None for what is none, ranges such as [1-9] included."""
    text = text if "://" in text else "http://" + text
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc or any(sign in parts.path for sign in "{}[]"):
        return None
    return text.partition("#")[0]


def _header(command: _Command, value: str) -> None:
    if value.startswith("@"):
        for line in command.file(value[1:]).splitlines():
            _header(command, line)
        return
    name, colon, text = value.partition(":")
    if colon and text.strip():
        command.headers.append((name.strip(), text.strip()))
    elif value.endswith(";"):
        command.headers.append((value[:-1].strip(), ""))
    elif not colon:
        command.wrong("--header", name, 'is not "Name: value"')


def _data(command: _Command, value: str) -> None:
    command.data.append(command.file(value[1:]).replace("\r", "").replace("\n", "") if value[:1] == "@" else value)


def _data_binary(command: _Command, value: str) -> None:
    command.data.append(command.file(value[1:]) if value[:1] == "@" else value)


def _data_urlencode(command: _Command, value: str) -> None:
    """Encode as curl does: `content`, `=content`, `name=content`, `@file` and `name@file`."""
    equals, at = value.find("="), value.find("@")
    if equals >= 0 and (at < 0 or equals < at):
        name, text = value[:equals], value[equals + 1 :]
    elif at >= 0:
        name, text = value[:at], command.file(value[at + 1 :])
    else:
        name, text = "", value
    command.data.append((f"{name}=" if name else "") + quote(text, safe=""))


def _json(command: _Command, value: str) -> None:
    _data_binary(command, value)
    given = {name.lower() for name, _ in command.headers}
    for name in ("Content-Type", "Accept"):
        if name.lower() not in given:
            command.headers.append((name, "application/json"))


def _cookie(command: _Command, value: str) -> None:
    if "=" not in value:
        command.wrong("--cookie", value, "names a file of cookies: write the cookies themselves")
        return
    command.headers.append(("Cookie", value))


def _basic(command: _Command, value: str) -> None:
    command.headers.append(("Authorization", "Basic " + b64encode(value.encode()).decode()))


def _compressed(command: _Command, value: str) -> None:
    command.headers.append(("Accept-Encoding", "gzip, deflate"))


def _location(command: _Command, value: str) -> None:
    command.notes.append(f"command {command.number}: --location is left away: give --follow N to follow redirects")


_TAKERS: dict[str, Callable[[_Command, str], None]] = {
    "request": lambda command, value: setattr(command, "method", value.upper()),
    "header": _header,
    "data": _data,
    "data-ascii": _data,
    "data-raw": lambda command, value: command.data.append(value),
    "data-binary": _data_binary,
    "data-urlencode": _data_urlencode,
    "json": _json,
    "user-agent": lambda command, value: command.headers.append(("User-Agent", value)),
    "referer": lambda command, value: command.headers.append(("Referer", value)),
    "cookie": _cookie,
    "user": _basic,
    "oauth2-bearer": lambda command, value: command.headers.append(("Authorization", f"Bearer {value}")),
    "get": lambda command, value: setattr(command, "as_query", True),
    "head": lambda command, value: setattr(command, "head", True),
    "url": lambda command, value: command.urls.append(value),
    "compressed": _compressed,
    "location": _location,
    "max-time": lambda command, value: command.settings.update(timeout=f"{value}s"),
    "ipv4": lambda command, value: command.settings.update(family="ipv4"),
    "ipv6": lambda command, value: command.settings.update(family="ipv6"),
    "insecure": lambda command, value: command.notes.append(
        f"command {command.number}: --insecure is not written down: give it to loadgen run where it is wanted"
    ),
}


def from_curl(text: str, read: Read) -> Found:
    """Return the requests of all curl commands in a text, equal ones together.

    Raises InputError with everything that cannot be taken over.
    """
    try:
        found = commands(text)
    except ValueError as error:
        raise InputError([Problem("curl", None, str(error))]) from None
    requests: list[FoundRequest] = []
    settings: dict[str, str | bool] = {}
    problems: list[Problem] = []
    notes: list[str] = []
    for number, words in enumerate(found, 1):
        if words[0].rpartition("/")[2] != "curl":
            problems.append(Problem(f"command {number}", words[0], "is not curl: leave it away"))
            continue
        command = _Command(read, number)
        for name, value in command.options(words[1:]):
            command.take(name, value)
        requests += command.requests()
        problems += command.problems
        problems += [
            Problem(f"command {number}: {key}", None, "differs from an earlier command: a plan has one for all")
            for key, value in command.settings.items()
            if settings.get(key, value) != value
        ]
        settings.update(command.settings)
        notes += command.notes
    if not found:
        problems.append(Problem("curl", None, "there is no command in it"))
    if problems:
        raise InputError(problems)
    return Found(together(tuple(requests)), settings, tuple(dict.fromkeys(notes)))
