"""JSON lines with fixed names, secrets masked, written without ever making the caller wait.

Laws: a line has ts, level, service, fn, trace_id, correlation_id, user_id, cmd, msg in this order where known, then
the extras; no extra and no context replaces one of them; every value passes the Redactor; levels are debug, info,
warn and error. A line that cannot be written is counted, and the count is the next line that can.
"""

from __future__ import annotations

import sys
import traceback
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BufferedWriter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import orjson
import structlog
from structlog.contextvars import bind_contextvars, bound_contextvars, clear_contextvars, merge_contextvars

from loadgen.core.background import CLOSE_TIMEOUT_NS, Background

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping, Sequence
    from io import RawIOBase
    from typing import BinaryIO

    from structlog.typing import Processor

    from loadgen.core.redact import Redactor

IDENTITY_FIELDS = ("trace_id", "correlation_id", "user_id")
"""Who and what a line belongs to: bound or in the context once, and then the same for every line."""

FIELDS = ("ts", "level", "service", "fn", *IDENTITY_FIELDS, "cmd", "msg")
LEVELS = ("debug", "info", "warn", "error")

_LEVEL_OF = {"warning": "warn", "critical": "error", "fatal": "error", **{level: level for level in LEVELS}}
_CALL = "_call"
_BOUND_LINES = 10_000
_INT64 = 2**63


def set_context(**fields: object) -> None:
    """Give fields to every later line of this task (or thread) and of the tasks it starts."""
    bind_contextvars(**fields)


def clear_context() -> None:
    """Forget every field that `set_context` gave in this task."""
    clear_contextvars()


@contextmanager
def context(**fields: object) -> Iterator[None]:
    """Give fields to the lines of a block, and restore what was before."""
    with bound_contextvars(**fields):
        yield


class Log(structlog.BoundLoggerBase):
    """A logger: `msg` says what happened, fields say with what; `exc_info` (True or an exception) adds a traceback.

    Usable from any thread, with or without an event loop. `bind(**fields)` returns a logger with more fields.
    """

    def debug(self, msg: str, /, **fields: object) -> None:
        self._proxy_to_logger("debug", msg, **{_CALL: fields})

    def info(self, msg: str, /, **fields: object) -> None:
        self._proxy_to_logger("info", msg, **{_CALL: fields})

    def warn(self, msg: str, /, **fields: object) -> None:
        self._proxy_to_logger("warn", msg, **{_CALL: fields})

    def error(self, msg: str, /, **fields: object) -> None:
        self._proxy_to_logger("error", msg, **{_CALL: fields})

    def exception(self, msg: str, /, **fields: object) -> None:
        """Log an error with the traceback of the exception being handled."""
        self._proxy_to_logger("error", msg, **{_CALL: {"exc_info": True, **fields}})

    def log(self, level: str, msg: str, /, **fields: object) -> None:
        """Log at a level given by name, as it comes from a child; raise ValueError for an unknown one."""
        name = _LEVEL_OF.get(level.lower())
        if name is None:
            raise ValueError(f"unknown log level {level!r}: it is one of {', '.join(LEVELS)}")
        self._proxy_to_logger(name, msg, **{_CALL: fields})

    @property
    def lost(self) -> int:
        """Lines that could not be written, so far."""
        return self._lines.lost

    def flush(self, timeout_ns: int = CLOSE_TIMEOUT_NS) -> bool:
        """Wait until every line so far has reached the file; return False when that took too long."""
        return self._lines.flush(timeout_ns)

    def close(self, timeout_ns: int = CLOSE_TIMEOUT_NS) -> bool:
        """Write what is queued and close the file; return whether that was done in time."""
        return self._lines.close(timeout_ns)

    @property
    def _lines(self) -> _Lines:
        lines = self._logger
        assert isinstance(lines, _Lines)
        return lines


def open_log(target: Path | BinaryIO, service: str, redactor: Redactor, *, debug: bool = False, **bound: object) -> Log:
    """Open a log that appends to a file, or writes to an open binary stream, which stays open.

    `service` stands in every line, and so does what is `bound` (`correlation_id` is the run id). Lines of level debug
    are left out unless `debug`. Raises OSError when the file cannot be opened.
    """
    stamp = _Stamp(service, redactor)
    lines = _Lines(target, service)
    chain: list[Processor] = [merge_contextvars, stamp, _render]
    if not debug:
        chain.insert(0, _drop_debug)
    return Log(lines, chain, dict(bound))


