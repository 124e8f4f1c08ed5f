"""Write and read .tar.gz files: the same content gives the same bytes, and nothing but plain files goes in or out."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Protocol

from loadgen.core.errors import LoadgenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

_CHUNK = 1 << 20
_IGNORED = frozenset({".reserve", ".lock", ".alerts.json", ".alerts.json.lock", ".traces.jsonl", ".traces.lock"})


_DAMAGE = (OSError, EOFError, tarfile.TarError, zlib.error)


class Readable(Protocol):
    """What a member's content is read from."""

    def read(self, size: int = -1, /) -> bytes: ...


class TarballError(LoadgenError):
    """A tarball that is damaged, or holds what it must not."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One file as it was stored: `lines` counts its line ends where it is a table of lines, else None."""

    name: str
    size: int
    sha256: str
    lines: int | None = None


class _Counting:
    """Passes bytes through and keeps their sum and count of line ends."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()
        self.lines = 0

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.sha256.update(data)
        self.lines += data.count(b"\n")
        return data


class TarballWriter:
    """Writes a .tar.gz member by member; use it as a context manager. Members carry one time and no owner."""

    def __init__(self, path: Path, mtime_s: int) -> None:
        self._raw = path.open("wb")
        self._gzip = gzip.GzipFile(filename="", mode="wb", fileobj=self._raw, compresslevel=6, mtime=0)
        self._tar = tarfile.open(fileobj=self._gzip, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115 - see __exit__
        self._mtime_s = mtime_s

    def __enter__(self) -> TarballWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()
        self._gzip.close()
        self._raw.close()

    def add_file(self, name: str, path: Path) -> Stored:
        """Store a file; one that grows meanwhile is stored as it was, one that shrinks raises TarballError."""
        size = path.stat().st_size
        with path.open("rb") as file:
            counting = _Counting(file)
            try:
                self._tar.addfile(self._info(name, size), counting)
            except OSError as error:
                raise TarballError(f"{path}: it changed while it was read ({error})") from error
        return Stored(name, size, counting.sha256.hexdigest(), counting.lines if is_table(name) else None)

    def add_bytes(self, name: str, data: bytes) -> None:
        """Store a text of our own."""
        self._tar.addfile(self._info(name, len(data)), io.BytesIO(data))

    def _info(self, name: str, size: int) -> tarfile.TarInfo:
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = size, self._mtime_s, 0o644
        return info


class _Sound:
    """A member's content, whose damage is a TarballError."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self._path = path
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        try:
            return self._stream.read(size)
        except _DAMAGE as error:
            raise TarballError(f"{self._path}: damaged or no .tar.gz ({error})") from error


def is_table(name: str) -> bool:
    """Say whether a file's lines are worth counting."""
    return name.endswith((".csv", ".jsonl"))


def plain_files(root: Path) -> tuple[list[Path], list[Path]]:
    """Return the files below a directory in order, and what is left out: sockets, and links that lead elsewhere.

    A link to a file below the same directory counts as that file: baselines are named by such links.
    """
    files, others = [], []
    inside = root.resolve()
    for path in sorted(root.rglob("*")):
        leads_out = path.is_symlink() and not (path.is_file() and path.resolve().is_relative_to(inside))
        if leads_out or not (path.is_file() or path.is_dir()):
            others.append(path)
        elif path.is_file() and path.name not in _IGNORED and path.suffix != ".tmp":
            files.append(path)
    return files, others


def members(path: Path) -> Iterator[tuple[str, Readable]]:
    """Yield every member's name with a stream of its content, in order; raise TarballError for anything unsafe.

    A name that is absolute, climbs with `..` or comes twice, a link or a device, and a file that breaks off are all
    unsafe.
    """
    seen: set[str] = set()
    try:
        with tarfile.open(path, "r:gz") as tar:
            for info in tar:
                name = _safe_name(path, info, seen)
                stream = tar.extractfile(info)
                assert stream is not None
                yield name, _Sound(path, stream)
        with gzip.open(path) as whole:  # tarfile stops at the end mark: read on to the checksum of gzip itself
            while whole.read(_CHUNK):
                pass
    except _DAMAGE as error:
        raise TarballError(f"{path}: damaged or no .tar.gz ({error})") from error


def _safe_name(path: Path, info: tarfile.TarInfo, seen: set[str]) -> str:
    pure = PurePosixPath(info.name)
    if not info.isreg():
        raise TarballError(f"{path}: {info.name} is no plain file")
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\0" in info.name or "\\" in info.name:
        raise TarballError(f"{path}: {info.name} would lie outside of its place")
    if str(pure) in seen:
        raise TarballError(f"{path}: {info.name} is there twice")
    seen.add(str(pure))
    return str(pure)


def measure(name: str, stream: Readable, into: BinaryIO | None = None) -> Stored:
    """Read a member to its end, writing it on where asked, and return what it is."""
    total, lines, digest = 0, 0, hashlib.sha256()
    while data := stream.read(_CHUNK):
        total += len(data)
        lines += data.count(b"\n")
        digest.update(data)
        if into is not None:
            into.write(data)
    return Stored(name, total, digest.hexdigest(), lines if is_table(name) else None)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_sum(path: Path) -> tuple[str, Path]:
    """Write `PATH.sha256` as `sha256sum -c` reads it; return the sum and the file."""
    digest = sha256_of(path)
    beside = path.with_name(path.name + ".sha256")
    beside.write_text(f"{digest}  {path.name}\n", encoding="utf-8")
    return digest, beside
