"""`report append`: put a run's report into a longer document, once."""

from __future__ import annotations

import os
from pathlib import Path

import click

TARGET = Path("docs/PHASE5_COMPLETION_REPORT.md")


@click.command(short_help="Append a run's report to a document.")
@click.argument("source", metavar="[DIRECTORY|REPORT.MD]", required=False, type=click.Path(path_type=Path))
@click.option("--target", type=click.Path(dir_okay=False, path_type=Path), default=TARGET, show_default=True,
              help="The document; it is created where it is missing.")  # fmt: skip
def append(source: Path | None, target: Path) -> int:
    """Append the report of a run (the newest one if none is named) to a document, with a checklist.

    The same report is appended once: a second time nothing changes, and when the run was judged anew its section is
    replaced. Everything else in the document stays as it is.
    """
    from reports.keep.document import append_run
    from reports.loader.newest import chosen_run

    chosen = chosen_run(source)
    change = append_run(chosen, target, os.environ)
    click.echo(f"{target}: {chosen.name} {change.value}")
    return 0
