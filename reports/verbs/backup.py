"""`report backup`: results, baselines and thresholds as one verified file."""

from __future__ import annotations

from pathlib import Path

import click

TARGET = Path("backups")
USUAL = (Path("results"), Path("baseline"), Path("thresholds.json"))


@click.command(short_help="Back up results, baselines and thresholds, verified.")
@click.argument("sources", nargs=-1, type=click.Path(path_type=Path))
@click.option("--to", "target", type=click.Path(file_okay=False, path_type=Path), default=TARGET, show_default=True,
              help="Where backups are kept.")  # fmt: skip
@click.option("--keep-days", type=click.IntRange(1), default=30, show_default=True, help="Older backups are removed.")
def backup(sources: tuple[Path, ...], target: Path, keep_days: int) -> int:
    """Back up SOURCES; without any: results, baseline and thresholds.json, as far as they are there.

    The backup is read back and every file compared before it counts; NAME.tar.gz.sha256 is written beside it. Backups
    older than --keep-days are removed, the new one never.
    """
    from datetime import timedelta

    from loadgen.core.clock import utc_now
    from loadgen.core.errors import InputError, Problem
    from reports.keep.backup import back_up

    chosen = sources or tuple(path for path in USUAL if path.exists())
    if not chosen:
        raise InputError([Problem("SOURCES", None, f"none of {', '.join(map(str, USUAL))} is here: name what to keep")])
    done = back_up(chosen, target, utc_now(), timedelta(days=keep_days))
    for path in done.left_out:
        click.echo(f"note: left out, since it is no plain file: {path}", err=True)
    for name in done.pruned:
        click.echo(f"removed {name}: older than {keep_days} days")
    click.echo(f"{done.path}: {done.files:,} files, {done.rows:,} rows, read back and equal\nsha256 {done.sha256}")
    return 0
