"""A command with an execution trace: made at its begin, completed at its end, however that comes."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loadgen.core.errors import ExitCode
    from loadgen.run.execution import Execution


class Terminated(SystemExit):
    """SIGTERM came while nobody else listened for it."""


def traced_to_its_code(command: str, results: object, work: Callable[[Execution], int]) -> ExitCode:
    """Do the work of a command and say its exit code as the last line, also when it raises or is interrupted."""
    import click

    from loadgen.cli.hide import secrets_in
    from loadgen.core.errors import ExitCode, LoadgenError
    from loadgen.core.redact import Redactor

    try:
        code = traced(command, results, work)
    except LoadgenError as error:
        click.echo(Redactor(secrets_in([], os.environ)).text(f"loadgen: {error}"), err=True)
        code = error.exit_code
    except Terminated:
        code = ExitCode.SIGTERM
    except KeyboardInterrupt:  # before the run began, or after it: while it lasts the supervisor hears it
        code = ExitCode.SIGINT
    click.echo(f"loadgen exit {int(code)} ({code.meaning})", err=True)
    return code


def traced(command: str, results: object, work: Callable[[Execution], int]) -> ExitCode:
    """Do the work of a command and return its exit code; what it raises is in the trace, and is raised again.

    A SIGTERM that the work does not hear by itself, as in preflight, ends it with Terminated and a line that says so.
    The work says where the trace is kept as soon as it knows. When it never came so far, the trace is kept where
    `results` or OUT_DIR say, if that directory is there: an error in the settings makes no directory.
    """
    from pathlib import Path

    from loadgen.cli.hide import secrets_in
    from loadgen.core.errors import ExitCode, LoadgenError
    from loadgen.core.redact import Redactor
    from loadgen.core.rundir import RESULTS
    from loadgen.run.execution import Execution

    execution = Execution(command, Redactor(secrets_in([], os.environ)))
    error: str | None = None
    code = ExitCode.USAGE
    try:
        with _sigterm_ends():
            code = ExitCode(work(execution))
    except Terminated:
        code = ExitCode.SIGTERM
        error = code.meaning
        sys.stderr.write(f"loadgen: {error}\n")
        raise
    except LoadgenError as failure:
        code, error = failure.exit_code, str(failure)
        raise
    except BaseException as failure:
        code = ExitCode.SIGINT if isinstance(failure, KeyboardInterrupt) else ExitCode.USAGE
        error = f"{type(failure).__name__}: {failure}".rstrip(": ")
        raise
    finally:
        place = Path(str(results or os.environ.get("OUT_DIR") or RESULTS))
        if not execution.kept and place.is_dir():
            execution.keep_at(place)
        execution.close(code, error)
        if execution.trouble:
            sys.stderr.write(f"loadgen: the execution trace could not be kept: {execution.trouble}\n")
    return code


@contextmanager
def _sigterm_ends() -> Iterator[None]:
    """Have SIGTERM raise Terminated meanwhile, so that children are ended and the trace is completed."""
    from loadgen.core.errors import ExitCode

    def end(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one would cut the end short
        raise Terminated(ExitCode.SIGTERM)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)
