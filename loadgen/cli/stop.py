"""`loadgen stop`: end the run under way in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.core.errors import ExitCode

_POLL_S = 0.1


@click.command()
@click.option("--results", default="results", show_default=True, metavar="DIR", help="Where run directories are.")
@click.option("--timeout", default="30s", show_default=True, metavar="DURATION", help="How long to wait for its end.")
def stop(results: str, timeout: str) -> ExitCode:
    """Stop the run under way: no new request, a short drain, last scrape, files closed.

    Exit code 0 when it ended, 2 when there is none, 3 when it still runs after the timeout. Nothing is ever sent to a
    process that only has the pid of an old run.
    """
    from pathlib import Path

    from loadgen.core.errors import ExitCode
    from loadgen.core.units import parse_duration_ns

    try:
        patience_ns = parse_duration_ns(timeout)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--timeout") from error
    pid = _running(Path(results))
    if pid is None:
        click.echo("loadgen: no run is under way", err=True)
        return ExitCode.USAGE
    if not _end(pid, patience_ns):
        click.echo(f"loadgen: pid {pid} still runs; see loadgen status", err=True)
        return ExitCode.INCOMPLETE
    click.echo(f"stopped pid {pid}")
    return ExitCode.OK


def _running(results: Path) -> int | None:
    """Return the pid of the run under way, by the lock, else by the pid file; say when a pid file is stale."""
    from loadgen.core.rundir import LOAD_PID
    from loadgen.run.lock import holder_of, pid_in_file

    holder = holder_of(results)
    if holder is not None:
        return holder.pid
    pid = pid_in_file(LOAD_PID)
    if pid is None and LOAD_PID.exists():
        click.echo(f"loadgen: {LOAD_PID} is stale: its process is gone", err=True)
    return pid


def _end(pid: int, patience_ns: int) -> bool:
    """Ask the process to end and wait; return whether it did."""
    import os
    import signal
    import time

    from loadgen.core.clock import monotonic_ns
    from loadgen.run.lock import process_started

    started = process_started(pid)
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return True
    deadline_ns = monotonic_ns() + patience_ns
    while process_started(pid) == started and started is not None:
        if monotonic_ns() > deadline_ns:
            return False
        time.sleep(_POLL_S)
    return True
