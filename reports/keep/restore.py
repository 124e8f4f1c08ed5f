"""Restore a backup: check all of it first, then put every file in its place, or none.

Laws: nothing that is there is overwritten; nothing lands outside of the target; a file whose size, sum or count of rows
differs from the manifest stops everything before anything is in its place.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.errors import InputError, LoadgenError, Problem
from reports.keep.backup import MANIFEST, MANIFEST_VERSION
from reports.keep.tarball import Stored, TarballError, measure, members, sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_LISTED = 10


@dataclass(frozen=True, slots=True)
class Checked:
    """What a backup holds, after every sum was compared; `sum_file` says whether there was one to compare with."""

    path: Path
    created_at: str
    files: tuple[Stored, ...]
    sum_file: bool

    @property
    def rows(self) -> int:
        return sum(item.lines or 0 for item in self.files)


def check(path: Path, into: Path | None = None) -> Checked:
    """Read a backup to its end and compare it with its sum and its manifest; write the files below `into` if given.

    Raises TarballError saying what is wrong.
    """
    if not path.is_file():
        raise InputError([Problem("BACKUP", str(path), "there is no such file")])
    sum_file = _check_sum(path)
    manifest: dict[str, Any] | None = None
    found: dict[str, Stored] = {}
    for name, stream in members(path):
        if name == MANIFEST:
            manifest = _manifest(path, stream.read())
        elif into is None:
            found[name] = measure(name, stream)
        else:
            place = into / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("xb") as file:
                found[name] = measure(name, stream, file)
    if manifest is None:
        raise TarballError(f"{path}: it has no {MANIFEST}: it breaks off, or it is no backup")
    _compare(path, found, manifest)
    return Checked(path, str(manifest.get("created_at", "")), tuple(found.values()), sum_file)


def restore(path: Path, target: Path) -> Checked:
    """Check a backup and put its files below `target`; raise InputError with everything that is there already."""
    target.mkdir(parents=True, exist_ok=True)
    size = sum(item.size for item in check(path).files)
    if size > shutil.disk_usage(target).free:
        raise LoadgenError(f"{target}: no room for {size:,} bytes")
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=target) as staging:
        checked = check(path, Path(staging))
        names = [item.name for item in checked.files]
        _refuse(names, target.resolve())
        done: list[Path] = []
        try:
            for name in names:
                place = target / name
                place.parent.mkdir(parents=True, exist_ok=True)
                os.link(Path(staging) / name, place)  # fails where something appeared meanwhile
                done.append(place)
        except OSError as error:
            for place in done:
                place.unlink(missing_ok=True)
            raise LoadgenError(f"{error.filename2 or target}: cannot be put in its place ({error.strerror})") from error
    return checked


def _refuse(names: Iterable[str], target: Path) -> None:
    there = [name for name in names if os.path.lexists(target / name)]
    outside = [name for name in names if not (target / name).parent.resolve().is_relative_to(target)]
    problems = [Problem("--to", str(target / name), "is there already and is not overwritten") for name in there]
    problems += [Problem("--to", str(target / name), "a link leads out of the target") for name in outside]
    if len(problems) > _MOST_LISTED:
        more = Problem("--to", None, f"and {len(problems) - _MOST_LISTED} more: restore into an empty directory")
        problems = [*problems[:_MOST_LISTED], more]
    if problems:
        raise InputError(problems)


def _check_sum(path: Path) -> bool:
    beside = path.with_name(path.name + ".sha256")
    try:
        words = beside.read_text(encoding="utf-8").split()
    except FileNotFoundError:
        return False
    except (OSError, UnicodeDecodeError) as error:
        raise TarballError(f"{beside}: cannot be read ({error})") from error
    if not words or words[0].lower() != sha256_of(path):
        raise TarballError(f"{path}: its SHA-256 is not the one in {beside.name}: the file is damaged or another one")
    return True


def _manifest(path: Path, data: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise TarballError(f"{path}: its manifest is no JSON ({error})") from error
    if not isinstance(body, dict) or not isinstance(body.get("files"), list):
        raise TarballError(f"{path}: its manifest lists no files")
    if body.get("version") != MANIFEST_VERSION:
        raise TarballError(f"{path}: manifest version {body.get('version')!r}, this program reads {MANIFEST_VERSION}")
    return body


def _compare(path: Path, found: dict[str, Stored], manifest: dict[str, Any]) -> None:
    listed = {}
    for item in manifest["files"]:
        try:
            listed[item["name"]] = Stored(item["name"], item["size"], item["sha256"], item["lines"])
        except (KeyError, TypeError) as error:
            raise TarballError(f"{path}: its manifest is damaged ({error!r})") from error
    wrong = [f"{name} is missing" for name in listed.keys() - found.keys()]
    wrong += [f"{name} is not in the manifest" for name in found.keys() - listed.keys()]
    wrong += [
        _difference(found[name], listed[name]) for name in listed.keys() & found.keys() if found[name] != listed[name]
    ]
    if wrong:
        raise TarballError(f"{path}: {'; '.join(sorted(wrong)[:_MOST_LISTED])}")


def _difference(found: Stored, listed: Stored) -> str:
    if found.lines != listed.lines:
        return f"{found.name} has {found.lines} rows, {listed.lines} were backed up"
    return f"{found.name} has other content than was backed up"
