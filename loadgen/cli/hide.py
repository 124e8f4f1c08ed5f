"""Keep secrets given as arguments or environment out of the process list.

A process cannot reliably erase its own command line, so it replaces itself: the arguments and the secret environment
go through a pipe, and what the system shows from then on is the masked form.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.core.redact import MASK, Redactor, Secret, is_secret_key

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HANDOVER_VARIABLE = "LOADGEN_HANDOVER_FD"
_SECRET_OPTIONS = frozenset({"--jwt", "--auth-header", "--metrics-auth-header"})
_HEADER_OPTIONS = frozenset({"--header", "-H"})
_SECRET_VARIABLES = frozenset(
    {"METRICS_AUTH_HEADER", "EXTRA_CURL_HEADER", "SLACK_WEBHOOK_URL", "PROD_JWT", "JWT_SECRET", "INTERNAL_API_TOKEN",
     "METRICS_SCRAPE_TOKEN", "PROM_AUTH_HEADER"}
)  # fmt: skip
_PIPE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Visible:
    """What may be shown of a command: `arguments` masked, `environment` without its secrets."""

    arguments: list[str]
    environment: dict[str, str]
    hidden_variables: dict[str, str]


def visible_command(arguments: Sequence[str], environment: Mapping[str, str]) -> Visible:
    """Split a command into what the process list may show and what it may not."""
    redactor = Redactor()
    shown: list[str] = []
    previous = ""
    for argument in arguments:
        shown.append(_mask_argument(redactor, previous, argument))
        previous = argument
    hidden = {name: value for name, value in environment.items() if _is_secret_variable(redactor, name, value)}
    kept = {name: value for name, value in environment.items() if name not in hidden}
    return Visible(shown, kept, hidden)


def secrets_in(arguments: Sequence[str], environment: Mapping[str, str]) -> list[Secret]:
    """Return the texts that `visible_command` hides, for whatever else must be kept free of them."""
    visible = visible_command(arguments, environment)
    found = list(visible.hidden_variables.values())
    for argument, shown in zip(arguments, visible.arguments, strict=True):
        if argument != shown:
            option, equals, value = argument.partition("=")
            named = equals and option in _SECRET_OPTIONS | _HEADER_OPTIONS
            found.append(value if named else argument.removeprefix("-H"))
    return [Secret(text) for text in found]


def _mask_argument(redactor: Redactor, previous: str, argument: str) -> str:
    option, equals, value = argument.partition("=")
    if previous in _SECRET_OPTIONS:
        return MASK
    if equals and option in _SECRET_OPTIONS:
        return f"{option}={MASK}"
    if previous in _HEADER_OPTIONS:
        return _mask_header(redactor, argument)
    if equals and option in _HEADER_OPTIONS:
        return f"{option}={_mask_header(redactor, value)}"
    if argument.startswith("-H") and len(argument) > 2:
        return "-H" + _mask_header(redactor, argument[2:])
    return redactor.text(argument)


def _mask_header(redactor: Redactor, header: str) -> str:
    name, colon, _ = header.partition(":")
    return f"{name}: {MASK}" if colon and is_secret_key(name.strip().replace("-", "_")) else redactor.text(header)


def _is_secret_variable(redactor: Redactor, name: str, value: str) -> bool:
    if not value:
        return False
    return name in _SECRET_VARIABLES or (name.endswith("_URL") and redactor.text(value) != value)


def take_command(program: Sequence[str]) -> list[str]:  # noqa: RET503 - execve does not return
    """Return this process's real arguments; replace the process by `program` first when some must not be seen.

    Secret environment variables are put back into `os.environ`, which the process list does not read. On a system
    without `/proc`-like listings of arguments this is still harmless.
    """
    handed_over = os.environ.pop(HANDOVER_VARIABLE, None)
    if handed_over is not None:
        with os.fdopen(int(handed_over), "rb") as pipe:
            command = json.load(pipe)
        os.environ.update(command["environment"])
        if command["arguments"] != sys.argv[1:]:
            _warn()
        return list(command["arguments"])
    arguments = sys.argv[1:]
    visible = visible_command(arguments, os.environ)
    if visible.arguments == arguments and not visible.hidden_variables:
        return arguments
    payload = json.dumps({"arguments": arguments, "environment": visible.hidden_variables}).encode()
    if len(payload) > _PIPE_BYTES:
        return arguments
    read_end, write_end = os.pipe()
    os.write(write_end, payload)
    os.close(write_end)
    os.set_inheritable(read_end, True)
    environment = visible.environment | {HANDOVER_VARIABLE: str(read_end)}
    os.execve(program[0], [*program, *visible.arguments], environment)  # noqa: S606 - ourselves


def _warn() -> None:
    sys.stderr.write(
        "loadgen: a secret was given on the command line; it is hidden from the process list now, but your shell's "
        "history has it: prefer --jwt-file, PROD_JWT or .env.phase5\n"
    )
