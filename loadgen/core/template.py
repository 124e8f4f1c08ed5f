"""Fields in a request: `${...}` in a URL, a header or a body stands for a value that each request has of its own.

`${FEEDER.COLUMN}` is a cell of a feeder's row; the others are `${index}`, `${counter:START:STEP}`, `${int:LOW:HIGH}`,
`${uuid}`, `${string:LENGTH}`, `${choice:A|B|C}`, `${timestamp:s|ms|ns|iso}` and `${traceparent:SHARE}`, a W3C trace
context of which that share (0 if not given) is sampled. `$${` is a plain `${`.
Law: within one request the same text is the same value; `#2` at the end of a random field makes another draw.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

_MARK = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_DRAW = re.compile(r"(.+)#\d+")
_LONGEST = 1_000
_KNOWN = (
    "${index}, ${counter:START:STEP}, ${int:LOW:HIGH}, ${uuid}, ${string:LENGTH}, ${choice:A|B}, "
    "${timestamp:s|ms|ns|iso}, ${traceparent:SHARE} or ${FEEDER.COLUMN}; write $${ for a plain ${"
)
_CLOCKS = ("s", "ms", "ns", "iso")


class FieldKind(Enum):
    """Where a field's values come from."""

    CELL = "cell"
    INDEX = "index"
    COUNTER = "counter"
    INT = "int"
    UUID = "uuid"
    STRING = "string"
    CHOICE = "choice"
    TIMESTAMP = "timestamp"
    TRACEPARENT = "traceparent"


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `text` is what stands between the braces, `words` and `numbers` what follows its kind.

    CELL has the words feeder and column, CHOICE its choices, TIMESTAMP its unit; COUNTER the numbers start and step,
    INT lowest and highest, STRING its length, TRACEPARENT how many of a million are sampled.
    """

    text: str
    kind: FieldKind
    words: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()


Template = tuple[str | Field, ...]


def has_fields(text: str) -> bool:
    """Say whether a text is a template, or escapes what would make it one."""
    return "${" in text


def parse_template(text: str) -> Template:
    """Split a text into literal parts and fields; raise ValueError for a field that is none."""
    parts: list[str | Field] = []
    literal, at = "", 0
    for match in _MARK.finditer(text):
        literal += text[at : match.start()]
        at = match.end()
        if match[0] == "$${":
            literal += "${"
            continue
        if match[1] is None:
            raise ValueError("a ${ without its }: write $${ for a plain ${")
        if literal:
            parts.append(literal)
        parts.append(parse_field(match[1]))
        literal = ""
    literal += text[at:]
    return (*parts, literal) if literal else tuple(parts)


def without_fields(text: str, stand_in: str = "0") -> str:
    """Return a template's text with something harmless in each field's place; raise ValueError as `parse_template`."""
    return "".join(part if isinstance(part, str) else stand_in for part in parse_template(text))


def parse_field(text: str) -> Field:
    """Read what stands between the braces; raise ValueError with what is accepted."""
    drawn = _DRAW.fullmatch(text)
    word, colon, rest = (drawn[1] if drawn else text).partition(":")
    word = word.strip()
    read = _READ.get(word)
    try:
        if read is None:
            if drawn or colon or "." not in word:
                raise ValueError("unknown")
            return _cell(text, text)
        if drawn and word in ("index", "counter", "timestamp", "traceparent"):
            raise ValueError("only a random value can be drawn again")
        return read(text, rest)
    except ValueError as error:
        raise ValueError(f"${{{text}}}: {error}; fields are {_KNOWN}") from None


def _cell(text: str, name: str) -> Field:
    feeder, _, column = name.strip().partition(".")
    if not feeder or not column:
        raise ValueError("a cell is FEEDER.COLUMN")
    return Field(text, FieldKind.CELL, (feeder, column))


def _bare(kind: FieldKind, rest: str) -> None:
    if rest:
        raise ValueError(f"{kind.value} takes nothing after it")


def _index(text: str, rest: str) -> Field:
    _bare(FieldKind.INDEX, rest)
    return Field(text, FieldKind.INDEX)


def _uuid(text: str, rest: str) -> Field:
    _bare(FieldKind.UUID, rest)
    return Field(text, FieldKind.UUID)


def _counter(text: str, rest: str) -> Field:
    numbers = _whole_numbers(rest) if rest else []
    if len(numbers) > 2:
        raise ValueError("a counter has a start and a step")
    start, step = [*numbers, *(0, 1)[len(numbers) :]]
    return Field(text, FieldKind.COUNTER, numbers=(start, step))


def _int(text: str, rest: str) -> Field:
    numbers = _whole_numbers(rest)
    if len(numbers) != 2 or numbers[0] > numbers[1]:
        raise ValueError("int has a lowest and a highest value")
    return Field(text, FieldKind.INT, numbers=tuple(numbers))


def _string(text: str, rest: str) -> Field:
    numbers = _whole_numbers(rest)
    if len(numbers) != 1 or not 0 < numbers[0] <= _LONGEST:
        raise ValueError(f"string has a length from 1 to {_LONGEST:,}")
    return Field(text, FieldKind.STRING, numbers=tuple(numbers))


def _choice(text: str, rest: str) -> Field:
    choices = tuple(rest.split("|"))
    if len(choices) < 2:
        raise ValueError("choice has at least two values, with | between")
    return Field(text, FieldKind.CHOICE, choices)


def _timestamp(text: str, rest: str) -> Field:
    unit = rest or "s"
    if unit not in _CLOCKS:
        raise ValueError(f"a timestamp is in {', '.join(_CLOCKS)}")
    return Field(text, FieldKind.TIMESTAMP, (unit,))


def _traceparent(text: str, rest: str) -> Field:
    if rest and not re.fullmatch(r"(?:0|1)?(?:\.\d{1,6})?", rest):
        raise ValueError("traceparent has the share that is sampled, such as 0.01")
    millionths = round(float(rest or 0) * 1_000_000)
    if millionths > 1_000_000:
        raise ValueError("traceparent has a share of at most 1")
    return Field(text, FieldKind.TRACEPARENT, numbers=(millionths,))


def _whole_numbers(text: str) -> list[int]:
    words = text.split(":")
    if not all(re.fullmatch(r"-?\d{1,18}", word.strip()) for word in words):
        raise ValueError("whole numbers of at most 18 digits, with : between")
    return [int(word) for word in words]


_READ = {
    "index": _index,
    "counter": _counter,
    "int": _int,
    "uuid": _uuid,
    "string": _string,
    "choice": _choice,
    "timestamp": _timestamp,
    "traceparent": _traceparent,
}
