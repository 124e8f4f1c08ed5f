"""The expressions of workflows, as far as ours use them: `${{ vars.A != '' && !cancelled() }}`.

Laws: what is not understood is an error, never false; a name that is not there is empty, as on GitHub.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|([A-Za-z_][\w.-]*)|(-?\d+(?:\.\d+)?)|(&&|\|\||==|!=|[!(),]))")
_TEMPLATE = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}


class Expression:
    """One expression under evaluation; `functions` are called by name, all else is looked up in `context`."""

    def __init__(
        self, text: str, context: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None
    ) -> None:
        self._tokens = _tokens(text)
        self._at = 0
        self._context = context
        self._functions = functions or {}

    def value(self) -> Any:
        """Return the value; raise ValueError for what is not understood."""
        found = self._either()
        if self._at != len(self._tokens):
            raise ValueError(f"not understood: {self._tokens[self._at :]}")
        return found

    def _either(self) -> Any:
        left = self._both()
        while self._take("||"):
            right = self._both()
            left = left if truth(left) else right
        return left

    def _both(self) -> Any:
        left = self._equal()
        while self._take("&&"):
            right = self._equal()
            left = right if truth(left) else left
        return left

    def _equal(self) -> Any:
        left = self._single()
        for sign in ("==", "!="):
            if self._take(sign):
                right = self._single()
                same = ("" if left is None else left) == ("" if right is None else right)
                return same if sign == "==" else not same
        return left

    def _single(self) -> Any:
        if self._take("!"):
            return not truth(self._single())
        if self._take("("):
            found = self._either()
            self._expect(")")
            return found
        if self._at == len(self._tokens):
            raise ValueError("the expression ends too early")
        kind, text = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return text
        if kind == "number":
            return float(text)
        if kind == "name":
            return self._call(text) if self._take("(") else self._look_up(text)
        raise ValueError(f"not understood: {text}")

    def _call(self, name: str) -> Any:
        given = []
        while not self._take(")"):
            given.append(self._either())
            self._take(",")
        if name not in self._functions:
            raise ValueError(f"no such function: {name}")
        return self._functions[name](*given)

    def _look_up(self, name: str) -> Any:
        if name in _WORDS:
            return _WORDS[name]
        found: Any = self._context
        for part in name.split("."):
            if not isinstance(found, dict):
                return None
            found = found.get(part)
        return found

    def _take(self, sign: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == ("sign", sign):
            self._at += 1
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise ValueError(f"missing {sign}")


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"not understood: {text[at:]}")
        string, name, number, sign = match.groups()
        if string is not None:
            found.append(("text", string.replace("''", "'")))
        else:
            found.append(("name", name) if name else ("number", number) if number else ("sign", sign))
        at = match.end()
    return found


def truth(value: Any) -> bool:
    """Return what GitHub takes a value for: empty, 0, false and null are false."""
    return value not in (None, "", 0, False)


def fill(text: str, context: Mapping[str, Any], functions: Mapping[str, Callable[..., Any]] | None = None) -> str:
    """Return a text with every `${{ … }}` in it replaced by its value."""

    def replaced(match: re.Match[str]) -> str:
        value = Expression(match[1], context, functions).value()
        return {True: "true", False: "false", None: ""}.get(value, str(value))

    return _TEMPLATE.sub(replaced, text)
