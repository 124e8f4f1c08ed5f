"""`report restore`: check a backup, and put its files back."""

from __future__ import annotations

from pathlib import Path

import click

from reports.verbs.backup import TARGET


@click.command(short_help="Check a backup and put its files back.")
@click.argument("backup", required=False, type=click.Path(path_type=Path))
@click.option("--to", "target", type=click.Path(file_okay=False, path_type=Path), default=Path(), metavar="DIR",
              help="Where the files go.  [the current directory]")  # fmt: skip
@click.option("--verify", is_flag=True, help="Only check: sums, sizes, rows; write nothing.")
def restore(backup: Path | None, target: Path, verify: bool) -> int:
    """Restore BACKUP, or the newest one below backups: nothing that is there is overwritten.

    Every file is compared with the manifest (size, SHA-256, rows) before the first one is put in its place. With
    --verify nothing is written at all. Exit code 2 when anything is wrong.
    """
    from loadgen.core.errors import InputError, Problem
    from reports.keep.backup import backups
    from reports.keep.restore import check
    from reports.keep.restore import restore as put_back

    if backup is None:
        kept = backups(TARGET)
        if not kept:
            raise InputError([Problem("BACKUP", None, f"there is no backup below {TARGET}: name one")])
        backup = kept[-1][1]
    checked = check(backup) if verify else put_back(backup, target)
    told = f"{len(checked.files):,} files, {checked.rows:,} rows, made {checked.created_at}"
    click.echo(f"{backup}: {told}, {'sound' if verify else f'restored below {target}'}")
    if not checked.sum_file:
        click.echo(f"note: there is no {backup.name}.sha256 to compare the whole file with", err=True)
    return 0
