"""`report production`: the production report and verdict of a run directory."""

from __future__ import annotations

import os
from pathlib import Path

import click

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(short_help="Judge a run directory: GO, NO-GO, INCOMPLETE or INVALID.")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=_FILE, help="Write the report to this file.")
@click.option("--html", type=_FILE, help="Write the same as one HTML page.")
@click.option("--json", "machine", type=_FILE, help="Write the figures, unrounded, as JSON.")
@click.option("--conclusion", is_flag=True, help="Print the conclusion only: pass, marginal or fail, and why.")
@click.option("--baseline", type=_FILE, help="Saved baseline to compare with.  [baseline/phase5-baseline.json]")
@click.option(
    "--error-budget-target",
    type=click.FloatRange(0, 100, max_open=True),
    default=99.0,
    show_default=True,
    metavar="PCT",
    help="Success rate that the error budget is counted from.",
)
def production(
    directory: Path, conclusion: bool, baseline: Path | None, error_budget_target: float, **outputs: Path | None
) -> int:
    """Judge the run in DIRECTORY: GO, NO-GO, INCOMPLETE or INVALID, with everything behind it.

    The report is markdown, on standard output unless a file is named. Targets are the run's own; SLO_SUCCESS, SLO_P95
    and the other SLO_ variables override them. Exit code: 0 GO, 1 NO-GO, 3 INCOMPLETE, 4 the breaker tripped,
    5 INVALID, 2 nothing of a run can be read.
    """
    from loadgen.core.clock import utc_now
    from reports.analysis.assessment import Question, assess
    from reports.analysis.targets import targets_of
    from reports.loader.directory import load
    from reports.loader.previous import find_previous
    from reports.render.production import conclusion_text, production_report
    from reports.render.terminal import verdict_lines
    from reports.verbs.publishing import publish, publish_page

    run = load(directory)
    targets, overrides = targets_of(run.targets, os.environ)
    previous = find_previous(baseline, run.name)
    assessment = assess(run, Question(targets, overrides, error_budget_target, previous))
    made = utc_now()
    output, html, machine = outputs["output"], outputs["html"], outputs["machine"]
    if html is not None:
        from reports.render.production_page import production_page

        publish_page(lambda mask: production_page(assessment, made, mask), html)
    if machine is not None:
        from reports.render.machine import production_json

        publish(production_json(assessment, made), machine)
    written = [path for path in (output, html, machine) if path is not None]
    if output is not None or not (written or conclusion):
        publish(production_report(assessment, made), output)
    if conclusion:
        publish(conclusion_text(assessment), None)
    elif written:
        click.echo(verdict_lines(assessment, written))
    return int(assessment.exit_code)
