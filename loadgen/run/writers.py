"""The thread that writes a run's files, so that no disk can hold up the supervisor's loop.

Laws: jobs run one at a time, in order; the first one that fails is told to the loop once, and the later ones are still
tried, because a full disk may have room for a small file; handing over a job never waits.
"""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

from loadgen.core.background import Background

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Job = Callable[[], None]

_BOUND_JOBS = 20_000
_RESERVE_BYTES = 256 * 1024
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Scribe:
    """Runs file jobs in a thread of its own; `tell_failure` is called in the loop with a sentence, at most once.

    A reserve file in the run directory is given up when the disk is full, so that metadata.json and the summary
    still find room.
    """

    def __init__(self, directory: Path, tell_failure: Callable[[str], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._tell = tell_failure
        self._directory = directory
        self._reserve = directory / ".reserve"
        self._failure: str | None = None
        self._background = Background[tuple[str, "Job"]](self._handle, name="scribe", bound=_BOUND_JOBS)
        self.do("reserve", self._keep_reserve)

    def __repr__(self) -> str:
        return f"<Scribe for {self._directory}: {self._failure or 'well'}, {self._background!r}>"

    @property
    def failure(self) -> str | None:
        """What went wrong first; None while all is well."""
        return self._failure

    def do(self, what: str, job: Job) -> None:
        """Hand over a job; `what` names the file in an error message."""
        if not self._background.put((what, job)):
            self._fail(f"{self._directory} does not keep up: {_BOUND_JOBS} writes are waiting")

    async def done(self, timeout_ns: int) -> bool:
        """Wait, without blocking the loop, until the jobs so far are done; return False after the timeout."""
        finished = asyncio.Event()
        self.do("mark", lambda: self._in_loop(finished.set))
        try:
            await asyncio.wait_for(finished.wait(), timeout_ns / 1e9)
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Give up the reserve and end the thread; a disk that hangs is not waited for longer than two seconds."""
        self.do("reserve", lambda: self._reserve.unlink(missing_ok=True))
        self._background.close()

    def _keep_reserve(self) -> None:
        self._reserve.write_bytes(bytes(_RESERVE_BYTES))

    def _handle(self, jobs: Sequence[tuple[str, Job]], _lost: int) -> int:
        failed = 0
        for what, job in jobs:
            try:
                job()
            except OSError as error:
                failed += 1
                self._on_os_error(what, error)
            except Exception as error:  # noqa: BLE001 - whatever happened in this thread, the loop must know
                failed += 1
                self._fail(f"{what} could not be written: {type(error).__name__}: {error}")
        return failed

    def _on_os_error(self, what: str, error: OSError) -> None:
        if error.errno in _FULL:
            self._reserve.unlink(missing_ok=True)
            self._fail(f"{what} could not be written, the disk is full ({error.strerror}): free space and run again")
        else:
            self._fail(f"{what} could not be written: {error.strerror or error}")

    def _fail(self, sentence: str) -> None:
        if self._failure is None:
            self._failure = sentence
            self._in_loop(lambda: self._tell(sentence))

    def _in_loop(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:  # the loop is closed: the run is over and `failure` has the sentence
            return
