"""The words of shell commands, as curl commands are copied from browsers and documents. Pure.

Quotes ('…', "…" and $'…'), backslashes, continued lines and comments are understood; commands end at a newline, `;`,
`&` or `|`. Variables, substitutions and redirections are refused: what they stand for is not in the text.
"""

from __future__ import annotations

import re

_PART = re.compile(
    r"""
      (?P<single>'[^']*')
    | (?P<ansi>\$'(?:[^'\\]|\\.)*')
    | (?P<double>\$?"(?:[^"\\]|\\.)*")
    | (?P<joined>\\\r?\n)
    | (?P<escape>\\.)
    | (?P<space>[ \t\r]+)
    | (?P<comment>(?<![^\s;&|])\#[^\n]*)
    | (?P<end>[\n;&|]+)
    | (?P<other>[^\s'"\\;&|]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_EXPANSION = re.compile(r"\$[A-Za-z_{(]|`")
_REDIRECTION = re.compile(r"^\d*[<>]")
_IN_DOUBLE = re.compile(r'\\(?:\r?\n|([$`"\\]))')
_ANSI = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|U[0-9A-Fa-f]{1,8}|[0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def commands(text: str) -> list[list[str]]:
    r"""Return the words of every command.

    Raises ValueError for an open quote, and for what only a shell could fill in.

    >>> commands("curl -H 'A: b' \\\n  http://h/ ; echo \"a b\"")
    [['curl', '-H', 'A: b', 'http://h/'], ['echo', 'a b']]
    """
    found: list[list[str]] = [[]]
    word: str | None = None
    at = 0
    while at < len(text):
        match = _PART.match(text, at)
        if match is None:
            raise ValueError(f"a quote is not closed: {text[at : at + 30].strip()!r}")
        at = match.end()
        kind = match.lastgroup or ""
        if kind == "joined":
            continue
        if kind in ("space", "comment", "end"):
            if word is not None:
                found[-1].append(word)
                word = None
            if kind == "end":
                found.append([])
            continue
        word = (word or "") + _plain(kind, match[0])
    if word is not None:
        found[-1].append(word)
    return [words for words in found if words]


def _plain(kind: str, text: str) -> str:
    if kind == "single":
        return text[1:-1]
    if kind == "ansi":
        return _ANSI.sub(_ansi, text[2:-1])
    if kind == "escape":
        return text[1]
    if _EXPANSION.search(text.replace(r"\$", "")):
        raise ValueError(f"{text!r} is filled in by a shell: write what it stands for")
    if kind == "double":
        return _IN_DOUBLE.sub(lambda found: found[1] or "", text[text.index('"') + 1 : -1])
    if _REDIRECTION.match(text):
        raise ValueError(f"{text!r} redirects: leave it away")
    return text


def _ansi(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "xuU" and len(code) > 1:
        return chr(int(code[1:], 16))
    if code[0] in "01234567":
        return chr(int(code, 8))
    return _LETTERS.get(code, code)
