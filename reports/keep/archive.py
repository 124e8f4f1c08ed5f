"""Archive a run directory: one .tar.gz that is the same for the same run, its sum, and what is inside."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from loadgen.core.clock import iso_utc
from loadgen.core.errors import InputError, LoadgenError, Problem
from loadgen.core.metadata import Status
from reports.keep.scan import find_secrets
from reports.keep.tarball import TarballWriter, measure, members, plain_files, sha256_of, write_sum

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from loadgen.core.redact import Secret
    from reports.keep.tarball import Stored
    from reports.model.run import Run

CHECKSUMS = "checksums.txt"
_READ_ONLY = 0o444


@dataclass(frozen=True, slots=True)
class Archived:
    """What an archive came to; `new` is False where the very same one was there already."""

    path: Path
    sha256: str
    files: int
    samples: int
    new: bool
    remarks: tuple[str, ...]


def archive_run(run: Run, place: Path, target: Path, secrets: Sequence[Secret], at: datetime) -> Archived:
    """Archive the run directory `place` below `target`.

    Raises InputError when a file holds a secret or another archive has the name, LoadgenError when nothing can be
    written. The archive is read back before it gets its name.
    """
    root = place.resolve()
    files, others = plain_files(root)
    named = [(f"{root.name}/{path.relative_to(root).as_posix()}", path) for path in files]
    _refuse_secrets(find_secrets(named, secrets))
    remarks = [f"left out, since it is no plain file: {path.relative_to(root)}" for path in others]
    if run.status == Status.RUNNING:
        remarks.append("the run has not ended, or it was killed: this archive holds what is there now")
    final = target / f"{root.name}.tar.gz"
    beside = final.with_name(f"{final.name}.{os.getpid()}.tmp")
    try:
        target.mkdir(parents=True, exist_ok=True)
        stored = _write(beside, named, root.name, int(run.started.timestamp()) if run.started else 0)
        _verify(beside, stored)
        new = _settle(beside, final)
        digest, _ = (sha256_of(final), None) if not new else write_sum(final)
    except OSError as error:
        raise LoadgenError(f"{final}: cannot be written ({error.strerror})") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
    archived = Archived(final, digest, len(stored), len(run.rows), new, tuple(remarks))
    if new:
        _write_metadata(archived, run, root, at)
    return archived


def make_read_only(archived: Archived) -> None:
    """Take the right to write away from an archive and the files beside it."""
    for path in (archived.path, *(_beside(archived.path, end) for end in (".tar.gz.sha256", ".archive-metadata.json"))):
        if path.exists():
            path.chmod(_READ_ONLY)


def _refuse_secrets(found: list[str]) -> None:
    if found:
        remedy = "looks like a secret: take it out of the file before it leaves this host"
        raise InputError([Problem(where, None, remedy) for where in found])


def _write(path: Path, named: list[tuple[str, Path]], root: str, mtime_s: int) -> list[Stored]:
    with TarballWriter(path, mtime_s) as tarball:
        stored = [tarball.add_file(name, file) for name, file in named]
        sums = "".join(f"{item.sha256}  {item.name.removeprefix(root + '/')}\n" for item in stored)
        tarball.add_bytes(f"{root}/{CHECKSUMS}", sums.encode())
    return stored


def _verify(path: Path, stored: list[Stored]) -> None:
    """Read the archive back and compare every file; raise LoadgenError when one differs."""
    expected = {item.name: item for item in stored}
    found = {name: measure(name, stream) for name, stream in members(path)}
    wrong = [name for name, item in expected.items() if found.get(name) != item]
    if wrong:
        raise LoadgenError(f"{path}: read back, these files differ: {', '.join(wrong)}")


def _settle(beside: Path, final: Path) -> bool:
    """Give the archive its name; False when the same one has it already, InputError when another one has."""
    if not final.exists():
        beside.replace(final)
        return True
    if sha256_of(final) == sha256_of(beside):
        return False
    remedy = "is there with other content: remove it, or archive elsewhere with --to"
    raise InputError([Problem("DIRECTORY", str(final), remedy)])


def _write_metadata(archived: Archived, run: Run, source: Path, at: datetime) -> None:
    body = {
        "source": source.name,
        "run_id": run.name,
        "status": run.status,
        "archived_at": iso_utc(at),
        "samples": archived.samples,
        "total_files": archived.files,
        "checksums_file": CHECKSUMS,
        "archive": archived.path.name,
        "sha256": archived.sha256,
        "bytes": archived.path.stat().st_size,
        "remarks": list(archived.remarks),
    }
    data = orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    _beside(archived.path, ".archive-metadata.json").write_bytes(data)


def _beside(archive: Path, ending: str) -> Path:
    return archive.with_name(archive.name.removesuffix(".tar.gz") + ending)
