"""`report retention`: remove nightly files that are older than they need to be."""

from __future__ import annotations

from pathlib import Path

import click

NIGHTLY = Path("results/nightly")
BASELINES = Path("baseline")


@click.command(short_help="Remove old nightly files, after showing which.")
@click.argument("directory", type=click.Path(path_type=Path), default=NIGHTLY)
@click.option("--days", type=click.IntRange(1, 36_500), default=45, show_default=True, help="How many days are kept.")
@click.option("--dry-run/--apply", default=True, help="Only show what would go (the default), or remove it.")
@click.option("--baselines", type=click.Path(path_type=Path), default=BASELINES, show_default=True)
def retention(directory: Path, days: int, dry_run: bool, baselines: Path) -> int:
    """Remove the nightly files of DIRECTORY (results/nightly) whose day is more than DAYS (45) days ago.

    The day in the name decides, not when a file was written. Nothing else is ever touched: no other name, no link, no
    baseline or what a baseline links to, nothing outside DIRECTORY. Exit code: 0, 2 when something cannot be removed.
    """
    from loadgen.core.clock import utc_now
    from loadgen.core.errors import LoadgenError
    from reports.analysis.retention import outdated
    from reports.loader.nightlies import nightly_files
    from reports.loader.protected import protected_by

    plan = outdated(nightly_files(directory), utc_now().date(), days, protected_by(baselines))
    for path, reason in plan.kept:
        click.echo(f"keep   {path} ({reason})")
    failures = []
    for path in plan.remove:
        click.echo(f"{'would remove' if dry_run else 'remove'} {path}")
        try:
            if not dry_run:
                path.unlink()
        except OSError as error:
            failures.append(f"{path}: cannot be removed ({error.strerror})")
    if failures:
        raise LoadgenError("\n".join(failures))
    word = "to remove; --apply removes them" if dry_run and plan.remove else "removed" if plan.remove else "to remove"
    click.echo(f"{len(plan.remove)} of {plan.total} nightly files older than {days} days {word}")
    return 0
