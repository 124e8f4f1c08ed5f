"""Whether a command that a page names exists, with its options."""

from __future__ import annotations

import re
import shlex

import click

from loadgen.cli.main import loadgen


def missing(text: str) -> str:
    """Return what of `loadgen …` there is not, empty when all of it is there; places such as DIR are passed over."""
    _, *words = shlex.split(text)
    command: click.Command = loadgen
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            return f"the command {words[0]}"
        command, words = found, words[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    foreign = [word for word in words if re.match(r"--?[a-z]", word) and word.partition("=")[0] not in known]
    return f"the option {foreign[0]}" if foreign else ""
