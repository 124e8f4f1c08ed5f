"""decisions.jsonl: what a run decided and by what, line by line; a capacity run can be resumed from it.

Laws: a line is on disk before the next step begins; the first line of every session of a capacity run is what was
asked; a line that a crash cut off is passed over. Every run has which breaker inputs were armed with which thresholds,
the trip if there was one, and why it ended before its time.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import iso_utc, utc_now
from loadgen.core.errors import InputError, Problem
from loadgen.run.capacity.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loadgen.run.capacity.task import CapacityTask

ASKED, LOOK, OUTCOME, TRIP, ANSWER = "asked", "look", "outcome", "trip", "answer"
INPUTS, END = "inputs", "end"


def append_decision(path: Path, kind: str, body: Mapping[str, Any]) -> None:
    """Append one line and sync it; raise OSError."""
    line = orjson.dumps({"ts": iso_utc(utc_now()), "decision": kind, **body}, option=orjson.OPT_APPEND_NEWLINE)
    with path.open("ab", buffering=0) as file:
        file.write(line)
        os.fsync(file.fileno())


def read_outcomes(path: Path, task: CapacityTask) -> tuple[Outcome, ...]:
    """Return the outcomes of an earlier session.

    Raises InputError when there is none, when it was asked something else (each difference is named), or when it had
    come to its answer.
    """
    try:
        lines = _lines(path)
    except OSError as error:
        raise InputError(
            [Problem("--resume", str(path.parent), f"no decisions.jsonl there: {error.strerror}")]
        ) from error
    asked = [line for line in lines if line["decision"] == ASKED]
    if not asked:
        raise InputError([Problem("--resume", str(path.parent), "its decisions.jsonl does not say what was asked")])
    wanted = task.to_body()
    differing = [name for name in wanted if asked[-1].get(name) != wanted[name]]
    if differing:
        raise InputError(
            [Problem("--resume", name, f"was {asked[-1].get(name)!r}, is {wanted[name]!r}") for name in differing]
        )
    if any(line["decision"] == ANSWER and line.get("final") for line in lines):
        raise InputError([Problem("--resume", str(path.parent), "this run has its answer; start a new one")])
    try:
        return tuple(Outcome.from_body(line) for line in lines if line["decision"] == OUTCOME)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError([Problem("--resume", str(path), f"an outcome cannot be read: {error}")]) from error


def set_aside(paths: tuple[Path, ...]) -> None:
    """Rename files of an earlier session that would be overwritten: load-stats.csv becomes load-stats.csv.1."""
    for path in paths:
        if path.exists():
            number = 1
            while (target := path.with_name(f"{path.name}.{number}")).exists():
                number += 1
            path.rename(target)


def _lines(path: Path) -> list[dict[str, Any]]:
    found = []
    for line in path.read_bytes().splitlines():
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(value, dict) and "decision" in value:
            found.append(value)
    return found
