"""The one command `loadgen` and its lazily loaded subcommands.

Laws: `loadgen --help` loads command modules, and those import click only; a command from another package is found
through the entry-point group `loadgen.commands`, and one that fails to load is one warning line, not an end.
"""

from __future__ import annotations

import sys
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, cast

import click

from loadgen.core.errors import ExitCode, LoadgenError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

_COMMANDS = {
    "alerts": "loadgen.cli.alerts:alerts",
    "baseline": "loadgen.cli.baseline:baseline",
    "capacity": "loadgen.cli.capacity:capacity",
    "creds": "loadgen.cli.creds:creds",
    "debug-last": "loadgen.cli.debug_last:debug_last",
    "demo": "loadgen.cli.demo:demo",
    "drill": "loadgen.cli.drill:drill",
    "env": "loadgen.cli.env:env",
    "import": "loadgen.cli.imports:imports",
    "logs": "loadgen.cli.logs:logs",
    "nightly": "loadgen.cli.nightly:nightly",
    "preflight": "loadgen.cli.preflight:preflight",
    "run": "loadgen.cli.run:run",
    "run-all": "loadgen.cli.run_all:run_all",
    "selftest": "loadgen.cli.selftest:selftest",
    "status": "loadgen.cli.status:status",
    "stop": "loadgen.cli.stop:stop",
    "wait": "loadgen.cli.wait:wait",
    "warmup": "loadgen.cli.warmup:warmup",
}
_GROUP = "loadgen.commands"


class LazyGroup(click.Group):
    """A click group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*_COMMANDS, *self._plugins})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            module, _, attribute = _COMMANDS[cmd_name].partition(":")
            return cast("click.Command", getattr(import_module(module), attribute))
        plugin = self._plugins.get(cmd_name)
        return None if plugin is None else self._load(cmd_name, plugin)

    @cached_property
    def _plugins(self) -> dict[str, EntryPoint]:
        """The commands of other packages; found once, since every installed package's file is read for it."""
        from importlib.metadata import entry_points  # costs as much as click: a command of ours goes without

        return {point.name: point for point in entry_points(group=_GROUP)}

    def _load(self, name: str, plugin: EntryPoint) -> click.Command | None:
        try:
            command = plugin.load()
        except Exception as error:  # noqa: BLE001 - a foreign plugin may fail in any way and must not take us along
            click.echo(f"loadgen: the command {name} ({plugin.value}) does not load: {error}", err=True)
            return None
        if not isinstance(command, click.Command):
            click.echo(f"loadgen: the command {name} ({plugin.value}) is not a click command", err=True)
            return None
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="loadgen", prog_name="loadgen")
def loadgen() -> None:
    """Put an exact load on an HTTP service, watch its metrics, and judge what was seen."""


def main() -> None:
    """Run the command line and leave with its exit code; errors are one message, with secrets masked."""
    import os

    from loadgen.cli.hide import secrets_in, take_command
    from loadgen.core.redact import Redactor
    from loadgen.core.standard_streams import keep_standard_streams
    from loadgen.core.uncaught import mask_uncaught

    keep_standard_streams()
    arguments = take_command([sys.executable, "-m", "loadgen"])
    redactor = Redactor(secrets_in(arguments, os.environ))
    mask_uncaught(redactor)
    try:
        result = loadgen.main(args=arguments, prog_name="loadgen", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(ExitCode.SIGINT)
    except LoadgenError as error:
        click.echo(redactor.text(f"loadgen: {error}"), err=True)
        sys.exit(error.exit_code)
    except Exception as error:  # noqa: BLE001 - a fault of ours is exit code 2, never 1, which means NO-GO
        click.echo(f"loadgen: a fault of loadgen itself\n{redactor.traceback(error)}", err=True)
        sys.exit(ExitCode.USAGE)
    sys.exit(result if isinstance(result, int) else ExitCode.OK)
