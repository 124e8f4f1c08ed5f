"""How a run or a command ends, and how bad input is reported.

Law: a failed request is data; an exception here means that we, the input or the host are at fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class ExitCode(IntEnum):
    """The exit code of every command, with its meaning in `meaning`."""

    OK = 0
    NO_GO = 1
    USAGE = 2
    INCOMPLETE = 3
    BREAKER = 4
    INVALID = 5
    SIGHUP = 129
    SIGINT = 130
    SIGTERM = 143

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    ExitCode.OK: "ok or GO",
    ExitCode.NO_GO: "NO-GO, SLO failure or regression",
    ExitCode.USAGE: "usage, configuration or tool error",
    ExitCode.INCOMPLETE: "INCOMPLETE or INCONCLUSIVE",
    ExitCode.BREAKER: "circuit breaker tripped",
    ExitCode.INVALID: "measurement INVALID: the generator was the bottleneck",
    ExitCode.SIGHUP: "stopped by SIGHUP",
    ExitCode.SIGINT: "stopped by Ctrl-C",
    ExitCode.SIGTERM: "stopped by SIGTERM",
}

_PRECEDENCE = (
    ExitCode.BREAKER,
    ExitCode.SIGHUP,
    ExitCode.SIGINT,
    ExitCode.SIGTERM,
    ExitCode.USAGE,
    ExitCode.INVALID,
    ExitCode.NO_GO,
    ExitCode.INCOMPLETE,
    ExitCode.OK,
)


def worst_exit(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the one exit code to end with when several apply.

    Breaker first, then a signal, a tool error, INVALID, NO-GO, INCOMPLETE; OK for an empty input.
    """
    return min(codes, key=_PRECEDENCE.index, default=ExitCode.OK)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the input.

    `key` names the setting or flag, `value` is what was given (already masked where it is a secret; None when
    nothing was given), `remedy` says what to do.
    """

    key: str
    value: str | None
    remedy: str

    def __str__(self) -> str:
        given = "" if self.value is None else f" = {self.value!r}"
        return f"{self.key}{given}: {self.remedy}"


class LoadgenError(Exception):
    """An error with a sentence for the user and an exit code for the shell."""

    exit_code = ExitCode.USAGE


class InputError(LoadgenError):
    """Bad input: every problem found, in one message. Nothing has been sent when this is raised."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        if not problems:
            raise ValueError("an InputError needs at least one problem")
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__("\n".join([f"{head}; nothing was done:", *(f"  - {problem}" for problem in self.problems)]))
