"""`report production`: the production report and verdict of a run directory."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.command(short_help="Judge a run directory: GO, NO-GO, INCOMPLETE or INVALID.")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the report to this file.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the same as one HTML page.")
@click.option(
    "--error-budget-target",
    type=click.FloatRange(0, 100, max_open=True),
    default=99.0,
    show_default=True,
    metavar="PCT",
    help="Success rate that the error budget is counted from.",
)
def production(directory: Path, output: Path | None, html: Path | None, error_budget_target: float) -> int:
    """Judge the run in DIRECTORY: GO, NO-GO, INCOMPLETE or INVALID, with everything behind it.

    The report is markdown, on standard output unless -o or --html is given. Targets are the run's own; SLO_SUCCESS,
    SLO_P95 and the other SLO_ variables override them. Exit code: 0 GO, 1 NO-GO, 3 INCOMPLETE, 4 the breaker tripped,
    5 INVALID, 2 nothing of a run can be read.
    """
    from loadgen.core.clock import utc_now
    from reports.analysis.assessment import Question, assess
    from reports.analysis.targets import targets_of
    from reports.loader.directory import load
    from reports.render.production import production_report
    from reports.render.terminal import verdict_lines
    from reports.verbs.publishing import publish, replace_file

    run = load(directory)
    targets, overrides = targets_of(run.targets, os.environ)
    assessment = assess(run, Question(targets, overrides, error_budget_target))
    made = utc_now()
    if html is not None:
        from loadgen.core.redact import Redactor
        from reports.render.production_page import production_page

        replace_file(production_page(assessment, made, Redactor().text), html)
    if output is not None or html is None:
        publish(production_report(assessment, made), output)
    written = [path for path in (output, html) if path is not None]
    if written:
        click.echo(verdict_lines(assessment, written))
    return int(assessment.exit_code)
