"""Back up results, baselines and thresholds as one verified file, and keep such files for some days.

Laws: a backup counts only after it was read back and every file compared; what is pruned is told from other files by
its whole name; the newest backup is never pruned.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import orjson

from loadgen.core.clock import iso_utc
from loadgen.core.errors import InputError, LoadgenError, Problem
from reports.keep.tarball import TarballError, TarballWriter, measure, members, plain_files, write_sum

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reports.keep.tarball import Stored

MANIFEST = "backup-manifest.json"
MANIFEST_VERSION = 1
_NAME = re.compile(r"loadgen-backup-(\d{8}-\d{6})\.tar\.gz")


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup came to."""

    path: Path
    sha256: str
    files: int
    rows: int
    left_out: tuple[str, ...]
    pruned: tuple[str, ...]


def back_up(sources: Sequence[Path], target: Path, at: datetime, keep: timedelta) -> BackedUp:
    """Back up files and directories below `target` and prune backups older than `keep`.

    Raises InputError with every source that is missing or cannot be told from another by its name, LoadgenError when
    nothing can be written or what was written reads back otherwise.
    """
    named, left_out = _named(sources, target)
    final = target / f"loadgen-backup-{at.astimezone(UTC):%Y%m%d-%H%M%S}.tar.gz"
    if final.exists():
        raise InputError([Problem("--to", str(final), "is there already: wait a second")])
    beside = final.with_name(f"{final.name}.{os.getpid()}.tmp")
    try:
        target.mkdir(parents=True, exist_ok=True)
        stored = _write(beside, named, at)
        _verify(beside, stored)
        beside.replace(final)
        digest, _ = write_sum(final)
        pruned = prune(target, at - keep, final)
    except OSError as error:
        raise LoadgenError(f"{final}: cannot be written ({error.strerror})") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    rows = sum(item.lines or 0 for item in stored)
    return BackedUp(final, digest, len(stored), rows, tuple(map(str, left_out)), pruned)


def backups(target: Path) -> list[tuple[datetime, Path]]:
    """Return the backups of a directory with their times, oldest first."""
    found = []
    for path in target.iterdir() if target.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match:
            found.append((datetime.strptime(match[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC), path))
    return sorted(found)


def prune(target: Path, before: datetime, newest: Path) -> tuple[str, ...]:
    """Remove backups that are older, with their sums, and return their names."""
    gone = [path for at, path in backups(target) if at < before and path != newest]
    for path in gone:
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".sha256").unlink(missing_ok=True)
    return tuple(path.name for path in gone)


def _named(sources: Sequence[Path], target: Path) -> tuple[list[tuple[str, Path]], list[Path]]:
    """Return every file with its name in the backup (the source's own name first), and what is left out."""
    problems = [
        Problem("SOURCE", str(path), "there is no such file or directory") for path in sources if not path.exists()
    ]
    names = [path.resolve().name for path in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    problems += [Problem("SOURCE", name, "two sources have this name: back them up apart") for name in twice]
    if problems:
        raise InputError(problems)
    named: list[tuple[str, Path]] = []
    left_out: list[Path] = []
    own = target.resolve()
    for source in sources:
        root = source.resolve()
        files, others = ([root], []) if root.is_file() else plain_files(root)
        left_out += others
        for path in files:
            if own not in path.parents:  # backups below a source are not backed up again
                inner = "" if path == root else "/" + path.relative_to(root).as_posix()
                named.append((root.name + inner, path))
    return named, left_out


def _write(path: Path, named: list[tuple[str, Path]], at: datetime) -> list[Stored]:
    with TarballWriter(path, int(at.timestamp())) as tarball:
        stored = [tarball.add_file(name, file) for name, file in named]
        body = {
            "version": MANIFEST_VERSION,
            "created_at": iso_utc(at),
            "files": [asdict(item) for item in stored],
        }
        tarball.add_bytes(MANIFEST, orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return stored


def _verify(path: Path, stored: list[Stored]) -> None:
    found = {name: measure(name, stream) for name, stream in members(path) if name != MANIFEST}
    if found != {item.name: item for item in stored}:
        raise TarballError(f"{path}: read back, it does not hold what was backed up")
