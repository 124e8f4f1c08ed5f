"""Asks from outside: Ctrl-C, SIGTERM, SIGHUP and the stop file, as causes to end.

Laws: handlers are in place for the run only and the old ones come back; a detached run does not hear SIGHUP; the stop
file is looked for by a thread, since a file system may hang.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from typing import TYPE_CHECKING, Any, Self

from loadgen.run.ending import Cause

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.run.ending import End

_POLL_S = 0.25


class OutsideAsks:
    """A context manager: signals and the stop file become `End.ask` while it is entered."""

    def __init__(self, end: End, stop_file: Path | None, *, detached: bool) -> None:
        self._end = end
        self._stop_file = stop_file
        self._detached = detached
        self._loop = asyncio.get_running_loop()
        self._over = threading.Event()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        causes = {signal.SIGINT: Cause.SIGINT, signal.SIGTERM: Cause.SIGTERM}
        if not self._detached:
            causes[signal.SIGHUP] = Cause.SIGHUP
        for number, cause in causes.items():
            self._before[number] = signal.getsignal(number)
            self._loop.add_signal_handler(number, self._hear, cause)
        if self._detached:
            self._before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if self._stop_file is not None:
            threading.Thread(target=self._look, args=(self._stop_file,), name="stop-file", daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._over.set()
        for number, handler in self._before.items():
            self._loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    def _hear(self, cause: Cause) -> None:
        self._end.ask(cause)

    def _look(self, stop_file: Path) -> None:
        while not self._over.wait(_POLL_S):
            if stop_file.exists():
                self._loop.call_soon_threadsafe(self._end.ask, Cause.STOP_FILE, str(stop_file))
                return
