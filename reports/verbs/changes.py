"""`report changes`: when the nightly figures changed their level."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(short_help="Find the nights on which a figure of the nightly history changed its level.")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=Path("results/nightly"))
@click.option(
    "--false-alarms",
    type=click.FloatRange(0.0001, 0.2),
    default=0.01,
    show_default=True,
    help="Bound on the probability of any mistaken change point, over all figures.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def changes(directory: Path, false_alarms: float, as_json: bool) -> int:
    """Find the nights on which a figure of phase5-YYYYMMDD.json in DIRECTORY changed its level for good.

    At least ten nights with the figure are needed. Exit code: 0, or 2 when the nightlies cannot be read.
    """
    from reports.render.changes import changes_json, changes_markdown
    from reports.verbs.nights import search
    from reports.verbs.publishing import publish

    found = search(directory, false_alarms)
    publish(changes_json(found) if as_json else changes_markdown(found), None)
    return 0
