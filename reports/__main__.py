"""`python -m reports`: the same as `loadgen report`."""

from __future__ import annotations

import sys

import click

from loadgen.core.errors import ExitCode, LoadgenError
from loadgen.core.standard_streams import keep_standard_streams
from reports.cli import report


def main() -> int:
    """Run a verb and return its exit code; an error of ours is one message, never a traceback."""
    keep_standard_streams()
    try:
        result = report.main(prog_name="python -m reports", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        return ExitCode.SIGINT
    except LoadgenError as error:
        click.echo(f"report: {error}", err=True)
        return error.exit_code
    return result if isinstance(result, int) else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
