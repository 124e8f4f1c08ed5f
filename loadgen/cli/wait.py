"""`loadgen wait`: until a run has ended, with its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

_POLL_S = 0.25


@click.command()
@click.argument("run_dir", required=False, type=click.Path(exists=True, file_okay=False), metavar="[DIR]")
@click.option("--results", default="results", show_default=True, metavar="DIR", help="Where run directories are.")
@click.option("--timeout", metavar="DURATION", help="Give up after this time.  [never]")
def wait(run_dir: str | None, results: str, timeout: str | None) -> int:
    """Wait for the run under way, or the one in DIR, and end with its exit code.

    Exit code 2 when there is no run, or it was killed before it could leave one; 3 after the timeout.
    """
    from pathlib import Path

    from loadgen.core.clock import monotonic_ns
    from loadgen.core.errors import ExitCode
    from loadgen.core.units import parse_duration_ns
    from loadgen.run.standing import KILLED, newest_run, state_of

    try:
        deadline_ns = None if timeout is None else monotonic_ns() + parse_duration_ns(timeout)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--timeout") from error
    found = Path(run_dir) if run_dir is not None else None
    if found is None and (code := _past_preflight(Path(results), deadline_ns)) is not None:
        return code
    found = found or newest_run(Path(results))
    if found is None:
        click.echo(f"loadgen: no run below {results}", err=True)
        return ExitCode.USAGE
    while (state := state_of(found)).pid is not None:
        if not _in_time(deadline_ns):
            click.echo(f"loadgen: {found.name} still runs (pid {state.pid})", err=True)
            return ExitCode.INCOMPLETE
    click.echo(f"{found.name} {state.status}")
    code = state.document["exit_code"]
    return ExitCode.USAGE if code is None or state.status == KILLED else int(code)


def _past_preflight(results: Path, deadline_ns: int | None) -> int | None:
    """Wait while a command makes its checks; return the exit code if no run came of it, None to go on."""
    from loadgen.core.errors import ExitCode
    from loadgen.run.lock import holder_of

    begun = holder = holder_of(results)
    while holder is not None and not holder.run_dir:
        if not _in_time(deadline_ns):
            click.echo(f"loadgen: pid {holder.pid} is still in its preflight", err=True)
            return ExitCode.INCOMPLETE
        holder = holder_of(results)
    if begun is not None and holder is None and not begun.run_dir:
        click.echo(f"loadgen: pid {begun.pid} ended in its preflight: there was no run", err=True)
        return ExitCode.USAGE
    return None


def _in_time(deadline_ns: int | None) -> bool:
    """Let a moment pass; return whether the deadline is still ahead."""
    import time

    from loadgen.core.clock import monotonic_ns

    time.sleep(_POLL_S)
    return deadline_ns is None or monotonic_ns() <= deadline_ns
