"""What the verbs of `report baseline` found and did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Slot:
    """A link: its name, and the name of the file it leads to; `dangling` when there is no such file."""

    link: str
    target: str
    dangling: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a run that was to be kept; `path` is None when it was refused, or only asked about."""

    source: str
    impl: str
    path: Path | None
    objections: tuple[str, ...]
    notes: tuple[str, ...]
    refused: bool = False

    def to_json(self) -> str:
        body = {**asdict(self), "path": None if self.path is None else str(self.path), "saved": self.path is not None}
        return orjson.dumps(body).decode()


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the shelf; `error` says why it cannot be read."""

    name: str
    status: str = ""
    impl: str = ""
    source: str = ""
    taken: str = ""
    requests: int = 0
    synthetic: str = ""
    forced: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """What a rotation found and did.

    `nights` are the days of the streak with their files, the newest first; `path` is the new baseline, or empty, and
    then `why` says why there is none.
    """

    nights: Sequence[tuple[str, str]]
    ended_by: str
    needed: int
    path: str
    why: str
    dry_run: bool

    @property
    def rotated(self) -> bool:
        return bool(self.path)

    def to_json(self) -> str:
        return orjson.dumps(
            {
                "baseline_rotated": self.rotated,
                "streak_days": len(self.nights),
                "needed_days": self.needed,
                "streak": [{"day": day, "file": file} for day, file in self.nights],
                "ended_by": self.ended_by,
                "baseline": self.path or None,
                "why_not": self.why or None,
                "dry_run": self.dry_run,
            }
        ).decode()
