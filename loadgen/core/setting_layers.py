"""The sources of settings as layers of texts: plan file, env file, environment, flags.

Laws: a layer knows only names of the table; a name it does not know is a problem where the source is ours alone (plan
file, env file, flags) and ignored in the environment, which is everybody's.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from loadgen.core.env_file import parse_env
from loadgen.core.errors import Problem
from loadgen.core.setting_table import ROWS, VARIABLES, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Given = str | tuple[str, ...]
SPECIAL_FLAGS = frozenset(
    {"url", "endpoint", "method", "header", "body", "stage", "feeder", "expect", "follow", "cookies", "compressed"}
)
"""Flags that shape endpoints or stages and have no row of their own."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one source gives: texts by name. `place` names the source's file in problems, empty for none.

    `targets`, `phases` and `feeders` are the `[[target]]`, `[[phase]]` and `[feeder.NAME]` tables of a plan file.
    """

    source: Source
    values: Mapping[str, Given]
    place: str = ""
    problems: tuple[Problem, ...] = ()
    targets: tuple[object, ...] = field(default=())
    phases: tuple[object, ...] = field(default=())
    feeders: Mapping[str, object] = field(default_factory=dict)

    def label(self, name: str) -> str:
        """Return how a problem calls one of this layer's names."""
        if self.source is Source.FLAG:
            return "--" + name.replace("_", "-")
        return f"{name} ({self.place})" if self.place else name


def names_of(source: Source) -> frozenset[str]:
    """Return every name that the table has for a source."""
    return frozenset(name.text for row in ROWS for name in row.names(source))


def env_file_layer(path: Path) -> Layer:
    """Read an env file; one that cannot be read is an empty layer with a problem."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return empty_layer(Source.ENV_FILE, path, f"cannot read the env file: {error.strerror}")
    except UnicodeDecodeError:
        return empty_layer(Source.ENV_FILE, path, "the env file is not UTF-8 text")
    parsed = parse_env(text, path.name)
    known = names_of(Source.ENV_FILE) | VARIABLES.keys()
    unknown = [unknown_key(f"{key} ({path.name})", key, known) for key in parsed.values if key not in known]
    kept = {key: value for key, value in parsed.values.items() if key in known and value}
    return Layer(Source.ENV_FILE, kept, path.name, (*parsed.problems, *unknown))


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """Take the variables we know out of an environment; an empty one counts as unset."""
    known = names_of(Source.ENVIRONMENT) | VARIABLES.keys()
    kept = {key: value for key, value in environ.items() if key in known and value.strip()}
    return Layer(Source.ENVIRONMENT, kept)


def flag_layer(flags: Mapping[str, object]) -> Layer:
    """Take the flags that were given: None, False and an empty tuple are not.

    Raises ValueError for a flag that no setting has, which is a mistake of the command and not of its user.
    """
    unknown = set(flags) - names_of(Source.FLAG) - SPECIAL_FLAGS
    if unknown:
        raise ValueError(f"no setting has these flags: {', '.join(sorted(unknown))}")
    kept: dict[str, Given] = {}
    for name, value in flags.items():
        if value is None or value is False or value == ():
            continue
        if isinstance(value, tuple | list):
            kept[name] = tuple(str(item) for item in value)
        else:
            kept[name] = "true" if value is True else str(value)
    return Layer(Source.FLAG, kept)


def empty_layer(source: Source, path: Path, remedy: str) -> Layer:
    """Return the layer of a file that cannot be read."""
    return Layer(source, {}, path.name, (Problem(str(path), None, remedy),))


def unknown_key(label: str, key: str, known: Iterable[str]) -> Problem:
    """Return the problem of a name that nothing has, with the nearest one that something has."""
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.75)
    return Problem(label, None, f"unknown key; did you mean {near[0]}?" if near else "unknown key: remove it")
