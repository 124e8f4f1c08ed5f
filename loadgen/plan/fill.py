"""What fills the fields of requests: a function of the seed and the arrival's number alone, but for two kinds.

Laws: the same values come out for any number of workers; a value is encoded for the place where it goes, and one that
cannot go there is found before anything is sent; timestamps are those of the due time. Trace contexts are the other
exception: they come from a random number of this filling, because no two runs may ever have the same trace id.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import numpy as np

from loadgen.core.feeder import FeederPolicy
from loadgen.core.template import Field, FieldKind
from loadgen.core.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from loadgen.core.feeder import Feeder

_GOLDEN, _FIRST, _SECOND = (
    np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)
_LETTERS_AND_DIGITS = frozenset(
    {FieldKind.INDEX, FieldKind.COUNTER, FieldKind.INT, FieldKind.UUID, FieldKind.STRING, FieldKind.TRACEPARENT}
)
"""Fields whose values stand in every place as they are, but for a text in JSON, which needs its quotes."""

_QUOTED = frozenset({FieldKind.UUID, FieldKind.STRING, FieldKind.TRACEPARENT})

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Where(Enum):
    """Where in a request a value goes, and so how it is encoded."""

    URL = "URL"
    HEADER = "header"
    FORM = "form"
    JSON_TEXT = "JSON text"
    JSON_VALUE = "JSON value"
    PLAIN = "body"


@dataclass(frozen=True, slots=True)
class Slot:
    """A field in its place."""

    field: Field
    where: Where


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Some arrivals: their numbers, when each is due on the wall clock, and how many before each used a feeder."""

    numbers: Sequence[int]
    due_wall_ns: Sequence[int]
    uses: Mapping[str, Sequence[int]]


class Filling:
    """Gives the encoded values of slots for arrivals; the cells of a feeder are encoded once."""

    def __init__(self, feeders: Sequence[Feeder], seed: int) -> None:
        self._feeders = {feeder.name: feeder for feeder in feeders}
        self._seed = seed
        self._rows: dict[str, list[list[Any]]] = {}
        self._encoded: dict[Slot, list[str]] = {}
        self._salt = secrets.randbits(128)

    def values(self, slot: Slot, arrivals: Arrivals) -> list[str]:
        """Return the slot's value for each arrival."""
        field = slot.field
        if field.kind is FieldKind.CELL:
            encoded = self.cells(slot)
            return [encoded[row] for row in self._rows_of(field.words[0], arrivals)]
        seed = self._salt if field.kind is FieldKind.TRACEPARENT else self._seed
        texts = _MADE[field.kind](field, arrivals, seed)
        if slot.where is Where.JSON_VALUE and field.kind in _QUOTED:
            return [f'"{text}"' for text in texts]
        if field.kind in _LETTERS_AND_DIGITS:
            return texts
        encode = _ENCODE[slot.where]
        return [encode(text) for text in texts]

    def cells(self, slot: Slot) -> list[str]:
        """Return a column's cells encoded for a place; raise ValueError naming the first row that cannot go there."""
        found = self._encoded.get(slot)
        if found is None:
            found = self._encoded[slot] = self._encode_cells(slot)
        return found

    def _encode_cells(self, slot: Slot) -> list[str]:
        name, column = slot.field.words
        feeder = self._feeders.get(name)
        if feeder is None:
            known = (
                f"there are {', '.join(self._feeders)}" if self._feeders else "give --feeder NAME=FILE or [feeder.NAME]"
            )
            raise ValueError(f"${{{slot.field.text}}}: no feeder {name!r}: {known}")
        if column not in feeder.columns:
            raise ValueError(f"${{{slot.field.text}}}: no column {column!r}: {name} has {', '.join(feeder.columns)}")
        rows = self._rows.setdefault(name, feeder.unpacked())
        at = feeder.columns.index(column)
        encoded = []
        for number, row in enumerate(rows, 1):
            try:
                encoded.append(encode_cell(row[at], slot.where, typed=feeder.typed))
            except ValueError as error:
                raise ValueError(f"${{{slot.field.text}}}, row {number} of {name}: {error}") from error
        return encoded

    def _rows_of(self, name: str, arrivals: Arrivals) -> list[int]:
        feeder = self._feeders[name]
        if feeder.policy is FeederPolicy.RANDOM:
            draws = _draws(self._seed, f"feeder {name}", arrivals.numbers)
            rows: list[int] = (draws % np.uint64(feeder.count)).tolist()
            return rows
        uses = arrivals.uses[name]
        if feeder.policy is FeederPolicy.ONCE and max(uses, default=0) >= feeder.count:
            raise ValueError(f"feeder {name}: its {feeder.count:,} rows are used up, and each is used once")
        return [use % feeder.count for use in uses]


