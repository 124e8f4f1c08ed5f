"""A page of our own metrics in a file for node_exporter's textfile collector.

Laws: a reader sees one whole page or the one before, because the file is replaced; a thread writes, so a disk that
hangs holds nobody up; what could not be written is counted and said at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loadgen.core.background import CLOSE_TIMEOUT_NS, Background
from loadgen.core.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_BOUND = 8
READABLE = 0o644
"""The collector runs as another user."""


class MetricsTextfile:
    """Writes what `page()` returns whenever it is told to."""

    def __init__(self, path: Path, page: Callable[[], str]) -> None:
        self._path = path
        self._page = page
        self._writer = Background[None](self._write, name="metrics-textfile", bound=_BOUND)
        self.trouble = ""

    def __repr__(self) -> str:
        return f"<MetricsTextfile {self._path}>"

    def write(self) -> None:
        """Have the page written as it is soon; when writing takes long, once for several times."""
        self._writer.put(None)

    def close(self, timeout_ns: int = CLOSE_TIMEOUT_NS) -> None:
        """Write what waits; waits a bounded time."""
        if not self._writer.close(timeout_ns):
            self.trouble = self.trouble or f"{self._path}: its disk does not answer"

    def _write(self, asked: Sequence[None], _lost: int) -> int:
        if not asked:
            return 0
        try:
            write_whole(self._path, self._page().encode(), READABLE)
        except OSError as error:
            self.trouble = f"{self._path}: {error.strerror}"
            return len(asked)
        return 0
