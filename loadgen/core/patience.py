"""How long a command waits for an answer: given as a duration with a unit, such as `10s`, and used in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAST_S, _MOST_S = 0.1, 300.0


def timeout_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --timeout, 10 s if not given, to a command that asks a server; it comes as `timeout`, in seconds."""
    return click.option(
        "--timeout",
        callback=_seconds,
        default="10s",
        show_default=True,
        metavar="DURATION",
        help="How long to wait for an answer.",
    )(command)


def _seconds(_ctx: click.Context, _option: click.Parameter, value: str) -> float:
    """Return the seconds of an option's duration, 100 ms to 300 s; raise BadParameter with what is accepted."""
    from loadgen.core.units import parse_duration_ns

    try:
        seconds = parse_duration_ns(value) / 1e9
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: {error}") from error
    if not _LEAST_S <= seconds <= _MOST_S:
        raise click.BadParameter(f"{value!r}: give {_LEAST_S * 1e3:g}ms to {_MOST_S:g}s")
    return seconds
