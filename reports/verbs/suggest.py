"""`report suggest`: which thresholds the last nights would allow to tighten."""

from __future__ import annotations

from pathlib import Path

import click

NIGHTLY = Path("results/nightly")


@click.command(short_help="Suggest tighter thresholds from the last nights.")
@click.argument("directory", type=click.Path(path_type=Path), default=NIGHTLY)
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True), default="-")
@click.argument("days", type=click.IntRange(1, 10_000), default=30)
@click.option(
    "--thresholds", type=click.Path(dir_okay=False, path_type=Path), help="Thresholds file; else the bundled."
)
@click.option("--env-file", type=click.Path(dir_okay=False, path_type=Path), help="Read variables from here as well.")
def suggest(directory: Path, output: Path, days: int, thresholds: Path | None, env_file: Path | None) -> int:
    """Suggest tighter thresholds from the nightly files of DIRECTORY, of the newest DAYS (30) days.

    The suggestions are JSON, on standard output unless OUTPUT is a file; `report thresholds` applies them.
    MULTIPLIER_LATENCY (1.15) is applied here, once; FLOOR_SUCCESS_RATE (98) and FLOOR_CACHE_HIT_RATE (80) are the
    lowest rates suggested. Exit code: 0, 2 bad input, 3 when there is no nightly file.
    """
    from loadgen.core.clock import utc_now
    from loadgen.core.errors import ExitCode
    from reports.analysis.rules_of import rules_of
    from reports.analysis.suggest import suggest as work_out
    from reports.loader.nightlies import read_nightlies
    from reports.loader.thresholds import load_thresholds
    from reports.render.suggestions import suggestions_json, suggestions_text
    from reports.verbs.publishing import complain, make_place, publish
    from reports.verbs.variables import variables

    rules, limits = rules_of(variables(env_file)), load_thresholds(thresholds)
    nights = read_nightlies(directory)
    if not nights:
        complain(f"{directory}: no nightly file (phase5-YYYYMMDD.json) to learn from")
        return int(ExitCode.INCOMPLETE)
    found = work_out(nights, days, limits, rules, utc_now())
    if str(output) == "-":
        publish(suggestions_json(found), None)
        click.echo(suggestions_text(found), err=True)
        return 0
    make_place(output)
    publish(suggestions_json(found), output)
    click.echo(f"{suggestions_text(found)}\n{output}")
    return 0
