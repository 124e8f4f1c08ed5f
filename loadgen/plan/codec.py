"""A Plan in its JSON form and back: `encode` and `decode` are exact inverses.

Laws: the encoded form holds primitives only and *contains the secrets*, so it travels on a link and nowhere else;
artifacts use `describe`, which masks them.
"""

from __future__ import annotations

import base64
import types
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, TypeVar, Union, cast, get_args, get_origin

from loadgen.core.redact import Secret

T = TypeVar("T")


def encode(value: object) -> Any:
    """Return a plan (or any part of one) as primitives, secrets revealed."""
    return _encode(value, reveal=True)


def describe(value: object) -> Any:
    """Return a plan as primitives for people and artifacts: secrets masked, bytes as their length."""
    return _encode(value, reveal=False)


def _encode(value: object, *, reveal: bool) -> Any:
    if isinstance(value, Secret):
        return {"secret": value.reveal()} if reveal else str(value)
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _encode(getattr(value, item.name), reveal=reveal) for item in fields(value)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode() if reveal else f"{len(value)} bytes"
    if isinstance(value, tuple):
        return [_encode(item, reveal=reveal) for item in value]
    return value


def decode(kind: type[T], value: Any) -> T:
    """Build a `kind` from what `encode` returned; raise ValueError naming the place that does not fit."""
    return cast("T", _decode(kind, value, kind.__name__))


def _decode(kind: Any, value: Any, place: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _decode_union(get_args(kind), value, place)
    if origin is tuple:
        return _decode_tuple(get_args(kind), value, place)
    if is_dataclass(kind):
        return _decode_dataclass(cast("type", kind), value, place)
    if kind is Secret:
        return Secret(value["secret"])
    if kind is bytes:
        return base64.b64decode(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind):
        raise ValueError(f"{place}: expected {kind.__name__}, not {type(value).__name__}")
    return value


def _decode_tuple(arguments: tuple[Any, ...], value: Any, place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ValueError(f"{place}: expected a list")
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return tuple(_decode(arguments[0], item, f"{place}[{i}]") for i, item in enumerate(value))
    if len(arguments) != len(value):
        raise ValueError(f"{place}: expected {len(arguments)} items")
    return tuple(_decode(kind, item, place) for kind, item in zip(arguments, value, strict=True))


def _decode_union(options: tuple[Any, ...], value: Any, place: str) -> Any:
    if value is None and type(None) in options:
        return None
    if isinstance(value, dict) and set(value) == {"secret"} and Secret in options:
        return Secret(value["secret"])
    others = [option for option in options if option not in (type(None), Secret)]
    if len(others) != 1:
        raise ValueError(f"{place}: unexpected {type(value).__name__}")
    return _decode(others[0], value, place)


def _decode_dataclass(kind: type, value: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"{place}: expected an object")
    hints = typing.get_type_hints(kind)
    names = [item.name for item in fields(kind)]
    missing = [name for name in names if name not in value]
    foreign = [name for name in value if name not in names]
    if missing or foreign:
        raise ValueError(f"{place}: missing {missing}, unknown {foreign}")
    return kind(**{name: _decode(hints[name], value[name], f"{place}.{name}") for name in names})
