"""What an answer must be like: the rules of a target's `expect`, as a user writes them.

Laws: a rule is one line: `status`, `contains`, `lacks`, `matches`, `header` or `json`, and what belongs to it; a rule
has a name, under which its failures are counted as `expect:NAME`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from loadgen.core.json_path import split_path
from loadgen.core.setting_readers import read_header_name

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST_NAME = 60
_STATUSES = re.compile(r"([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?")
_HOW = "write status 200,201 | contains TEXT | lacks TEXT | matches REGEX | header NAME[=VALUE] | json PATH[=VALUE]"


class Rule(Enum):
    """What of an answer an expectation is about; the body is needed for all from CONTAINS on."""

    STATUS = "status"
    HEADER = "header"
    CONTAINS = "contains"
    LACKS = "lacks"
    MATCHES = "matches"
    JSON = "json"


NEEDS_BODY = frozenset({Rule.CONTAINS, Rule.LACKS, Rule.MATCHES, Rule.JSON})


@dataclass(frozen=True, slots=True)
class Expectation:
    """One rule. `subject` is the text, regular expression, header or path; `value` what a header must be, or the JSON
    text of what the path must lead to, None where being there is enough. `statuses` are those of a STATUS rule.
    """

    name: str
    rule: Rule
    subject: str = ""
    value: str | None = None
    statuses: tuple[int, ...] = ()


def parse_expectation(text: str, name: str = "") -> Expectation:
    """Read one rule; its name is its own text unless given. Raises ValueError with what is accepted."""
    text = text.strip()
    word, _, rest = text.partition(" ")
    rest = rest.strip()
    try:
        rule = Rule(word)
    except ValueError:
        raise ValueError(_HOW) from None
    if not rest:
        raise ValueError(f"{word} needs something after it: {_HOW}")
    return _READ[rule](_name(name or text), rest)


def read_expectations(value: object) -> tuple[Expectation, ...]:
    """Read a target's `expect`: a rule, a list of rules, or a table from name to rule; names are distinct.

    Raises ValueError naming the rule that is none.
    """
    if isinstance(value, dict):
        pairs = [(str(name), rule) for name, rule in value.items()]
    else:
        pairs = [("", rule) for rule in (value if isinstance(value, list) else [value])]
    found: dict[str, Expectation] = {}
    for name, rule in pairs:
        if not isinstance(rule, str):
            raise ValueError(f'a rule is a text, such as expect = ["status 200", "contains hello"]; {_HOW}')
        try:
            expectation = parse_expectation(rule, name)
        except ValueError as error:
            raise ValueError(f"{rule!r}: {error}") from error
        if expectation.name in found:
            raise ValueError(f"two rules are named {expectation.name!r}")
        found[expectation.name] = expectation
    return tuple(found.values())


def _name(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a name is one line of printable text")
    return text if len(text) <= _LONGEST_NAME else text[: _LONGEST_NAME - 1] + "…"


def _status(name: str, rest: str) -> Expectation:
    found: set[int] = set()
    for part in re.split(r"[\s,]+", rest):
        match = _STATUSES.fullmatch(part)
        if match is None:
            raise ValueError(f"{part!r} is no status: write 200, 2xx or 200-204, with commas between")
        kind, first, last = match.groups()
        numbers = range(int(kind) * 100, int(kind) * 100 + 100) if kind else range(int(first), int(last or first) + 1)
        if not numbers:
            raise ValueError(f"{part!r} has no status in it")
        found.update(numbers)
    return Expectation(name, Rule.STATUS, statuses=tuple(sorted(found)))


def _matches(name: str, rest: str) -> Expectation:
    try:
        re.compile(rest)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return Expectation(name, Rule.MATCHES, rest)


def _header(name: str, rest: str) -> Expectation:
    header, equals, value = rest.partition("=")
    try:
        header = read_header_name(header.strip())
    except ValueError:
        raise ValueError("write header NAME or header NAME=VALUE") from None
    return Expectation(name, Rule.HEADER, header, value.strip() if equals else None)


def _json(name: str, rest: str) -> Expectation:
    _, tail = split_path(rest)
    tail = tail.strip()
    if tail and not tail.startswith("="):
        raise ValueError(f'{tail!r} is no part of a JSON path: write .name, [0] or ["name"], then =VALUE or nothing')
    written = rest[: len(rest) - len(tail)].strip() if tail else rest
    return Expectation(name, Rule.JSON, written, _as_json(tail[1:].strip()) if tail else None)


def _as_json(text: str) -> str:
    """Return the JSON text of a value; what is no JSON is a text."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = text
    return json.dumps(value)


_READ: dict[Rule, Callable[[str, str], Expectation]] = {
    Rule.STATUS: _status,
    Rule.HEADER: _header,
    Rule.CONTAINS: lambda name, rest: Expectation(name, Rule.CONTAINS, rest),
    Rule.LACKS: lambda name, rest: Expectation(name, Rule.LACKS, rest),
    Rule.MATCHES: _matches,
    Rule.JSON: _json,
}
