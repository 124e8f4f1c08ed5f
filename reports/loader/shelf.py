"""The directory of baselines: one file a baseline, and links that name the last one saved.

Laws: files are `phase5-baseline-YYYYmmdd-HHMMSS.json`; `phase5-baseline.json` links to the one saved last, and
`phase5-baseline-<impl>.json` to the last one of a cache implementation; a link's target is a name in the same
directory, so it holds wherever the directory is moved; files and links are replaced in one step.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from loadgen.core.errors import LoadgenError
from loadgen.core.whole_file import write_whole
from reports.model.baseline import Slot

if TYPE_CHECKING:
    from datetime import datetime

DIRECTORY = Path("baseline")
GENERIC = "phase5-baseline.json"
IMPL = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_STAMPED = re.compile(r"phase5-baseline-(\d{8}-\d{6})(?:-(\d+))?\.json")


class ShelfError(LoadgenError):
    """The directory of baselines cannot be read, written, or holds no baseline that was asked for."""


def slot_name(impl: str) -> str:
    """Return the name of the link for a cache implementation."""
    return f"phase5-baseline-{impl}.json"


class Shelf:
    """A directory of baselines; nothing is created before the first is saved."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def files(self) -> tuple[Path, ...]:
        """Return the baselines, the newest first; raise ShelfError when the directory cannot be read."""
        try:
            stamped = [path for path in self.directory.iterdir() if _STAMPED.fullmatch(path.name)]
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise ShelfError(f"{self.directory}: cannot be read ({error.strerror})") from error
        found = [path for path in stamped if not path.is_symlink()]
        return tuple(sorted(found, key=lambda path: _order(path.name), reverse=True))

    def slots(self) -> tuple[Slot, ...]:
        """Return every link of the directory."""
        if not self.directory.is_dir():
            return ()
        links = sorted(path for path in self.directory.glob("phase5-baseline*.json") if path.is_symlink())
        return tuple(Slot(link.name, os.readlink(link), not link.exists()) for link in links)

    def find(self, impl: str) -> Path:
        """Return the baseline of an implementation, or the generic one; raise ShelfError where there is none."""
        for name in (slot_name(impl), GENERIC):
            path = self.directory / name
            if path.is_symlink() and not path.exists():
                raise ShelfError(f"{path}: leads to {os.readlink(path)}, which is not there; save a baseline again")
            if path.exists():
                return path
        raise ShelfError(f"{self.directory}: no baseline; make one with `loadgen report baseline save RUN`")

    def save(self, data: bytes, at: datetime, impl: str) -> Path:
        """Write a baseline and lead both links to it; return the file. Raises ShelfError."""
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            path = self._free(at)
            write_whole(path, data)
            for name in (slot_name(impl), GENERIC):
                self._lead(name, path.name)
        except OSError as error:
            raise ShelfError(f"{self.directory}: the baseline cannot be written ({error.strerror})") from error
        return path

    def _free(self, at: datetime) -> Path:
        """Return a name that is not taken: two baselines of one second get -2, -3, ..."""
        stem, number = f"phase5-baseline-{at:%Y%m%d-%H%M%S}", 1
        while True:
            path = self.directory / (f"{stem}.json" if number == 1 else f"{stem}-{number}.json")
            if not path.exists():
                return path
            number += 1

    def _lead(self, name: str, target: str) -> None:
        beside = self.directory / f".{name}.{os.getpid()}.tmp"
        beside.unlink(missing_ok=True)
        beside.symlink_to(target)
        beside.replace(self.directory / name)


def _order(name: str) -> tuple[str, int]:
    found = _STAMPED.fullmatch(name)
    assert found is not None
    return found[1], int(found[2] or 1)
