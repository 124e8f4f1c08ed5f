"""`python -m observer`."""

from __future__ import annotations

import sys

import click

from loadgen.core.errors import ExitCode, LoadgenError
from loadgen.core.standard_streams import keep_standard_streams
from observer.cli import observer


def main() -> None:
    """Run the command line and leave with its exit code; errors of ours are one message, never a traceback."""
    keep_standard_streams()
    try:
        result = observer.main(prog_name="observer", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(ExitCode.SIGINT)
    except LoadgenError as error:
        click.echo(f"observer: {error}", err=True)
        sys.exit(error.exit_code)
    sys.exit(result if isinstance(result, int) else ExitCode.OK)


if __name__ == "__main__":
    main()
