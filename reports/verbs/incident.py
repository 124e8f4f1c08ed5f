"""`report incident`: the skeleton of an incident's record, filled in as far as a run knows."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command(short_help="The skeleton of an incident's record, from a run.")
@click.argument("place", metavar="DIRECTORY", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")
@click.option("--force", is_flag=True, help="Replace the file where it exists: what people wrote there is lost.")
def incident(place: Path, output: Path | None, force: bool) -> int:
    """Write the seven stages of an incident: detection, alert, acknowledgement, assessment, mitigation, recovery,
    post-incident; with the level, the time to respond, the runbook and a timeline.

    What the run knows is filled in; what only people know is an empty box. Exit code: 0, or 2 when nothing of a run can
    be read or the file exists.
    """
    from loadgen.core.clock import utc_now
    from loadgen.core.errors import InputError, Problem
    from reports.analysis.assessment import Question, assess
    from reports.analysis.incident import incident_of
    from reports.analysis.targets import targets_of
    from reports.loader.directory import load
    from reports.render.incident import incident_page
    from reports.verbs.publishing import publish

    if output is not None and output.exists() and not force:
        raise InputError(
            [Problem("--output", str(output), "exists, and people write into it: give --force or another")]
        )
    run = load(place)
    targets, overrides = targets_of(run.targets, os.environ)
    files = sorted(path.name for path in place.iterdir()) if place.is_dir() else [place.name]
    found = incident_of(assess(run, Question(targets, overrides)), files)
    publish(incident_page(found, utc_now()), output)
    if output is not None:
        click.echo(f"{found.response}; {output}")
    return 0
