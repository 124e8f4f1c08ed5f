"""`report stage`: put a validation into the history of nights under its day."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from datetime import date

NIGHTLY = Path("results/nightly")


@click.command(short_help="Put a validation into the history of nights.")
@click.argument("validation", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=NIGHTLY, show_default=True)
@click.option("--day", metavar="YYYYMMDD", help="The night's UTC day; the validation's own, or today, if not given.")
@click.option("--unreachable", metavar="REASON", help="There is no validation: record the night as na, and why.")
@click.option("--replace", is_flag=True, help="Replace the file of a night that is already there.")
def stage(validation: Path | None, into: Path, day: str | None, unreachable: str | None, replace: bool) -> int:
    """Copy VALIDATION to phase5-YYYYMMDD.json among the nightly files; what is no validation is refused.

    A night whose service could not be reached is recorded with --unreachable instead, with the status na, unless the
    night has a validation already. Exit code: 0, 2 for bad input or a night that is already there.
    """
    from loadgen.core.clock import utc_now
    from loadgen.core.errors import InputError, Problem
    from reports.loader.nightlies import day_of, nightly_name
    from reports.render.stage import unreachable_json
    from reports.verbs.publishing import make_place, publish

    if (validation is None) is (unreachable is None):
        raise click.UsageError("give either VALIDATION, or --unreachable REASON")
    chosen = None if day is None else day_of(f"phase5-{day}.json")
    if day is not None and chosen is None:
        raise InputError([Problem("--day", day, "is no day: write it as 20260301")])
    if validation is None:
        text, made = unreachable_json(str(unreachable), utc_now()), utc_now().date()
    else:
        text, made = _read(validation)
    place = into / nightly_name(chosen or made)
    if place.exists() and validation is None and not replace:
        click.echo(f"kept: {place}, which the night has already")
        return 0
    if place.exists() and not replace:
        raise InputError([Problem(str(place), None, "is there already: give --replace, or another --day")])
    make_place(place)
    replaced = " (replaced what the night had)" if place.exists() else ""
    publish(text, place)
    click.echo(f"staged: {place}{replaced}")
    return 0


def _read(validation: Path) -> tuple[str, date]:
    from loadgen.core.clock import utc_now
    from reports.loader.validation import load_validation
    from reports.verbs.publishing import complain

    loaded = load_validation(validation)
    for complaint in loaded.complaints:
        complain(f"{validation}: {complaint}")
    made = loaded.validation.timestamp
    return validation.read_text("utf-8"), utc_now().date() if made is None else made.date()
