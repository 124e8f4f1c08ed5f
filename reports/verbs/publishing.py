"""Hand a finished text out: to standard output, or to a file that is replaced whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from loadgen.core.errors import LoadgenError
from loadgen.core.redact import Redactor
from loadgen.core.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def publish(text: str, output: Path | None) -> None:
    """Write a text with everything that looks like a secret masked; raise LoadgenError when the file cannot be."""
    safe = Redactor().text(text)
    if output is None:
        click.echo(safe, nl=False)
        return
    replace_file(safe, output)


def publish_page(make: Callable[[Callable[[str], str]], str], output: Path) -> None:
    """Write the page that `make` returns; it is handed what masks secrets, and keeps that from the page's scripts."""
    replace_file(make(Redactor().text), output)


def replace_file(text: str, output: Path) -> None:
    """Write a text as it is, whole or not at all; raise LoadgenError when the file cannot be written."""
    try:
        write_whole(output, text.encode())
    except OSError as error:
        raise LoadgenError(f"{output}: the report cannot be written ({error.strerror})") from error


def make_place(output: Path) -> None:
    """Create the directory of a file that is ours to begin; raise LoadgenError when it cannot be."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LoadgenError(f"{output.parent}: cannot be made ({error.strerror})") from error


def complain(text: str) -> None:
    """Write a line about the input to standard error, with everything that looks like a secret masked."""
    click.echo(Redactor().text(f"report: {text}"), err=True)
