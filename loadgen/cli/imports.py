"""`loadgen import`: make a plan file of curl commands, a HAR file or an OpenAPI document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from loadgen.plan.imports.model import Found

_TO = (
    click.option("-o", "--out", type=click.Path(dir_okay=False), metavar="FILE", help="Write the plan file here."),
    click.option("--force", is_flag=True, help="Replace FILE where it exists."),
    click.option("--keep-credentials", is_flag=True, help="Write credentials into FILE too; only you may read it."),
)


def _to_a_plan(command: Any) -> Any:
    for option in reversed(_TO):
        command = option(command)
    return command


@click.group("import")
def imports() -> None:
    """Make a plan file of what others recorded or described.

    Only requests are taken over: rate, duration and the rest are given when the plan is used, as in
    `loadgen run --plan FILE --rate 50 --duration 30s`. Nothing is sent.
    """


@imports.command()
@click.argument("source", metavar="[FILE]", default="-")
@_to_a_plan
def curl(source: str, **given: Any) -> int:
    """Take over curl commands from FILE or standard input, as browsers copy them.

    Files that a command reads (-d @FILE) are read and become part of the plan.
    """
    from pathlib import Path

    from loadgen.plan.imports.curl import from_curl

    return _write(from_curl(_text(source), lambda name: Path(name).read_bytes()), source, given)


@imports.command()
@click.argument("source", metavar="FILE")
@click.option("--host", "hosts", multiple=True, metavar="HOST", help="Requests to it are taken.  [the first one's]")
@_to_a_plan
def har(source: str, hosts: tuple[str, ...], **given: Any) -> int:
    """Take over the requests of a HAR file, as a browser's network panel saves it.

    Requests that occur several times become one with a weight.
    """
    import orjson

    from loadgen.core.errors import InputError, Problem
    from loadgen.plan.imports.har import from_har

    try:
        document = orjson.loads(_text(source).removeprefix("\ufeff"))
    except orjson.JSONDecodeError as error:
        raise InputError([Problem("HAR", source, f"is not JSON: {error}")]) from None
    return _write(from_har(document, hosts), source, given)


@imports.command()
@click.argument("source", metavar="FILE")
@click.option("--base-url", metavar="URL", default="", help="Where the service is.  [the document's server]")
@click.option("--writes", is_flag=True, help="Take POST, PUT, PATCH and DELETE too.")
@_to_a_plan
def openapi(source: str, base_url: str, writes: bool, **given: Any) -> int:
    """Take over the operations of an OpenAPI document (JSON or YAML), one request each.

    Examples and defaults of the document fill parameters and bodies; look through them before you use the plan.
    """
    import yaml

    from loadgen.core.errors import InputError, Problem
    from loadgen.plan.imports.openapi import from_openapi

    try:
        document = yaml.safe_load(_text(source))  # JSON is YAML too
    except yaml.YAMLError as error:
        raise InputError([Problem("OpenAPI", source, f"is neither JSON nor YAML: {error}")]) from None
    return _write(from_openapi(document, base_url, writes=writes), source, given)


def _text(source: str) -> str:
    import sys
    from pathlib import Path

    from loadgen.core.errors import InputError, Problem

    try:
        return sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError([Problem("FILE", source, f"cannot be read: {error.strerror}")]) from None
    except UnicodeDecodeError:
        raise InputError([Problem("FILE", source, "is not UTF-8 text")]) from None


def _write(found: Found, source: str, given: dict[str, Any]) -> int:
    """Write the plan and say what became of the source."""
    from loadgen.core.errors import ExitCode, InputError, Problem
    from loadgen.plan.imports.plan_text import how_to_give, plan_text

    out, keep = given["out"], given["keep_credentials"]
    if keep and out is None:
        raise InputError([Problem("--keep-credentials", None, "needs --out: credentials are not printed")])
    plan = plan_text(found, "standard input" if source == "-" else source, keep_credentials=keep)
    _check(plan.text)
    if out is None:
        click.echo(plan.text, nl=False)
    else:
        _save(out, plan.text, force=given["force"])
    for note in found.notes:
        click.echo(f"loadgen: {note}", err=True)
    for name in plan.left_out:
        click.echo(f"loadgen: left out, a credential: {how_to_give(name)}", err=True)
    if out is not None:
        click.echo(f"loadgen: {len(found.requests)} targets written to {out}", err=True)
    return ExitCode.OK


def _check(text: str) -> None:
    """Read the plan as a run would, so that what cannot be sent is said now."""
    import tomllib

    from loadgen.core.endpoint_setting import parse_target_table
    from loadgen.core.errors import InputError

    tables = tomllib.loads(text)["target"]
    problems = [one for number, table in enumerate(tables, 1) for one in parse_target_table(number, table, "plan")[1]]
    if problems:
        raise InputError(problems)


def _save(out: str, text: str, *, force: bool) -> None:
    import os

    from loadgen.core.errors import InputError, Problem

    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if force else os.O_EXCL)
    try:
        with os.fdopen(os.open(out, flags, 0o600), "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)  # a file that is replaced keeps its mode otherwise
            file.write(text)
    except FileExistsError:
        raise InputError([Problem("--out", out, "exists: name another file, or give --force")]) from None
    except OSError as error:
        raise InputError([Problem("--out", out, f"cannot be written: {error.strerror}")]) from None
