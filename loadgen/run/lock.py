"""One run at a time, and a way to find it: results/.lock and the pid files.

Laws: exclusivity is the file lock alone, which the kernel gives back when its holder dies; a lock that is given back
leaves no file, and one on a file that is no longer there is none; the start time of a process is checked wherever its
number is used, so a number that another process has by now is recognised as stale.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import orjson

from loadgen.core.errors import LoadgenError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TOLERANCE_S = 1.0


class LockHeldError(LoadgenError):
    """Another run holds the lock."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A running supervisor: its pid, the start time of that process (seconds since the epoch), its run directory."""

    pid: int
    started: float
    run_dir: str

    def alive(self) -> bool:
        """Say whether this very process still runs; False when its number now belongs to another one."""
        started = process_started(self.pid)
        return started is not None and abs(started - self.started) <= _TOLERANCE_S


def process_started(pid: int) -> float | None:
    """Return when a process was created, None when there is none (a zombie counts as none)."""
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.Error:
        return None


def write_pid_file(path: Path, pid: int) -> None:
    """Write the pid and nothing else, so that `ps -fp $(cat phase5-load.pid)` works."""
    path.write_text(f"{pid}\n", encoding="ascii")


def pid_in_file(path: Path) -> int | None:
    """Return the pid that a file names if its process runs and is older than the file; None when it is stale.

    A process that took over the number after the run's end is younger than the file.
    """
    try:
        pid, written = int(path.read_text(encoding="ascii")), path.stat().st_mtime
    except (OSError, ValueError):
        return None
    started = process_started(pid)
    return pid if started is not None and started <= written + _TOLERANCE_S else None


def remove_pid_file(path: Path, pid: int) -> None:
    """Remove a pid file that names this process; one of another run stays."""
    try:
        ours = path.read_text(encoding="ascii").strip() == str(pid)
    except OSError:
        return
    if ours:
        path.unlink(missing_ok=True)


def holder_of(results: Path) -> Holder | None:
    """Return who runs below a results directory; None when nobody does, whatever an old lock file says."""
    try:
        detail = orjson.loads((results / ".lock").read_bytes())
        holder = Holder(int(detail["pid"]), float(detail["started"]), str(detail["run_dir"]))
    except (OSError, KeyError, TypeError, ValueError):
        return None
    return holder if holder.alive() else None


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """Hold a directory for this process, leaving no file in it; raise LockHeldError when another process does.

    Raises LoadgenError when it cannot be held.
    """
    try:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise LoadgenError(f"{directory} cannot be opened: {error.strerror}") from error
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LockHeldError(f"{directory}: another command goes on with this run already") from error
        yield
    finally:
        os.close(fd)


class RunLock:
    """The exclusive right to run below a results directory; a context manager."""

    def __init__(self, results: Path) -> None:
        self._path = results / ".lock"
        self._fd: int | None = None

    def __repr__(self) -> str:
        return f"<RunLock {self._path} {'held' if self._fd is not None else 'free'}>"

    def __enter__(self) -> Self:
        """Take the lock; raise LockHeldError naming the holder, LoadgenError when it cannot be made."""
        fd = self._take()
        while not self._is_the_file(fd):  # its holder removed it between our opening and our locking it
            os.close(fd)
            fd = self._take()
        self._fd = fd
        self.name_run("")
        return self

    def _take(self) -> int:
        """Open the file and lock it; return its descriptor."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise LoadgenError(f"{self._path} cannot be made: {error.strerror}") from error
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(fd)
            holder = holder_of(self._path.parent)
            who = "" if holder is None else f" (pid {holder.pid}, {holder.run_dir or 'in its preflight'})"
            raise LockHeldError(
                f"another run is under way{who}: wait for it (loadgen wait) or end it (loadgen stop)"
            ) from error
        return fd

    def _is_the_file(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self._path.stat())
        except FileNotFoundError:
            return False

    def name_run(self, run_dir: str) -> None:
        """Write into the lock file who holds it and for which run directory."""
        if self._fd is None:
            raise RuntimeError("the lock is not held")
        pid = os.getpid()
        detail = orjson.dumps({"pid": pid, "started": process_started(pid) or 0.0, "run_dir": run_dir})
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, detail + b"\n", 0)

    def __exit__(self, *_exc: object) -> None:
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            with suppress(OSError):  # an empty file that stays locks nobody out
                if self._is_the_file(self._fd):
                    self._path.unlink()
            os.close(self._fd)
            self._fd = None
