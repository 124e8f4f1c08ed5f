"""`report capacity`: what a capacity run found, from its capacity.json."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Tell what a capacity run found.")
@click.argument("directory", metavar="DIRECTORY", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
def capacity(directory: Path, output: Path | None) -> int:
    """Tell what a capacity run found: the interval, what broke first, every step, and what the steps say together.

    With -o the report goes to the file and its first lines to the terminal. Exit code: 0, or 2 when DIRECTORY is none
    of a capacity run.
    """
    from loadgen.core.clock import utc_now
    from loadgen.core.errors import LoadgenError
    from loadgen.core.rundir import RunDirectory
    from reports.loader.capacity import load_capacity
    from reports.loader.files import Unreadable
    from reports.render.capacity import capacity_lines, capacity_report
    from reports.verbs.publishing import publish

    try:
        found = load_capacity(RunDirectory(directory))
    except Unreadable as error:
        raise LoadgenError(f"{directory}: capacity.json {error}; is this the directory of a capacity run?") from error
    publish(capacity_report(found, utc_now()), output)
    if output is not None:
        publish(capacity_lines(found), None)
    return 0
