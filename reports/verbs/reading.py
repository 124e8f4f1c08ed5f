"""Read several inputs and tell of all their problems at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from loadgen.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


def all_of(first: Callable[[], A], second: Callable[[], B], third: Callable[[], C]) -> tuple[A, B, C]:
    """Return what three readers give; raise one InputError with the problems of all that fail."""
    failed: list[InputError] = []
    found: list[object] = []
    for read in (first, second, third):
        try:
            found.append(read())
        except InputError as error:
            failed.append(error)
    if failed:
        raise InputError([problem for error in failed for problem in error.problems])
    return tuple(found)  # type: ignore[return-value]
