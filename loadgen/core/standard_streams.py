"""The standard streams of a command: there from its first line on, and never what decides how it ends.

Laws: only an entry point calls this, before anything opens a file; a reader that has left (`| head`, a `tee` that
Ctrl-C ended) changes neither what is done nor the exit code; output that nobody asked to lose is an error, told once.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TYPE_CHECKING, cast

from loadgen.core.errors import LoadgenError

if TYPE_CHECKING:
    from typing import TextIO

    from _typeshed import ReadableBuffer

_IN, _OUT, _ERR = 0, 1, 2


def keep_standard_streams() -> None:
    """Open on /dev/null what is closed of the three, and have stdout and stderr outlive their readers.

    A closed one would have its number taken by the next file that is opened, which children then print into. Afterwards
    a full disk behind stdout raises LoadgenError where something is printed; behind stderr there is nobody to tell.
    """
    for fd in (_IN, _OUT, _ERR):
        if not _is_open(fd):
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
            os.set_inheritable(fd, True)
    if sys.stdin is None:
        sys.stdin = open(_IN, encoding="utf-8", closefd=False)  # noqa: SIM115 - it is open for good
    sys.stdout = _outliving(sys.stdout, _OUT)
    sys.stderr = _outliving(sys.stderr, _ERR)


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


def _outliving(stream: TextIO | None, fd: int) -> TextIO:
    if stream is not None:
        stream.flush()
    buffer = io.BufferedWriter(_Outliving(fd))
    encoding = "utf-8" if stream is None else stream.encoding
    errors = "backslashreplace" if stream is None or stream.errors is None else stream.errors
    lines = fd == _ERR or buffer.isatty()
    return cast("TextIO", io.TextIOWrapper(buffer, encoding=encoding, errors=errors, line_buffering=lines))


class _Outliving(io.FileIO):
    """A descriptor that swallows what is written after its reader left, or after a failure that has been told."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd, "wb", closefd=False)
        self._lost = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write; raise LoadgenError once when stdout cannot take it for a reason other than that nobody reads."""
        if not self._lost:
            try:
                return super().write(data)
            except OSError as error:
                self._lost = True
                if self.fileno() == _OUT and not isinstance(error, BrokenPipeError):
                    raise LoadgenError(f"standard output cannot be written: {error.strerror}") from error
        return memoryview(data).nbytes
