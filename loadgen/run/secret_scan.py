"""Look through files for secrets: `creds scan PATH`.

Laws: a finding is a place and a kind, never the text that was found; only shapes that hardly occur by chance are looked
for, so a finding is a reason to fail; a line that says `not-a-secret` is passed over and counted.
"""

from __future__ import annotations

import asyncio
import base64
import codecs
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from loadgen.core.secret_forms import SHORTEST_LITERAL
from loadgen.core.secret_shapes import AWS_KEY, ISSUED, PRIVATE_KEY, URL_WITH_PASSWORD, WEBHOOKS, is_secret_key
from loadgen.core.setting_readers import is_placeholder
from loadgen.run.preflight_process import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKER = "not-a-secret"
_WHOLE_JWT = re.compile(r"\b(eyJ[\w-]{8,})\.eyJ[\w-]{4,}\.[\w-]{43,}")
"""The shortest signature has 32 bytes."""
_HOOK_PATH = re.compile(r"/[\w-]{16,}$")
_EXAMPLE_HOST = re.compile(
    r"^(?:localhost|127\.[\d.]+|\[::1\]|(?:.+\.)?(?:example|test|invalid)(?:\.(?:com|net|org))?)$", re.IGNORECASE
)
_ENV_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*[\"']?([^\s\"'#]+)")
_SKIPPED_DIRECTORIES = frozenset({".git", ".venv", "node_modules", "__pycache__", "dist", "build"})
_LARGEST_BYTES = 5_000_000
_GIT_S = 30
_EXAMPLE = re.compile(
    r"[<>{}$*\[\]]|%(?![0-9A-Fa-f]{2})|\.\.\.|…|^(?:password|pass(?:word)?|secret|user|x+)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret at a place; what it is stands nowhere."""

    path: Path
    line: int
    kind: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.kind}"

    def to_body(self) -> dict[str, str | int]:
        """Return it as JSON has it."""
        return {"file": str(self.path), "line": self.line, "kind": self.kind}


@dataclass(frozen=True, slots=True)
class Scanned:
    """What was found in how many files.

    `allowed` counts the marked lines, `passed_over` the files that are binary or too large, `unread` says what could
    not be read.
    """

    findings: tuple[Finding, ...]
    files: int
    allowed: int
    passed_over: int
    unread: tuple[str, ...]


def scan_paths(paths: tuple[Path, ...]) -> Scanned:
    """Look through files and directories.

    In a git work tree a directory stands for what git tracks or would add; elsewhere for every file below it that is
    no link. Binary files and files beyond 5 MB are passed over and counted.
    """
    findings: list[Finding] = []
    unread: list[str] = []
    files = allowed = passed_over = 0
    for path in dict.fromkeys(file for place in paths for file in _files(place, unread)):
        try:
            text = _text(path)
        except OSError as error:
            unread.append(_untold(error))
            continue
        if text is None:
            passed_over += 1
            continue
        files += 1
        for number, line in enumerate(text.splitlines(), 1):
            kinds = tuple(kinds_in(line, settings=_is_env_file(path)))
            if kinds and MARKER in line:
                allowed += 1
            else:
                findings += [Finding(path, number, kind) for kind in kinds]
    return Scanned(tuple(findings), files, allowed, passed_over, tuple(unread))


def _text(path: Path) -> str | None:
    """Return what a file says; None when it is binary or too large."""
    data = path.read_bytes() if path.stat().st_size <= _LARGEST_BYTES else b"\0"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return None if b"\0" in data[:8_192] else data.decode("utf-8", "replace")


def _is_env_file(path: Path) -> bool:
    return path.name.startswith(".env") or path.suffix == ".env"


def _untold(error: OSError) -> str:
    return f"{error.filename}: {error.strerror}"


def kinds_in(line: str, *, settings: bool = False) -> Iterator[str]:
    """Yield the kinds of secrets in a line; `settings`: it is one of an env file, where names tell secrets."""
    if PRIVATE_KEY.search(line):
        yield "private key"
    for name, pattern in WEBHOOKS.items():
        if any(_HOOK_PATH.search(match[2]) and not _EXAMPLE.search(match[2]) for match in pattern.finditer(line)):
            yield f"webhook of {name}"
    if any(_is_jwt(match[1]) for match in _WHOLE_JWT.finditer(line)):
        yield "JSON Web Token"
    for name, pattern in ISSUED.items():
        if pattern.search(line):
            yield name
    if AWS_KEY.search(line):
        yield "AWS access key"
    if any(_opens(match[2], line[match.end() :]) for match in URL_WITH_PASSWORD.finditer(line)):
        yield "URL with a password"
    given = _ENV_LINE.match(line) if settings else None
    if given and is_secret_key(given[1]) and not (is_placeholder(given[2]) or _EXAMPLE.search(given[2])):
        yield f"value of {given[1]}"


def _is_jwt(header: str) -> bool:
    """Say whether the first part of three is a JWT's header: JSON that names an algorithm."""
    try:
        return "alg" in orjson.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except (ValueError, TypeError):
        return False


def _opens(password: str, behind: str) -> bool:
    """Say whether a URL's password could open anything: it is none of an example, nor is its host."""
    host = re.match(r"[^\s/:?#'\"]*", behind)
    told = len(password) >= SHORTEST_LITERAL and not _EXAMPLE.search(password)
    return told and not (host and _EXAMPLE_HOST.match(host[0]))


def _files(place: Path, unread: list[str]) -> Iterator[Path]:
    """Yield the files of a place; a directory that cannot be listed is added to what is unread."""
    if not place.is_dir():
        yield place
        return
    tracked = _tracked(place)
    if tracked is not None:
        yield from (path for path in tracked if path.is_file() and not path.is_symlink())
        return
    for directory, inner, names in os.walk(place, onerror=lambda error: unread.append(_untold(error))):
        inner[:] = sorted(set(inner) - _SKIPPED_DIRECTORIES)
        found = (Path(directory) / name for name in sorted(names))
        yield from (path for path in found if path.is_file() and not path.is_symlink())


def _tracked(directory: Path) -> list[Path] | None:
    """Return what git tracks or would add below a directory; None outside a work tree or without git."""
    command = ["git", "-C", str(directory), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = asyncio.run(ask(command, _GIT_S))
    return [directory / name for name in answer.stdout.split("\0") if name] if answer.code == 0 else None
