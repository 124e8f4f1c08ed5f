"""`report chart`: the charts of a run as SVG files of their own, for a ticket or a document."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from reports.model.chart import Chart


@click.command(short_help="Draw a run's charts as SVG files.")
@click.argument("directory", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("charts"), show_default=True,
              help="Directory to write NAME.svg into; it is created where it is missing.")  # fmt: skip
@click.option("--list", "only_list", is_flag=True, help="Print the names of the charts that this run has.")
def chart(directory: Path, names: tuple[str, ...], out: Path, only_list: bool) -> int:
    """Draw the charts of the run in DIRECTORY, all of them unless some are named.

    They are those of report.html: latency, rate, errors, memory, processor over time, and the spectrum of percentiles.
    What was not measured has no chart. Each file stands alone, in light and dark.
    """
    from loadgen.core.redact import Redactor
    from reports.render.picture import picture
    from reports.verbs.publishing import make_place, replace_file
    from reports.web.assets import chart_style

    found = _charts(directory)
    if only_list:
        for key, one in found.items():
            click.echo(f"{key:<12} {one.title} ({one.unit})")
        return 0
    _refuse_unknown(names, found)
    mask = Redactor().text
    for key in names or found:
        place = out / f"{key}.svg"
        make_place(place)
        replace_file(picture(found[key], chart_style(), mask), place)
        click.echo(str(place))
    return 0


def _charts(directory: Path) -> dict[str, Chart]:
    """Return a run's charts by name; raise LoadgenError when nothing of it can be drawn."""
    from loadgen.core.errors import LoadgenError
    from reports.analysis.assessment import Question, assess
    from reports.analysis.targets import targets_of
    from reports.loader.directory import load

    run = load(directory)
    targets, overrides = targets_of(run.targets, os.environ)
    insight = assess(run, Question(targets, overrides)).insight
    charts = [*insight.course, *([] if insight.spectrum.empty else [insight.spectrum])]
    if not charts:
        raise LoadgenError(f"{directory}: nothing was measured that could be drawn")
    return {one.key: one for one in charts}


def _refuse_unknown(names: tuple[str, ...], found: dict[str, Chart]) -> None:
    from loadgen.core.errors import InputError, Problem

    remedy = f"is no chart of this run: it has {', '.join(found)}"
    problems = [Problem("NAME", name, remedy) for name in names if name not in found]
    if problems:
        raise InputError(problems)
