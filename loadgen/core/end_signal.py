"""Signals that ask a process to end, for those that wait without an event loop.

Law: asking twice, or while `wait` is at any of its steps, never blocks. A threading.Event does: its `set` in a handler
waits for the lock that the interrupted `wait` holds, for ever.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType
    from typing import Self

    Handler = Callable[[int, FrameType | None], object] | int | None


class EndSignal:
    """Whether one of these signals has come, while the block lasts; in the main thread only."""

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = numbers
        self._before: list[Handler] = []
        self._read_fd, self._write_fd = os.pipe()
        os.set_blocking(self._write_fd, False)

    def __repr__(self) -> str:
        return f"<EndSignal for {', '.join(one.name for one in self._numbers)}>"

    def __enter__(self) -> Self:
        self._before = [signal.signal(number, self._ask) for number in self._numbers]
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in zip(self._numbers, self._before, strict=True):
            signal.signal(number, signal.SIG_DFL if before is None else before)
        os.close(self._read_fd)
        os.close(self._write_fd)

    def wait(self, timeout_s: float) -> bool:
        """Wait at most so long, 0 to look only; return whether a signal has come."""
        return bool(select.select([self._read_fd], [], [], timeout_s)[0])

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        with suppress(BlockingIOError):  # full of signals: one is enough
            os.write(self._write_fd, b".")
