"""`loadgen warmup`: a light load that is recorded nowhere but in its own log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from loadgen.cli.asked import inputs_of
from loadgen.cli.flags import (
    CLIENT_BREAKER,
    CREDENTIALS,
    NETWORK,
    REUSE,
    SELF_METRICS,
    SHAPE,
    SOURCES,
    START,
    TARGET,
    WARMUP_LOAD,
    setting_flags,
    with_options,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.errors import ExitCode
    from loadgen.core.events import View
    from loadgen.core.rundir import RunDirectory
    from loadgen.run.execution import Execution

_OWN = ("quiet", "results")


@click.command()
@with_options(TARGET, WARMUP_LOAD)
@click.option("--duration", "-d", metavar="DURATION", help="How long.  [10m]")
@click.option("--duration-seconds", metavar="N", help="The same in seconds.")
@click.option("--results", type=click.Path(file_okay=False), metavar="DIR", help="Where its log goes.  [results]")
@click.option("--quiet", "-q", is_flag=True, help="Show no progress.")
@with_options(SELF_METRICS, SHAPE, CREDENTIALS, NETWORK, REUSE, CLIENT_BREAKER, START, SOURCES)
def warmup(**given: Any) -> ExitCode:
    """Warm a service up: 20/s over 5 connections for 10 min, unless told otherwise.

    The breaker's client input guards it; in production the checks of `loadgen preflight` come first. What is kept is
    warmup-load.log below the results.
    """
    from loadgen.cli.traced import traced_to_its_code

    return traced_to_its_code("warmup", given["results"], lambda execution: _warm_up(given, execution))


def _warm_up(given: Mapping[str, Any], execution: Execution) -> ExitCode:
    import asyncio
    import os
    import sys
    import tempfile
    from pathlib import Path

    from loadgen.cli.preflight import checker
    from loadgen.cli.showing import with_self_metrics
    from loadgen.core.errors import ExitCode
    from loadgen.notify.channel import messaging_of
    from loadgen.plan.load import load_plan
    from loadgen.plan.model import Kind, Profile
    from loadgen.run.lock import RunLock
    from loadgen.run.session import Terms, run_session
    from loadgen.view.choose import choose

    flags = setting_flags(given, *_OWN) | {"out": given["results"]}
    inputs = inputs_of(given)
    settings, plan = load_plan(Kind.WARMUP, given["profile"], flags, inputs)
    results = Path(settings.out_dir)
    kept: list[RunDirectory] = []

    def view(_: RunDirectory) -> View:
        return choose(sys.stderr, plain=settings.non_interactive, quiet=given["quiet"], title="warm-up")

    with RunLock(results), tempfile.TemporaryDirectory(prefix="loadgen-warmup-") as directory:
        terms = Terms(
            results=results,
            environ=os.environ,
            view=with_self_metrics(view, settings, execution),
            announce=kept.append,
            preflight=checker(settings, inputs) if plan.profile is Profile.PRODUCTION else None,
            out=Path(directory),
            partial_report=False,
            messaging=messaging_of(settings.variables),
            execution=execution,
        )
        session = asyncio.run(run_session(plan, terms))
        for place in kept:
            _keep_log(place, results / "warmup-load.log")
    if session.ending is None:
        return ExitCode.USAGE
    click.echo(f"loadgen: the warm-up ended: {session.ending.sentence}", err=True)
    return session.ending.exit_code


def _keep_log(place: RunDirectory, log: Any) -> None:
    with log.open("ab") as kept:
        kept.write(place.load_log.read_bytes())
