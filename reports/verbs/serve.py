"""`report serve`: show one run's page in a browser, from 127.0.0.1 and nowhere else."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command(short_help="Show a run's page at an address of this machine.")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1.  [a free one]")
def serve(directory: Path, port: int) -> int:
    """Show the page of the run in DIRECTORY at http://127.0.0.1:PORT/ until Ctrl-C.

    The page is made anew each time it is asked for, so a run can be followed by reloading. Nothing but the page is
    served, and only to this machine. Exit code: 0, or 2 when nothing of a run can be read.
    """
    from loadgen.core.clock import utc_now
    from loadgen.core.redact import Redactor
    from reports.analysis.assessment import Question, assess
    from reports.analysis.targets import targets_of
    from reports.loader.directory import load
    from reports.loader.previous import find_previous
    from reports.render.production_page import production_page
    from reports.verbs.serving import serve_page

    def page() -> str:
        run = load(directory)
        targets, overrides = targets_of(run.targets, os.environ)
        asked = Question(targets, overrides, previous=find_previous(None, run.name))
        return production_page(assess(run, asked), utc_now(), Redactor().text)

    page()  # what cannot be read is an error before an address is promised
    serve_page(page, port, lambda url: click.echo(f"{url} shows {directory}; Ctrl-C ends it"))
    return 0
