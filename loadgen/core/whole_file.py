"""Files that are there whole or not at all, whatever ends the process that writes them."""

from __future__ import annotations

import errno
import os
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_whole(path: Path, data: bytes, mode: int | None = None) -> None:
    """Replace a file: write beside it, sync, rename, sync the directory. Raises OSError.

    The version before stays in place until then, and stays for good where anything fails. `mode` holds before the
    first byte is written; without it that of the version before is kept. A link stays a link: what it leads to is
    replaced. What is no file, such as /dev/null, /dev/stdout or a named pipe, is written to and stays what it is.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as device:
            device.write(data)
        return
    path = path.resolve()
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    beside.unlink(missing_ok=True)
    try:
        with beside.open("xb") as file:
            if mode is None and path.exists():
                mode = path.stat().st_mode & 0o777
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def see_writable(path: Path) -> None:
    """See that `write_whole` can write there, without changing what is there; raise OSError where it cannot."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not path.exists() or path.is_file():  # a device is written to as it is
        with NamedTemporaryFile(prefix=f".{path.name}.", dir=path.resolve().parent):
            pass


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
