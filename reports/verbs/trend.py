"""`report trend`: the course of the nightly validations."""

from __future__ import annotations

from pathlib import Path

import click

NIGHTLY = Path("results/nightly")


@click.command(short_help="Show the course of the nightly validations.")
@click.argument("directory", type=click.Path(path_type=Path), default=NIGHTLY)
@click.argument("output", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True), default="-")
@click.argument("nights", type=click.IntRange(1, 10_000), default=7)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Also write one page with the charts.")
@click.option(
    "--thresholds", type=click.Path(dir_okay=False, path_type=Path), help="Thresholds file; else the bundled."
)
def trend(directory: Path, output: Path, nights: int, html: Path | None, thresholds: Path | None) -> int:
    """Show the newest NIGHTS (7) nightly files of DIRECTORY (results/nightly) by the day in their names.

    The report is markdown, on standard output unless OUTPUT is a file; beside it stands its chart (.svg). Exit code:
    0, 2 when DIRECTORY or the thresholds cannot be read, 3 when there is no nightly file.
    """
    from loadgen.core.clock import utc_now
    from loadgen.core.errors import ExitCode
    from reports.analysis.trend import trend_of
    from reports.loader.nightlies import read_nightlies
    from reports.loader.thresholds import load_thresholds
    from reports.render.trend import trend_markdown, trend_page
    from reports.render.trend_svg import trend_svg
    from reports.verbs.publishing import complain, make_place, publish

    limits = load_thresholds(thresholds)
    found = read_nightlies(directory, nights)
    if not found:
        complain(f"{directory}: no nightly file (phase5-YYYYMMDD.json) to show a trend of")
        return int(ExitCode.INCOMPLETE)
    made, course = utc_now(), trend_of(found, limits)
    if html is not None:
        make_place(html)
        publish(trend_page(course, made), html)
    if str(output) == "-":
        publish(trend_markdown(course, made), None)
        return 0
    picture = output.with_suffix(".svg")
    make_place(output)
    publish(trend_svg(course, alone=True), picture)
    publish(trend_markdown(course, made, picture.name), output)
    click.echo(f"trend of {len(found)} nights: {', '.join(map(str, filter(None, (output, picture, html))))}")
    return 0
