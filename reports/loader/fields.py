"""Read values out of a JSON object that may have been damaged or edited.

Law: a value of another type than asked for is no value, and is remembered as a complaint; null is simply no value.
"""

from __future__ import annotations

from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Mapping


class Fields:
    """One JSON object, with typed getters; `complaints` gathers what did not fit, by the path of its key."""

    def __init__(self, values: Mapping[str, object], place: str = "", complaints: list[str] | None = None) -> None:
        self._values = values
        self._place = place
        self.complaints: list[str] = [] if complaints is None else complaints

    def __bool__(self) -> bool:
        return bool(self._values)

    @property
    def place(self) -> str:
        """The path of this object, with a dot at its end; empty for the whole."""
        return self._place

    def has(self, key: str) -> bool:
        """Say whether the key stands there with a value other than null."""
        return self._values.get(key) is not None

    def is_object(self, key: str) -> bool:
        """Say whether an object stands under the key."""
        return isinstance(self._values.get(key), dict)

    def is_number(self, key: str) -> bool:
        """Say whether a number stands under the key."""
        value = self._values.get(key)
        return isinstance(value, int | float) and not isinstance(value, bool)

    def names(self) -> tuple[str, ...]:
        return tuple(self._values)

    def text(self, key: str) -> str:
        """Return a text, empty where there is none; a number is taken as its text."""
        value = self._values.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{value:g}"
        self._complain(key, "not a text")
        return ""

    def number(self, key: str) -> float | None:
        """Return a finite number of at least 0."""
        value = self.signed(key)
        if value is not None and value < 0:
            self._complain(key, "negative")
            return None
        return value

    def signed(self, key: str) -> float | None:
        """Return a number short of MOST, negative ones included."""
        value = self._values.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            self._complain(key, "not a number")
            return None
        if not credible(value):
            self._complain(key, "too great to be true")
            return None
        return float(value)

    def whole(self, key: str) -> int | None:
        """Return a whole number of at least 0."""
        value = self.number(key)
        if value is not None and not value.is_integer():
            self._complain(key, "not a whole number")
            return None
        return None if value is None else int(value)

    def flag(self, key: str) -> bool | None:
        """Return true or false, None where neither stands."""
        value = self._values.get(key)
        if value is None or isinstance(value, bool):
            return value
        self._complain(key, "neither true nor false")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; a single text is a list of one, other items are taken as their JSON would read."""
        value = self._values.get(key)
        if value is None:
            return ()
        if isinstance(value, str):
            return (value,)
        if not isinstance(value, list):
            self._complain(key, "not a list")
            return ()
        return tuple(item if isinstance(item, str) else _flat(item) for item in cast("list[object]", value))

    def items(self, key: str) -> tuple[object, ...]:
        """Return a list as it is, empty where there is none."""
        value = self._values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list):
            self._complain(key, "not a list")
            return ()
        return tuple(cast("list[object]", value))

    def below(self, key: str) -> Fields:
        """Return the object under a key, empty where there is none."""
        value = self._values.get(key)
        path = f"{self._place}{key}."
        if value is None:
            return Fields({}, path, self.complaints)
        if not isinstance(value, dict):
            self._complain(key, "not an object")
            return Fields({}, path, self.complaints)
        return Fields(cast("dict[str, object]", value), path, self.complaints)

    def each(self, key: str) -> tuple[Fields, ...]:
        """Return the objects of a list, passing over what is none."""
        found = []
        for at, item in enumerate(self.items(key)):
            if isinstance(item, dict):
                found.append(Fields(cast("dict[str, object]", item), f"{self._place}{key}[{at}].", self.complaints))
            else:
                self._complain(f"{key}[{at}]", "not an object")
        return tuple(found)

    def numbers(self, key: str) -> dict[str, float]:
        """Return an object's numbers by name, nested objects flattened away."""
        inner = self.below(key)
        return {name: value for name in inner.names() if (value := inner.number(name)) is not None}

    def counts(self, key: str) -> dict[str, int]:
        """Return an object's whole numbers by name."""
        inner = self.below(key)
        return {name: value for name in inner.names() if (value := inner.whole(name)) is not None}

    def described(self, key: str) -> dict[str, str]:
        """Return an object's values as texts by name, null ones left out."""
        inner = self.below(key)
        return {name: _flat(value) for name, value in inner._values.items() if value is not None}

    def instant(self, key: str) -> datetime | None:
        """Return an ISO-8601 instant as aware UTC."""
        text = self.text(key)
        if not text:
            return None
        found = parse_instant(text)
        if found is None:
            self._complain(key, "not a time")
        return found

    def _complain(self, key: str, what: str) -> None:
        self.complaints.append(f"{self._place}{key} is {what}")


def credible(value: float) -> bool:
    """Say whether a number may stand on record: finite, and short of what a count of 64 bits can hold."""
    return abs(value) < 2.0**63


def parse_instant(text: str) -> datetime | None:
    """Read an ISO-8601 time as aware UTC (without an offset it is UTC); None when it is none."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _flat(item: object) -> str:
    if isinstance(item, list):
        return ", ".join(str(value) for value in item)
    if isinstance(item, dict):
        return ", ".join(f"{name} {value}" for name, value in item.items() if value is not None)
    return str(item)
