"""`report partial`: what is known of a run that was cut short or still runs."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command(short_help="Summarize a running, aborted or killed run.")
@click.argument("place", metavar="DIRECTORY|CSV", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the summary to this file.")
def partial(place: Path, output: Path | None) -> int:
    """Summarize a running, aborted or killed run: impact, duration, partial results, what to do.

    Works from the first sample on, with a run directory or a lone metrics.csv, and gives no verdict. Exit code: 0, or
    2 when nothing of a run can be read.
    """
    from loadgen.core.clock import utc_now
    from reports.analysis.assessment import Question, assess
    from reports.analysis.partial import summarize
    from reports.analysis.targets import targets_of
    from reports.loader.directory import load
    from reports.render.partial import partial_summary
    from reports.verbs.publishing import publish

    run = load(place)
    targets, overrides = targets_of(run.targets, os.environ)
    publish(partial_summary(summarize(assess(run, Question(targets, overrides))), utc_now()), output)
    return 0
