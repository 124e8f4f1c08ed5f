"""`loadgen wait`: until a run has ended, with its exit code."""

from __future__ import annotations

import click

_POLL_S = 0.25


@click.command()
@click.argument("run_dir", required=False, type=click.Path(exists=True, file_okay=False), metavar="[DIR]")
@click.option("--results", default="results", show_default=True, metavar="DIR", help="Where run directories are.")
@click.option("--timeout", metavar="DURATION", help="Give up after this time.  [never]")
def wait(run_dir: str | None, results: str, timeout: str | None) -> int:
    """Wait for the run under way, or the one in DIR, and end with its exit code.

    Exit code 2 when there is no run, or it was killed before it could leave one; 3 after the timeout.
    """
    import time
    from pathlib import Path

    from loadgen.core.clock import monotonic_ns
    from loadgen.core.errors import ExitCode
    from loadgen.core.units import parse_duration_ns
    from loadgen.run.standing import KILLED, newest_run, state_of

    try:
        deadline_ns = None if timeout is None else monotonic_ns() + parse_duration_ns(timeout)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--timeout") from error
    found = newest_run(Path(results)) if run_dir is None else Path(run_dir)
    if found is None:
        click.echo(f"loadgen: no run below {results}", err=True)
        return ExitCode.USAGE
    while (state := state_of(found)).pid is not None:
        if deadline_ns is not None and monotonic_ns() > deadline_ns:
            click.echo(f"loadgen: {found.name} still runs (pid {state.pid})", err=True)
            return ExitCode.INCOMPLETE
        time.sleep(_POLL_S)
    click.echo(f"{found.name} {state.status}")
    code = state.document["exit_code"]
    return ExitCode.USAGE if code is None or state.status == KILLED else int(code)
