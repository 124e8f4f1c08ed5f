"""What the command line asked of a drill, read: every text that is wrong is one problem of one message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem
from loadgen.core.setting_readers import read_share, read_url
from loadgen.core.units import NS_PER_S, parse_duration_ns, parse_rate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HIGHEST_RATE = 200
_LOWEST_RATE = 1


class Wishes:
    """Reads texts and keeps the problems; what could not be read has a value that is never used."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def add(self, key: str, value: object, remedy: str) -> None:
        """Keep a problem; what is read twice is told once."""
        problem = Problem(key, None if value is None else str(value), remedy)
        if problem not in self.problems:
            self.problems.append(problem)

    def refuse(self) -> None:
        """Raise InputError when there is any problem."""
        if self.problems:
            raise InputError(self.problems)

    def duration(self, key: str, text: str, least: str, most: str) -> int:
        """Read a duration within bounds, in ns."""
        try:
            read = parse_duration_ns(text)
        except ValueError as error:
            self.add(key, text, str(error))
            return NS_PER_S
        if not parse_duration_ns(least) <= read <= parse_duration_ns(most):
            self.add(key, text, f"from {least} to {most}")
        return read

    def interval(self, key: str, text: str) -> int:
        """Read a duration, or a bare number of milliseconds, as the well-known scripts take it."""
        return self.duration(key, f"{text}ms" if text.isascii() and text.isdigit() else text, "10ms", "1m")

    def share(self, key: str, text: str) -> float:
        """Read `6%` or `0.06`, above 0 and at most 1."""
        try:
            return read_share(text)
        except ValueError as error:
            self.add(key, text, str(error))
            return 1.0

    def rate(self, key: str, text: str) -> float:
        """Read the rate of the drill's own load, in requests a second."""
        try:
            read = parse_rate(text).per_s
        except ValueError as error:
            self.add(key, text, str(error))
            return 1.0
        if not _LOWEST_RATE <= read <= _HIGHEST_RATE:
            self.add(key, text, f"from {_LOWEST_RATE}/s to {_HIGHEST_RATE}/s: a drill's own load is small")
        return read

    def path(self, key: str, text: str) -> str:
        """Read a path below the base URL; one that could change the host, such as `@other/`, is none."""
        try:
            if not text.startswith("/") or text.startswith("//"):
                raise ValueError("write a path that begins with /")
            read_url(f"http://h{text}")
        except ValueError as error:
            self.add(key, text, str(error))
        return text

    def among(self, key: str, given: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
        """Read names out of a known set."""
        for name in given:
            if name not in known:
                self.add(key, name, f"is one of {', '.join(known)}")
        return tuple(given)

    def only_with(self, given: Mapping[str, object], other: str) -> None:
        """Refuse options that mean something only beside another one."""
        for key, value in given.items():
            if value is not None:
                self.add(key, value, f"belongs to {other}")

    def not_with(self, given: Mapping[str, object], other: str) -> None:
        """Refuse options that exclude another one."""
        for key, value in given.items():
            if value is not None:
                self.add(key, value, f"goes without {other}: give one of the two")
