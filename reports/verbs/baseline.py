"""`report baseline save|list|rotate`: keep good runs for later comparisons."""

from __future__ import annotations

from pathlib import Path

import click

_DIR = click.option(
    "--dir",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("baseline"),
    show_default=True,
    help="Directory of the baselines.",
)
_IMPL = click.option(
    "--impl",
    envvar="CACHE_IMPL",
    default="memory",
    show_default=True,
    show_envvar=True,
    help="Cache implementation that the service ran with: each has a baseline of its own.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")


@click.group(short_help="Keep good runs as baselines: save, list, rotate.")
def baseline() -> None:
    """Keep good runs as baselines for `loadgen report regress`."""


@baseline.command(short_help="Keep a run as the baseline.")
@click.argument("current", metavar="RUN|JSON", type=click.Path(path_type=Path))
@_DIR
@_IMPL
@click.option("--force", is_flag=True, help="Keep it whatever speaks against it; the file records what did.")
@click.option("--dry-run", is_flag=True, help="Say whether it would be kept, and keep nothing.")
@_JSON
def save(current: Path, directory: Path, impl: str, as_json: bool, **how: bool) -> int:
    """Keep a run directory, or a validation JSON, as the baseline of its cache implementation.

    A run that is not a pass, INVALID, synthetic or partial is refused, and one of redis without real samples of Redis.
    Exit code: 0 saved, or fit to be, 1 refused, 2 unreadable.
    """
    from loadgen.core.redact import Redactor
    from reports.render.shelf import refusal, saved_lines
    from reports.verbs.keeping import keep

    kept = keep(current, directory, impl, **how)
    if as_json:
        click.echo(Redactor().text(kept.to_json()))
    if kept.refused:
        click.echo(refusal(kept), err=True)
        return 1
    if not as_json:
        click.echo(saved_lines(kept))
    return 0


@baseline.command("list", short_help="List the baselines with their status.")
@_DIR
@_JSON
def list_(directory: Path, as_json: bool) -> int:
    """List the baselines, the newest first, with their status and the links that lead to them.

    Exit code: 0, or 1 when a link leads nowhere or a file cannot be read.
    """
    from reports.render.shelf import listing, listing_json
    from reports.verbs.keeping import entries

    found, slots = entries(directory)
    click.echo(listing_json(found, slots) if as_json else listing(directory, found, slots), nl=False)
    return int(any(slot.dangling for slot in slots) or any(entry.error for entry in found))


@baseline.command(short_help="Make the newest nightly the baseline after 14 good days.")
@click.option(
    "--nightly",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results/nightly"),
    show_default=True,
    help="Directory of phase5-YYYYMMDD.json.",
)
@_DIR
@_IMPL
@click.option("--days", type=click.IntRange(min=1), default=14, show_default=True, help="Good days in a row it takes.")
@click.option("--dry-run", is_flag=True, help="Say what would be done and change nothing.")
@_JSON
def rotate(nightly: Path, directory: Path, impl: str, days: int, dry_run: bool, as_json: bool) -> int:
    """Make the newest nightly the baseline once enough consecutive days have passed.

    The last line is `baseline_rotated=true` or `false`, and so is the step's output in a GitHub workflow. Exit code: 0,
    or 2 when the nightlies cannot be read.
    """
    import os

    from reports.render.shelf import rotation_lines
    from reports.verbs.hosting import tell_workflow
    from reports.verbs.rotating import rotate as turn

    turned = turn(nightly, directory, impl, days, dry_run=dry_run)
    click.echo(turned.to_json() if as_json else rotation_lines(turned))
    tell_workflow("baseline_rotated", turned.rotated, os.environ)
    return 0
