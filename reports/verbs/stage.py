"""`report stage`: put a validation, or a run, into the history of nights under its day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

NIGHTLY = Path("results/nightly")


@click.command(short_help="Put a validation, or a run, into the history of nights.")
@click.argument("source", metavar="[VALIDATION|RUN]", required=False, type=click.Path(path_type=Path))
@click.option("--run", type=click.Path(path_type=Path), help="The run that VALIDATION judges: its latencies are kept.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=NIGHTLY, show_default=True)
@click.option("--day", metavar="YYYYMMDD", help="The night's UTC day; that of what is kept, or today, if not given.")
@click.option("--unreachable", metavar="REASON", help="There is no validation: record the night as na, and why.")
@click.option("--replace", is_flag=True, help="Replace the file of a night that is already there.")
@click.option(
    "--impl", envvar="CACHE_IMPL", default="memory", show_default=True, show_envvar=True, help="Cache implementation."
)
def stage(source: Path | None, into: Path, day: str | None, unreachable: str | None, **given: Any) -> int:
    """Keep VALIDATION as phase5-YYYYMMDD.json among the nightly files; what is no validation is refused.

    With --run, or where a RUN directory is named, the night also holds what `loadgen report regress` compares: the
    latencies by block, the rows and the environment. A night whose service could not be reached is recorded with
    --unreachable instead, with the status na, unless the night has a validation already. Exit code: 0, 2 for bad input
    or a night that is already there.
    """
    from loadgen.core.clock import utc_now
    from loadgen.core.errors import InputError, Problem
    from reports.loader.nightlies import day_of, nightly_name
    from reports.render.stage import unreachable_json
    from reports.verbs.publishing import make_place, publish

    if (source is None) is (unreachable is None):
        raise click.UsageError("give either VALIDATION or RUN, or --unreachable REASON")
    if source is None and given["run"] is not None:
        raise click.UsageError("--run goes with VALIDATION: a night that was not reached has no run")
    chosen = None if day is None else day_of(f"phase5-{day}.json")
    if day is not None and chosen is None:
        raise InputError([Problem("--day", day, "is no day: write it as 20260301")])
    if source is None:
        text, made = unreachable_json(str(unreachable), utc_now()), utc_now().date()
    else:
        from reports.verbs.staging import night_of

        text, made = night_of(source, given["run"], given["impl"])
    place = into / nightly_name(chosen or made)
    if place.exists() and source is None and not given["replace"]:
        click.echo(f"kept: {place}, which the night has already")
        return 0
    if place.exists() and not given["replace"]:
        raise InputError([Problem(str(place), None, "is there already: give --replace, or another --day")])
    make_place(place)
    replaced = " (replaced what the night had)" if place.exists() else ""
    publish(text, place)
    click.echo(f"staged: {place}{replaced}")
    return 0
