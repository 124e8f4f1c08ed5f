"""`loadgen creds`: take credentials out of env files when the work is done."""

from __future__ import annotations

from pathlib import Path

import click

_USUAL_FILES = (Path(".env.phase5"), Path(".env.phase5.staging"))


@click.group()
def creds() -> None:
    """Clean up credentials."""


@creds.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def scrub(files: tuple[Path, ...], dry_run: bool) -> None:
    """Remove every credential from env files; .env.phase5 and .env.phase5.staging if none is named.

    A credential's line stays with an empty value, so that the file still shows what belongs there. Other settings are
    kept as they are.
    """
    from loadgen.core.env_scrub import scrub_file
    from loadgen.core.errors import InputError, Problem

    chosen = files or tuple(path for path in _USUAL_FILES if path.exists())
    missing = [Problem("FILE", str(path), "there is no such file") for path in files if not path.is_file()]
    if missing:
        raise InputError(missing)
    if not chosen:
        click.echo("no env file here: nothing to remove")
    for path in chosen:
        try:
            removed = scrub_file(path, dry_run=dry_run)
        except (OSError, UnicodeDecodeError) as error:
            raise InputError([Problem("FILE", str(path), f"cannot be cleaned: {error}")]) from error
        verb = "would remove" if dry_run else "removed"
        click.echo(f"{path}: {verb} {', '.join(removed)}" if removed else f"{path}: holds no credential")
