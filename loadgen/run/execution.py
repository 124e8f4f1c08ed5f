"""A command while it runs, as an execution trace: its steps, and a thread that keeps each newer state of it.

Laws: nobody waits for the file; what is kept is redacted; a trace that cannot be kept is one line for the user and
never the end of a run. A process that is killed leaves the trace as it was: in progress.
"""

from __future__ import annotations

import os
import pwd
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from loadgen.core.background import CLOSE_TIMEOUT_NS, Background
from loadgen.core.clock import SystemClock, WallAnchor
from loadgen.core.errors import ExitCode
from loadgen.core.execution_trace import ExecutionTrace, StepStatus
from loadgen.core.redact import Redactor
from loadgen.core.trace_store import TraceStore, get_trace_store
from loadgen.core.tracing import new_trace_id
from loadgen.run.lock import process_started

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from loadgen.core.clock import Clock
    from loadgen.core.execution_trace import Step
    from loadgen.core.rundir import RunDirectory

_BOUND = 1_000


class Execution:
    """One command under way; `keep_at` says where its trace is kept, before that it is only remembered."""

    def __init__(self, command: str, redactor: Redactor | None = None, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._redactors = [redactor or Redactor()]
        self._store: TraceStore | None = None
        self._added = False
        self._keeper: Background[dict[str, Any]] | None = None
        self.trouble = ""
        pid = os.getpid()
        self.trace = ExecutionTrace(
            trace_id=new_trace_id(),
            command=command,
            user_id=user_name(),
            started=WallAnchor.take(self._clock),
            metadata={"pid": pid, "pid_started": process_started(pid), "version": version("loadgen")},
        )

    def __repr__(self) -> str:
        return f"<Execution of {self.trace.command}, {len(self.trace.steps)} steps, kept in {self._store}>"

    @property
    def trace_id(self) -> str:
        return self.trace.trace_id

    @property
    def kept(self) -> bool:
        """Whether somebody said where the trace is kept."""
        return self._store is not None

    def keep_at(self, results: Path) -> None:
        """Keep the trace below a results directory, from now on with every change; only the first call counts."""
        if self._store is None:
            self._store = get_trace_store(results)
            self._keeper = Background(self._write, name="traces", bound=_BOUND)
            self.save()

    def mask_with(self, redactor: Redactor) -> None:
        """Hide another redactor's secrets, too."""
        self._redactors.append(redactor)

    def note(self, **metadata: Any) -> None:
        """Keep something about the whole execution."""
        self.trace.metadata.update(metadata)
        self.save()

    def name_run(self, place: RunDirectory) -> None:
        """Keep which run this is."""
        self.note(run_id=place.run_id, run_dir=str(place.path.absolute()))

    def begin(self, name: str, **details: Any) -> Step:
        """Begin a step that ends with `end`."""
        step = self.trace.begin(name, self._clock.monotonic_ns(), **details)
        self.save()
        return step

    def end(self, step: Step, status: StepStatus = StepStatus.SUCCESS, **details: Any) -> None:
        """End a step."""
        self.trace.end(step, status, self._clock.monotonic_ns(), **details)
        self.save()

    @contextmanager
    def step(self, name: str, **details: Any) -> Iterator[Step]:
        """Do a step: it fails by what it raises, or by being ended as a failure."""
        step = self.begin(name, **details)
        try:
            yield step
        except BaseException as error:
            self.end(step, StepStatus.FAILURE, error=f"{type(error).__name__}: {error}")
            raise
        self.end(step)

    def close(self, code: int, error: str | None = None, timeout_ns: int = CLOSE_TIMEOUT_NS) -> None:
        """Complete the trace and see that it is kept; `trouble` then says why it could not be."""
        exit_code = ExitCode(code)
        self.trace.metadata.update(exit_code=int(exit_code), exit_meaning=exit_code.meaning)
        self.trace.complete(self._clock.monotonic_ns(), error)
        self.save()
        if self._keeper is not None and not self._keeper.close(timeout_ns):
            self.trouble = self.trouble or "its directory does not answer"

    def save(self) -> None:
        """Hand the trace, as it is now, to the thread that keeps it."""
        if self._keeper is not None:
            value: object = self.trace.to_dict()
            for redactor in self._redactors:
                value = redactor.structure(value)
            assert isinstance(value, dict)
            self._keeper.put(value)

    def _write(self, states: Sequence[dict[str, Any]], _lost: int) -> int:
        """Write the newest of some states; the ones before it say nothing more."""
        if not states or self._store is None:
            return 0
        try:
            (self._store.update if self._added else self._store.add)(states[-1])
        except OSError as error:
            self.trouble = f"{error.filename or self._store.path}: {error.strerror}"
            return len(states)
        self._added = True
        return 0


def user_name() -> str:
    """Return who runs this process: the name of its user, or uid-N where the system has none."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid-{os.getuid()}"
