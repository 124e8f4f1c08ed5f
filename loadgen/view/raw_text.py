"""A text stream that holds nothing back: what is written is at the terminal, or the writer is still waiting.

Reason: a thread that hangs in the buffer of `sys.stdout` keeps its lock, and the interpreter cannot leave then.
"""

from __future__ import annotations

import io
import os
from typing import TextIO


class RawText(io.TextIOBase):
    """Writes to the descriptor of a stream, past its buffers; to the stream itself where there is no descriptor."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        try:
            self._descriptor: int | None = stream.fileno()
            stream.flush()
        except (OSError, ValueError):
            self._descriptor = None

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self._stream.isatty()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def write(self, text: str, /) -> int:
        """Write all of the text, waiting as long as it takes; raise OSError when the reader is gone."""
        if self._descriptor is None:
            self._stream.write(text)
            return len(text)
        rest = memoryview(text.encode(self._encoding, "replace"))
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]
        return len(text)

    def flush(self) -> None:
        if self._descriptor is None:
            self._stream.flush()
