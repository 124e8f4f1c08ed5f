"""Start the same command again, detached from the terminal, and say where it runs.

Laws: the caller gets the run directory and the pid, or the detached process's own error message and exit code; secrets
go the way they always go, through a pipe (`loadgen.cli.hide`).
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from loadgen.cli.hide import HANDOVER_VARIABLE, visible_command

if TYPE_CHECKING:
    from pathlib import Path

_ARGUMENTS = "loadgen.arguments"


class DetachableCommand(click.Command):
    """A command that remembers its arguments as they were given, so that it can be started again."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_ARGUMENTS] = list(args)
        return super().parse_args(ctx, args)


def start_detached(context: click.Context) -> int:
    """Start this command again without --detach, wait until its run begins, print where, and return the exit code."""
    import tempfile

    from loadgen.run.launch import spawn_detached

    remembered = [word for word in context.meta[_ARGUMENTS] if word != "--detach"]
    told, telling = os.pipe()
    arguments = [str(context.info_name), *remembered, "--detached-fd", str(telling)]
    visible = visible_command(arguments, os.environ)
    with tempfile.TemporaryFile() as output, os.fdopen(told, "rb") as news:
        secrets = _handover(arguments, visible.hidden_variables)
        environment = visible.environment | {HANDOVER_VARIABLE: str(secrets)}
        process = spawn_detached(
            "loadgen", tuple(visible.arguments), environment, output=output, inherited=(telling, secrets)
        )
        os.close(telling)
        os.close(secrets)
        started = _read(news.read())
        if started is None:
            code = process.wait()
            output.seek(0)
            sys.stderr.buffer.write(output.read())
            return code
    click.echo(f"run directory {started['run_dir']}\npid {started['pid']}")
    process.returncode = 0  # it lives on; nobody here waits for it
    return 0


def _handover(arguments: list[str], environment: dict[str, str]) -> int:
    read_end, write_end = os.pipe()
    os.write(write_end, json.dumps({"arguments": arguments, "environment": environment}).encode())
    os.close(write_end)
    return read_end


def _read(news: bytes) -> dict[str, Any] | None:
    return dict(json.loads(news)) if news else None


def tell_started(fd: int, run_dir: Path, console: Path) -> None:
    """In the detached process: say where the run is, then print to the console file instead of the caller's."""
    with os.fdopen(fd, "wb") as telling:
        telling.write(json.dumps({"run_dir": str(run_dir.absolute()), "pid": os.getpid()}).encode())
    sys.stdout.flush()
    sys.stderr.flush()
    file = os.open(console, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.close(file)
