"""`loadgen run`: load only, a summary and the percentile spectrum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from loadgen.cli.asked import inputs_of
from loadgen.cli.flags import (
    CLIENT_BREAKER,
    CREDENTIALS,
    LOAD,
    NETWORK,
    NO_WARMUP,
    RESUME,
    REUSE,
    SCHEDULE,
    SELF_METRICS,
    SHAPE,
    SOURCES,
    START,
    setting_flags,
    with_options,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from loadgen.core.config import Settings
    from loadgen.core.errors import ExitCode
    from loadgen.core.events import View
    from loadgen.core.rundir import RunDirectory
    from loadgen.plan.model import Plan
    from loadgen.run.execution import Execution
    from loadgen.run.outputs import Outputs
    from loadgen.run.preflight_model import PreflightResult
    from loadgen.run.session import Session, Terms

    Check = Callable[[Plan], Awaitable[PreflightResult]]


@dataclass(frozen=True, slots=True)
class Begin:
    """What a run begins with: its settings, the checks before it, the command's trace."""

    settings: Settings
    check: Check | None
    execution: Execution


_OWN = ("urls", "resume", "out", "json", "quiet", "hgrm", "prom")


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
@click.option("--hgrm", type=click.Path(dir_okay=False), metavar="FILE", help="Write the percentile spectrum here.")
@click.option("--prom", type=click.Path(dir_okay=False), metavar="FILE", help="Write a Prometheus exposition here.")
@with_options(RESUME, SELF_METRICS)
@click.option("--json", is_flag=True, help="Print summary.json on stdout, everything else on stderr.")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@with_options(SHAPE, LOAD, SCHEDULE, NO_WARMUP, CREDENTIALS, NETWORK, REUSE, CLIENT_BREAKER, START, SOURCES)
def run(**given: Any) -> int:
    """Put a load on URL... and print what came back.

    No observer and no verdict; the circuit breaker judges the client's own counts. Production begins with the checks
    of `loadgen preflight` and wants --allow-unarmed for what only an observer sees: error_rate, effective_fallback,
    blind. Without --out nothing is kept but the execution trace. Exit code 0, 2, 4 (breaker), 5 (the generator was the
    bottleneck) or a signal's.
    """
    from loadgen.cli.traced import traced

    return traced("run", None, lambda execution: _traced(given, execution))


def _traced(given: Mapping[str, Any], execution: Execution) -> int:
    import tempfile
    from pathlib import Path

    from loadgen.cli.preflight import checker
    from loadgen.plan.load import load_plan
    from loadgen.plan.model import Kind, Profile

    flags = setting_flags(given, *_OWN) | {"url": given["urls"]}
    inputs = inputs_of(given)
    settings, plan = load_plan(Kind.RUN, given["profile"], flags, inputs)
    execution.note(profile=settings.profile)
    check = checker(settings, inputs) if plan.profile is Profile.PRODUCTION else None
    begin = Begin(settings, check, execution)
    if given["resume"] is not None:
        return _run(*_resumed(plan, begin, given), given)
    if given["out"] is not None:
        return _run(plan, _terms(begin, Path(given["out"]), given), given)
    with tempfile.TemporaryDirectory(prefix="loadgen-run-") as directory:
        return _run(plan, _terms(begin, Path(directory), given), given)


def _resumed(plan: Plan, begin: Begin, given: Mapping[str, Any]) -> tuple[Plan, Terms]:
    from dataclasses import replace
    from pathlib import Path

    from loadgen.core.errors import InputError, Problem
    from loadgen.core.rundir import RunDirectory
    from loadgen.run.resume import resume

    if given["out"] is not None:
        raise InputError([Problem("--out", given["out"], "--resume goes on in its own directory: give one of the two")])
    place = RunDirectory(Path(given["resume"]))
    plan, earlier = resume(place, plan)
    return plan, replace(_terms(begin, place.path, given), resume=True, earlier=earlier)


def _terms(begin: Begin, place: Path, given: Mapping[str, Any]) -> Terms:
    import os
    import sys
    from pathlib import Path

    from loadgen.cli.showing import with_self_metrics
    from loadgen.notify.channel import messaging_of
    from loadgen.run.session import Terms
    from loadgen.view.choose import choose

    settings = begin.settings
    kept = given["out"] is not None or given["resume"] is not None

    def announce(directory: RunDirectory) -> None:
        if kept:
            click.echo(f"run directory {directory.path}", err=True)

    def view(directory: RunDirectory) -> View:
        title = directory.run_id if kept else "run"
        plain = settings.non_interactive
        return choose(sys.stderr, json=given["json"], plain=plain, quiet=given["quiet"], title=title)

    return Terms(
        results=Path(settings.out_dir),
        environ=os.environ,
        view=with_self_metrics(view, settings, begin.execution),
        announce=announce,
        preflight=begin.check,
        out=place,
        pid_files=False,
        partial_report=kept,
        messaging=messaging_of(settings.variables),
        execution=begin.execution,
    )


def _run(plan: Plan, terms: Terms, given: Mapping[str, Any]) -> int:
    import asyncio
    import sys

    import orjson

    from loadgen.run.session import run_session

    outputs = _outputs(given)
    outputs.prepare()
    for note in plan.notes:
        click.echo(f"loadgen: {note}", err=True)
    session = asyncio.run(run_session(plan, terms))
    summary = _summary_of(session)
    if session.place is not None:
        outputs.write(session.place, plan.load.limits.timeout_ns)
    if given["json"]:
        sys.stdout.buffer.write(orjson.dumps(summary, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    elif summary:
        click.echo(_text(summary))
    return _ending(session)


def _outputs(given: Mapping[str, Any]) -> Outputs:
    from pathlib import Path

    from loadgen.run.outputs import Outputs

    return Outputs(**{name: Path(given[name]) for name in ("hgrm", "prom") if given[name] is not None})


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
