"""KEY=VALUE files: how `.env.phase5` is read.

Laws: a line is blank, a comment, or `[export ]KEY=VALUE`; nothing is expanded; every bad line is reported, none is
guessed at; a message never shows a value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from loadgen.core.errors import Problem

_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)", re.DOTALL)
_QUOTED = {
    "'": re.compile(r"'([^']*)'\s*(?:#.*)?"),
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"\s*(?:#.*)?'),
}
_COMMENT = re.compile(r"\s#.*")
_ESCAPED = re.compile(r'\\(["\\$`])')


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a file holds: `values` by key (the last line of a key wins, as in a shell) and its bad lines."""

    values: dict[str, str]
    problems: tuple[Problem, ...]


def parse_env(text: str, name: str = ".env") -> EnvFile:
    """Read the text of an env file.

    An unquoted value ends at white space followed by `#`; single quotes are literal; double quotes know the shell's
    escapes of `"`, `\\`, `$` and a backtick. A value never spans lines. `name` is how problems call the file.
    """
    values: dict[str, str] = {}
    problems: list[Problem] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        match = _LINE.fullmatch(stripped)
        if match is None:
            remedy = "neither a comment nor a key, = and a value: correct the line or put # before it"
            problems.append(Problem(f"{name} line {number}", None, remedy))
            continue
        try:
            values[match[1]] = _value(match[2])
        except ValueError as error:
            problems.append(Problem(f"{name} line {number} ({match[1]})", None, str(error)))
    return EnvFile(values, tuple(problems))


def _value(text: str) -> str:
    quoted = text.lstrip()
    quote = quoted[:1]
    if quote not in _QUOTED:
        return _COMMENT.sub("", text).strip()
    match = _QUOTED[quote].fullmatch(quoted)
    if match is None:
        raise ValueError(f"the quote {quote} does not close, or something other than a # comment follows it")
    return match[1] if quote == "'" else _ESCAPED.sub(r"\1", match[1])
