"""`loadgen creds`: take credentials out of env files when the work is done, and find those that went astray."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from loadgen.core.errors import ExitCode

_USUAL_FILES = (Path(".env.phase5"), Path(".env.phase5.staging"))


@click.group()
def creds() -> None:
    """Clean up credentials, and look for them."""


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


@creds.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def scan(paths: tuple[Path, ...], as_json: bool) -> ExitCode:
    """Look for secrets in files and directories; in the current directory if none is named.

    Private keys, JSON Web Tokens, tokens of the forms sk-, ghp_, xoxb-, glpat- and AKIA, addresses of webhooks, URLs
    with a password, and in env files the values of secret names. A finding is told as FILE:LINE and its kind, never its
    text. A line that says `not-a-secret` is passed over. In a git work tree a directory stands for what git tracks or
    would add; binary files and those beyond 5 MB are passed over and counted. Exit code: 0 nothing found, 1 something
    found, 2 a path cannot be read.
    """
    from loadgen.core.errors import ExitCode, InputError, Problem
    from loadgen.run.secret_scan import MARKER, scan_paths

    missing = [Problem("PATH", str(path), "there is no such file or directory") for path in paths if not path.exists()]
    if missing:
        raise InputError(missing)
    found = scan_paths(paths or (Path(),))
    if found.unread:
        raise InputError([Problem("PATH", line, "cannot be read") for line in found.unread])
    if as_json:
        counted = {"files": found.files, "passed_over": found.passed_over, "allowed": found.allowed}
        body = {**counted, "findings": [item.to_body() for item in found.findings]}
        click.echo(json.dumps(body, indent=2))
    else:
        for item in found.findings:
            click.echo(str(item))
        counts = ((found.files, "file"), (len(found.findings), "secret"), (found.allowed, "line"))
        words = ", ".join(f"{count:,} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
        beside = f", {found.passed_over:,} passed over (binary, or beyond 5 MB)" if found.passed_over else ""
        click.echo(f"{words} marked {MARKER}{beside}", err=bool(found.findings))
    return ExitCode.NO_GO if found.findings else ExitCode.OK