def _drop_debug(_logger: object, level: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if level == "debug":
        raise structlog.DropEvent
    return fields


class _Stamp:
    """Puts a line together: the fixed fields in their order, then the rest, everything redacted."""

    def __init__(self, service: str, redactor: Redactor) -> None:
        self._service = service
        self._redactor = redactor

    def __call__(self, _logger: object, level: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        msg = fields.pop("event")
        call: dict[str, Any] = dict(fields.pop(_CALL, {}))
        around = dict(fields)
        known: dict[str, Any] = {
            "ts": datetime.now(UTC).isoformat(),
            "level": level,
            "service": self._service,
            "msg": str(msg),
        }
        for name in IDENTITY_FIELDS:
            if around.get(name) is not None:
                known[name] = around.pop(name)
            elif call.get(name) is not None:
                known[name] = call.pop(name)
        for name in ("fn", "cmd"):
            source = call if call.get(name) is not None else around
            if source.get(name) is not None:
                known[name] = source.pop(name)
            around.pop(name, None)
        extras = {**around, **call}
        trouble = _exception_of(extras.pop("exc_info", None))
        if trouble is not None:
            extras["exception"] = "".join(traceback.format_exception(trouble)).rstrip()
        line = {name: known[name] for name in FIELDS if name in known}
        line.update(_renamed(extras))
        masked = self._redactor.structure(line)
        assert isinstance(masked, dict)
        return masked


def _renamed(extras: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the extras, those with a reserved name as `extra_<name>`: nothing is replaced and nothing is lost."""
    for name, value in extras.items():
        if name not in FIELDS:
            yield name, value
        elif value is not None:
            yield f"extra_{name}", value


def _exception_of(exc_info: object) -> BaseException | None:
    if isinstance(exc_info, BaseException):
        return exc_info
    if isinstance(exc_info, tuple) and len(exc_info) == 3:
        return exc_info[1] if isinstance(exc_info[1], BaseException) else None
    return sys.exc_info()[1] if exc_info else None


class _Lines:
    """The end of the chain: a file behind a writer thread, which says itself how many lines it lost."""

    def __init__(self, target: Path | BinaryIO, service: str) -> None:
        self._service = service
        self._file: BinaryIO | RawIOBase = _unbuffered(target)
        self._owned = isinstance(target, Path)
        self._reported = 0
        self._torn = False
        self._writer = Background[bytes](self._write_all, name=f"log-{service}", bound=_BOUND_LINES)

    def __repr__(self) -> str:
        return f"<lines to {self._file!r}>"

    def write(self, line: bytes) -> None:
        self._writer.put(line)

    debug = info = warn = error = write

    @property
    def lost(self) -> int:
        return self._writer.lost

    def flush(self, timeout_ns: int) -> bool:
        return self._writer.flush(timeout_ns)

    def close(self, timeout_ns: int) -> bool:
        done = self._writer.close(timeout_ns)
        if done and self._owned:
            self._file.close()
        return done

    def _write_all(self, lines: Sequence[bytes], lost: int) -> int:
        if lost > self._reported and self._write(self._loss(lost - self._reported)):
            self._reported = lost
        return sum(not self._write(line) for line in lines)

    def _loss(self, count: int) -> bytes:
        msg = f"{count} log lines could not be written and are missing here"
        fields = {"ts": datetime.now(UTC).isoformat(), "level": "warn", "service": self._service, "msg": msg}
        return render_line({**fields, "lost": count})

    def _write(self, line: bytes) -> bool:
        """Write a whole line; after one that was cut off (a full disk) begin a new line first."""
        rest = memoryview(b"\n" + line if self._torn else line)
        try:
            while rest:
                written = self._file.write(rest)
                if written is None:  # a descriptor that does not block, and has no room
                    return False
                self._torn = written < len(rest)
                rest = rest[written:]
            self._file.flush()
        except (OSError, ValueError):  # counted by the caller, and reported in the next line that gets through
            return False
        return True


def _unbuffered(target: Path | BinaryIO) -> BinaryIO | RawIOBase:
    """Return what to write to: never a buffer, whose lock a thread that hangs in it keeps when the process leaves."""
    if isinstance(target, Path):
        return target.open("ab", buffering=0)
    if isinstance(target, BufferedWriter):
        target.flush()
        return cast("RawIOBase", target.raw)
    return target


def _render(_logger: object, _level: str, line: MutableMapping[str, Any]) -> bytes:
    return render_line(dict(line))


def render_line(line: dict[str, Any]) -> bytes:
    """Write one object as a JSON line; whatever JSON has no form for becomes text."""
    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
    try:
        return orjson.dumps(line, default=str, option=options)
    except (orjson.JSONEncodeError, RecursionError):
        return orjson.dumps(_plain(line), option=options)


def _plain(value: object, depth: int = 0) -> object:
    """Return a copy that JSON can hold: huge integers, broken surrogates and deep nests as text."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, bool | float | None):
        return value
    if isinstance(value, int) and -_INT64 <= value < _INT64:
        return int(value)
    if depth < 20 and isinstance(value, dict):
        return {str(_plain(str(name))): _plain(item, depth + 1) for name, item in value.items()}
    if depth < 20 and isinstance(value, list | tuple):
        return [_plain(item, depth + 1) for item in value]
    return _plain(str(value))