def encode_cell(value: Any, where: Where, *, typed: bool) -> str:
    """Return a cell as it stands in a request; raise ValueError when it cannot go there."""
    if where is Where.JSON_VALUE:
        if typed:
            return json.dumps(value, ensure_ascii=False)
        if not _is_json(value):
            raise ValueError(f"{value[:40]!r} is no JSON value: put the field between double quotes")
        return str(value).strip()
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _ENCODE[where](text)


def _header_text(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError(f"{text[:40]!r} has a line break or control character, which cannot go into a header")
    return text


_ENCODE: dict[Where, Callable[[str], str]] = {
    Where.URL: lambda text: quote(text, safe=""),
    Where.HEADER: _header_text,
    Where.FORM: quote_plus,
    Where.JSON_TEXT: lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    Where.JSON_VALUE: lambda text: text if _is_json(text) else json.dumps(text, ensure_ascii=False),
    Where.PLAIN: lambda text: text,
}


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return False
    return True


def _no_constant(name: str) -> None:
    raise ValueError(name)


def _draws(seed: int, text: str, numbers: Sequence[int], part: int = 0) -> NDArray[np.uint64]:
    """Return a random 64-bit number for each arrival: SplitMix64 of the seed, the field's text and the number."""
    salt = hashlib.blake2b(f"{seed} {part} {text}".encode(), digest_size=8).digest()
    mixed = np.array(numbers, np.uint64)
    with np.errstate(over="ignore"):
        mixed = (mixed + np.uint64(1)) * _GOLDEN + np.uint64(int.from_bytes(salt, "little"))
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
    return mixed ^ (mixed >> np.uint64(31))


def _ints(field: Field, arrivals: Arrivals, seed: int) -> list[str]:
    low, high = field.numbers
    span = high - low + 1
    return [str(low + draw % span) for draw in _draws(seed, field.text, arrivals.numbers).tolist()]


def _uuids(field: Field, arrivals: Arrivals, seed: int) -> list[str]:
    """Return version 4 UUIDs."""
    first, second = (_draws(seed, field.text, arrivals.numbers, part).tolist() for part in (1, 2))
    texts = []
    for high, low in zip(first, second, strict=True):
        digits = f"{high & ~0xF000 | 0x4000:016x}{low & ~(3 << 62) | 2 << 62:016x}"
        texts.append(f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}")
    return texts


def _traceparents(field: Field, arrivals: Arrivals, seed: int) -> list[str]:
    """Return trace contexts of version 00: ids are never zero, and whether one is sampled follows from its trace id."""
    parts = (_draws(seed, "traceparent", arrivals.numbers, part).tolist() for part in (1, 2, 3))
    sampled_below = field.numbers[0] * (1 << 64) // 1_000_000
    return [
        f"00-{high or 1:016x}{low:016x}-{span or 1:016x}-{'01' if low < sampled_below else '00'}"
        for high, low, span in zip(*parts, strict=True)
    ]


def _strings(field: Field, arrivals: Arrivals, seed: int) -> list[str]:
    """Return letters and digits, ten from each draw."""
    length = field.numbers[0]
    parts = [_draws(seed, field.text, arrivals.numbers, part).tolist() for part in range(-(-length // 10))]
    return ["".join(_letters(draw) for draw in draws)[:length] for draws in zip(*parts, strict=True)]


def _letters(draw: int) -> str:
    text = ""
    for _ in range(10):
        draw, letter = divmod(draw, 62)
        text += _LETTERS[letter]
    return text


def _choices(field: Field, arrivals: Arrivals, seed: int) -> list[str]:
    draws = _draws(seed, field.text, arrivals.numbers) % np.uint64(len(field.words))
    return [field.words[draw] for draw in draws.tolist()]


def _timestamps(field: Field, arrivals: Arrivals, seed: int) -> list[str]:
    del seed
    unit = field.words[0]
    if unit == "iso":
        return [_iso(at_ns) for at_ns in arrivals.due_wall_ns]
    divisor = {"s": NS_PER_S, "ms": NS_PER_MS, "ns": 1}[unit]
    return [str(at_ns // divisor) for at_ns in arrivals.due_wall_ns]


def _iso(at_ns: int) -> str:
    moment = datetime.fromtimestamp(at_ns // NS_PER_S, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ns % NS_PER_S // NS_PER_MS:03d}Z"


def _counters(field: Field, arrivals: Arrivals, seed: int) -> list[str]:
    del seed
    start, step = field.numbers or (0, 1)
    return [str(start + step * number) for number in arrivals.numbers]


_MADE: dict[FieldKind, Callable[[Field, Arrivals, int], list[str]]] = {
    FieldKind.INDEX: _counters,
    FieldKind.COUNTER: _counters,
    FieldKind.INT: _ints,
    FieldKind.UUID: _uuids,
    FieldKind.STRING: _strings,
    FieldKind.CHOICE: _choices,
    FieldKind.TIMESTAMP: _timestamps,
    FieldKind.TRACEPARENT: _traceparents,
}
