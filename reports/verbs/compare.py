"""`report compare`: two runs side by side, whatever they are."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Show two runs side by side, with their courses drawn over each other.")
@click.argument("first", metavar="RUN|JSON", type=click.Path(path_type=Path))
@click.argument("second", metavar="RUN|JSON", type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the markdown to this file."
)
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a self-contained page as well.")
def compare(first: Path, second: Path, output: Path | None, html: Path | None) -> int:
    """Show two runs side by side: plan, generator, percentiles, course, and the second's effect against the first.

    Any two run directories or baselines will do; what makes them hard to compare is said. No verdict is given. Exit
    code: 0, or 2 when one of them cannot be read.
    """
    from reports.analysis.overlaid import overlaid
    from reports.analysis.side_by_side import side_by_side
    from reports.render.side_by_side import comparison_markdown, comparison_page
    from reports.verbs.measuring import measure
    from reports.verbs.publishing import publish, publish_page

    found = side_by_side(measure(first), measure(second))
    if html is not None:
        publish_page(lambda mask: comparison_page(found, overlaid(found), mask), html)
        click.echo(f"page: {html}", err=True)
    publish(comparison_markdown(found), output)
    return 0
