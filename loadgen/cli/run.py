"""`loadgen run`: load only, a summary and the percentile spectrum."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from loadgen.cli.flags import (
    BREAKER,
    CREDENTIALS,
    LOAD,
    NETWORK,
    SCHEDULE,
    SHAPE,
    SOURCES,
    WARMUP,
    setting_flags,
    with_options,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from loadgen.core.errors import ExitCode
    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.model import Plan
    from loadgen.run.session import Session

_OWN = ("urls", "out", "json", "quiet")


@click.command()
@click.argument("urls", nargs=-1, metavar="URL...")
@click.option("--duration", "-d", metavar="DURATION", help="How long requests are due.  [LOAD_DURATION, 120s]")
@click.option("--duration-seconds", metavar="N", help="The same in seconds.")
@click.option("--stage", multiple=True, metavar="DURATION:RATE", help="30s:100, or a ramp 30s:20..100; repeatable.")
@click.option("--requests", metavar="N", help="So many requests instead of a duration.")
@click.option("--closed", is_flag=True, help="No rate: each of -c slots sends its next request when it has its answer.")
@click.option("--think-time", metavar="DURATION", help="How long a slot of a closed load rests in between.  [0s]")
@click.option("--replay", metavar="FILE", help="The requests and times of an access log or a CSV file.")
@click.option("--speed", metavar="N", help="Replay so many times as fast as recorded.  [1]")
@click.option("--out", type=click.Path(), metavar="DIR", help="Keep the run directory here; it must be new or empty.")
@click.option("--json", is_flag=True, help="Print summary.json on stdout, everything else on stderr.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@with_options(SHAPE, LOAD, SCHEDULE, WARMUP, CREDENTIALS, NETWORK, BREAKER, SOURCES)
def run(**given: Any) -> int:
    """Put a load on URL... and print what came back.

    No observer and no verdict; the circuit breaker judges the client's own counts. Without --out nothing is kept.
    Exit code 0, 2, 4 (breaker), 5 (the generator was the bottleneck) or a signal's.
    """
    import os
    import tempfile
    from pathlib import Path

    from loadgen.plan.load import Inputs, load_plan
    from loadgen.plan.model import Kind

    flags = setting_flags(given, *_OWN) | {"url": given["urls"]}
    inputs = Inputs(os.environ, Path.cwd(), given["env_file"], given["plan_file"], given["scenario"])
    _, plan = load_plan(Kind.RUN, given["profile"], flags, inputs)
    if given["out"] is not None:
        return _run(plan, Path(given["out"]), given)
    with tempfile.TemporaryDirectory(prefix="loadgen-run-") as directory:
        return _run(plan, Path(directory), given)


def _run(plan: Plan, place: Path, given: Mapping[str, Any]) -> int:
    import asyncio
    import os
    import sys

    import orjson

    from loadgen.core.rundir import RESULTS
    from loadgen.run.session import Terms, run_session
    from loadgen.view.choose import choose

    def announce(directory: RunDirectory) -> None:
        if given["out"] is not None:
            click.echo(f"run directory {directory.path}", err=True)

    for note in plan.notes:
        click.echo(f"loadgen: {note}", err=True)
    terms = Terms(
        results=RESULTS,
        environ=os.environ,
        view=lambda: choose(sys.stderr, json=given["json"], quiet=given["quiet"]),
        announce=announce,
        out=place,
        pid_files=False,
        partial_report=given["out"] is not None,
    )
    session = asyncio.run(run_session(plan, terms))
    summary = _summary_of(session)
    if given["json"]:
        sys.stdout.buffer.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    elif summary:
        click.echo(_text(summary))
    return _ending(session)


def _summary_of(session: Session) -> dict[str, Any]:
    import orjson

    if session.place is None or not session.place.summary.exists():
        return {}
    return dict(orjson.loads(session.place.summary.read_bytes()))


def _text(summary: dict[str, Any]) -> str:
    from loadgen.run.summary_text import summary_text

    return summary_text(summary)


def _ending(session: Session) -> ExitCode:
    from loadgen.core.errors import ExitCode
    from loadgen.core.metadata import Status

    if session.ending is None:
        return ExitCode.USAGE
    if session.ending.status is not Status.COMPLETED:
        click.echo(f"loadgen: {session.ending.sentence}", err=True)
    return session.ending.exit_code
