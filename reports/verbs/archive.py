"""`report archive`: a run directory as one file with its sum."""

from __future__ import annotations

from pathlib import Path

import click

TARGET = Path("final-artifacts")


@click.command(short_help="Archive a run directory as .tar.gz with its SHA-256.")
@click.argument("directory", required=False, type=click.Path(path_type=Path))
@click.option("--to", "target", type=click.Path(file_okay=False, path_type=Path), default=TARGET, show_default=True,
              help="Where the archive goes.")  # fmt: skip
@click.option("--read-only/--writable", default=None, help="Take the right to write away.  [ARCHIVE_READONLY]")
@click.option("--env-file", type=click.Path(dir_okay=False, path_type=Path), help="Its secrets are looked for too.")
def archive(directory: Path | None, target: Path, read_only: bool | None, env_file: Path | None) -> int:
    """Archive a run directory (the newest one if none is named), after looking through it for secrets.

    The same run gives the same archive, byte for byte. Beside it are NAME.tar.gz.sha256, which `sha256sum -c` reads,
    and NAME.archive-metadata.json; inside is checksums.txt. Exit code 2 when a file holds something that looks like a
    secret, or when another archive has the name.
    """
    from loadgen.core.clock import utc_now
    from loadgen.core.setting_readers import is_true
    from reports.keep.archive import archive_run, make_read_only
    from reports.keep.scan import known_secrets
    from reports.loader.directory import NotARunError, load
    from reports.loader.newest import chosen_run
    from reports.verbs.variables import variables

    place = chosen_run(directory)
    if not place.is_dir():
        raise NotARunError(f"{place}: an archive is made of a run directory")
    environ = variables(env_file)
    archived = archive_run(load(place), place, target, known_secrets(environ), utc_now())
    if is_true(environ.get("ARCHIVE_READONLY", "")) if read_only is None else read_only:
        make_read_only(archived)
    for remark in archived.remarks:
        click.echo(f"note: {remark}", err=True)
    state = f"{archived.files} files, {archived.samples} samples" if archived.new else "already there, unchanged"
    click.echo(f"{archived.path}: {state}\nsha256 {archived.sha256}")
    return 0
